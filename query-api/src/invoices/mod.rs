//! Invoices that were sent to a restaurant: seen by the members and partners of both sides, and by who sent them.

pub(crate) mod accounting_export;
mod booked;
mod compared;
pub(crate) mod comparison;
pub(crate) mod file;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod matching_terms;
pub(crate) mod page;
mod sight;

use platform::access_log::{Keeping, Kind};

/// Somebody was given the file of an invoice, or a page of it.
const FILE_READ: Kind = Kind::kept("invoice_file_read", Keeping::Soon);
