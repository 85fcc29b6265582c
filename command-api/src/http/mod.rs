//! The edge: requests become commands, outcomes become answers. One file per command.
//!
//! - [`submission`]: who asks, keys, revisions; into the committer and back.
//! - [`refused`]: the one place that gives each refusal its status and code.
//! - [`fields`]: what bodies are made of, with all bounds.

pub(crate) mod accounts;
mod answers;
pub(crate) mod auth;
pub(crate) mod carts;
pub(crate) mod fields;
pub(crate) mod import_products;
pub(crate) mod import_status;
pub(crate) mod invoice_batches;
pub(crate) mod invoices;
pub(crate) mod notifications;
pub(crate) mod orders;
pub(crate) mod products;
pub(crate) mod refused;
pub(crate) mod restaurants;
mod state;
mod submission;
pub(crate) mod suppliers;
pub(crate) mod webhook_endpoints;

pub use auth::LocalLogin;
pub use state::CommandState;
