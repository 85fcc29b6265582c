//! Webhook endpoints and what became of their deliveries: seen by the owners of the organisation, by the
//! partner whose they are, and by those who see everything.

pub(crate) mod deliveries;
pub(crate) mod delivery;
pub(crate) mod get;
mod health;
pub(crate) mod list;
