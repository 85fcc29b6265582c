//! The invoicing engine: what a supplier sent becomes an [`Invoice`], and an invoice is held against
//! what was ordered and received.
//!
//! Pure: bytes in, values out. No file, no clock, no process: [`reading`] says which programs are to be run, and
//! its caller runs them. The binary beside it does so, and measures.

pub mod checksum;
pub mod duplicate;
pub mod hybrid;
pub mod invoice;
pub mod matching;
pub mod money;
pub mod page;
pub mod picture;
pub mod reading;
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
