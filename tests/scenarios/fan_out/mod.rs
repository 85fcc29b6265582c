//! What is told to the outside, whatever dies meanwhile: every public event reaches every receiver, with the
//! same id and in order, and every mail is sent once.

mod erasure;
mod faults;
mod foreign_stream;
pub(crate) mod world;
