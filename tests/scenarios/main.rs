//! Scenarios: stories through the real parts.

mod committing;
mod lost_connections;
mod upstream_faults;
