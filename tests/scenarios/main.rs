//! Scenarios: stories through the real parts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod api_keys;
mod audit;
mod blue_green;
mod clerk;
mod committing;
mod database_logins;
mod deciding_ahead;
mod fan_out;
mod faults;
mod forecasts;
mod foreign_peers;
mod foreign_providers;
mod growth;
mod history;
mod hostile_requests;
mod invoices;
mod jobs;
mod kill_nine;
mod limits;
mod lost_connections;
mod matrix;
mod ordering;
mod paused_process;
mod poolers;
mod prices;
mod public_log;
mod rebuild;
mod reorder;
mod secrets;
mod slow_clients;
mod starting;
mod tampering;
mod upstream_faults;
