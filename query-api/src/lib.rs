//! Reading: the resources of the HTTP contract, served from read tables that projections fold from the log.
//!
//! - One file per endpoint; [`router`](router()) is the table of contents.
//! - [`access`]: who may see what. What one may not know exists is not found, in the same words as what
//!   does not exist.
//! - [`freshness`]: read-your-writes. Every answer names the position of the log that it saw.
//! - `audit`: history, its seals and exports, how things stood at any time, and who got to see what; the one folder that
//!   reads the log itself.
//! - [`documents`]: invoices and receipts, pure, as JSON, PDF and Peppol BIS Billing 3.0.

pub mod access;
pub mod documents;
pub mod freshness;

mod accept;
mod answer;
mod api_keys;
mod asyncapi;
mod attachment;
mod audit;
mod carts;
mod event_types;
mod failure;
mod forecasts;
mod invoices;
mod jobs;
mod listing;
mod listing_by_name;
mod me;
mod members;
mod notifications;
mod orders;
mod partners;
mod price_proposals;
mod price_rules;
mod products;
mod read_schema;
mod reader;
mod refusals;
mod restaurants;
mod router;
mod sight;
mod state;
mod suppliers;
mod webhook_endpoints;

pub use asyncapi::asyncapi;
pub use audit::in_words;
pub use restaurants::reorder_suggestions::{SuggestFailed, Suggested, Suggester};
pub use router::router;
pub use state::{QueryState, Sources};
