//! What Clerk tells us: its webhooks.

mod message;
mod metrics;
mod user;
pub(crate) mod webhooks;
