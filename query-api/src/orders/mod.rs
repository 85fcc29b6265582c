//! Orders and their documents: seen by the members and partners of both sides.

pub(crate) mod get;
pub(crate) mod invoice;
pub(crate) mod list;
pub(crate) mod receipt;
mod trade;
