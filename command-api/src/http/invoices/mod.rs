//! Commands on invoices.

pub(crate) mod accept;
pub(crate) mod correct;
pub(crate) mod dispute;
mod document;
pub(super) mod form;
mod input;
pub(crate) mod match_to_order;
pub(crate) mod matching_terms;
pub(crate) mod receive;
pub(super) mod refused;
pub(super) mod senders;
