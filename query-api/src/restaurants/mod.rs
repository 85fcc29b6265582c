//! Buyers: seen by their members and partners, and by suppliers that they ordered from.

pub(crate) mod get;
pub(crate) mod inventory;
pub(crate) mod list;
pub(crate) mod members;
pub(crate) mod partners;
pub(crate) mod reorder_suggestions;
