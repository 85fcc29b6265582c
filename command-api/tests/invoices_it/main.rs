//! Invoices on a real database, with real files: through the router, the workers and the log.
#![expect(clippy::unwrap_used, reason = "a test whose world cannot be set up has failed")]

mod answer;
mod batches;
mod deciding;
mod forms;
mod market;
mod pages;
mod receiving;
mod refusing;
mod resuming;
mod structured;
mod world;
