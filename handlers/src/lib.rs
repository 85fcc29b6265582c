//! Reacting: what happens outside the house because of an event.
//!
//! NATS carries events and wakes; Postgres is the truth. This crate alone speaks NATS.

pub mod commands;
pub mod consumer;
mod nats;

pub use nats::{Nats, NatsError};
