//! Scenarios: stories through the real parts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod audit;
mod blue_green;
mod committing;
mod fan_out;
mod foreign_peers;
mod foreign_providers;
mod history;
mod hostile_requests;
mod invoices;
mod kill_nine;
mod lost_connections;
mod ordering;
mod paused_process;
mod public_log;
mod rebuild;
mod starting;
mod tampering;
mod upstream_faults;
