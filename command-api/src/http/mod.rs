//! The edge: requests become commands, outcomes become answers. One file per command.
//!
//! - [`submission`]: who asks, keys, revisions; into the committer and back.
//! - [`seen_in_trade`]: a refusal as those are told it who know the restaurant from trade.
//! - [`suggestions`]: what is suggested, asked of whoever knows.
//! - [`refused`]: the one place that gives each refusal its status and code.
//! - [`fields`]: what bodies are made of, with all bounds.

pub(crate) mod accounts;
mod answers;
pub(crate) mod api_keys;
pub(crate) mod auth;
pub(crate) mod carts;
pub(crate) mod fields;
pub(crate) mod import_products;
pub(crate) mod import_status;
pub(crate) mod invoice_batches;
pub(crate) mod invoices;
pub(crate) mod notifications;
pub(crate) mod orders;
pub(crate) mod price_rules;
pub(crate) mod products;
pub(crate) mod refused;
pub(crate) mod restaurants;
mod seen_in_trade;
mod state;
mod submission;
mod suggestions;
pub(crate) mod suppliers;
pub(crate) mod webhook_endpoints;

pub use auth::LocalLogin;
pub use state::CommandState;
pub use suggestions::{SuggestedNow, Suggesting, Suggestions, SuggestionsAway};
