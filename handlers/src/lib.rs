//! Reacting: what happens outside the house because of an event.
//!
//! NATS carries events and wakes; Postgres is the truth. This crate alone speaks NATS.

pub mod commands;
pub mod consumer;
pub mod demand;
mod followers;
pub mod forecasts;
pub mod jobs;
mod nats;
pub mod notifications;
pub mod prices;
pub mod relay;
pub mod scheduler;
pub mod sealing;
mod surroundings;
pub mod webhooks;
mod wire;

pub use nats::{Nats, NatsError};
pub use surroundings::Surroundings;
