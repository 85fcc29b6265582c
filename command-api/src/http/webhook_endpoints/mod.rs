//! Commands on webhook endpoints, one per file.

mod body;
pub(crate) mod delete;
mod failure;
mod fields;
pub(crate) mod ping;
pub(crate) mod register;
pub(crate) mod replay;
pub(crate) mod retry_delivery;
pub(crate) mod revise;
pub(crate) mod rotate_secret;
mod secret;
