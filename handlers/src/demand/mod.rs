//! Demand: what was wanted of each product at each restaurant, day by day, in Swedish days.
//!
//! The walk of an order: [`DemandConsumer`] is given its events, once and in order, and adds what they say to
//! `demand.months` (`changes.rs`: pure; `write.rs`) in the transaction that moves its position. [`Rebuild`] folds the
//! log again beside the live rows, and says or mends what differs. Changes add up in any order and any cut, and
//! months without anything have no row: the same log gives the same rows, however it came.

mod changes;
mod consumer;
mod exchange;
mod rebuild;
mod write;

pub use changes::{Changes, FOLD_VERSION, Month, MonthKey};
pub use consumer::{CONSUMER, DemandConsumer};
pub use exchange::Differences;
pub(crate) use rebuild::changes_between;
pub use rebuild::{Rebuild, RebuildError, STRETCH};
pub(crate) use write::array_text;
