//! The invoicing engine: what a supplier sent becomes an [`Invoice`], and an invoice is held against
//! what was ordered and received.
//!
//! Pure: bytes and word boxes in, values out. No file, no clock, no process; the binary beside it runs
//! poppler and tesseract, and measures.

pub mod checksum;
pub mod duplicate;
pub mod hybrid;
pub mod invoice;
pub mod matching;
pub mod money;
pub mod page;
pub mod picture;
pub mod receive;
pub mod refusal;
pub mod rules;
pub mod sie;
pub mod sniff;
pub mod xml;

pub use invoice::Invoice;
pub use matching::reconcile;
pub use receive::{Received, receive};
pub use refusal::Refusal;
