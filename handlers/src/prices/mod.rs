//! Prices by rule: the hourly job, and proposals as soon as a supplier changes its rules.
//!
//! What a product's price goes by is read here (`gather`), the decision is [`pricing::propose`]'s, and what changes a
//! price is a command: it is decided once more from the log's own price and rules.

mod gather;
mod job;
mod metrics;
mod price_supplier;
mod proposals;
mod watch;

pub use job::PriceJob;
pub use watch::watch_rules;
