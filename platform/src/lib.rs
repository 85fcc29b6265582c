//! Process plumbing shared by every role: configuration, telemetry, identity, the error shape, request
//! bodies, paging, the HTTP shell, the access log, database pools, a sandbox for programs and the clock.
//!
//! Nothing here knows a trade word; a change of business rules never touches this crate.

pub mod access_log;
pub mod auth;
pub mod backoff;
pub mod blobs;
pub mod body;
pub mod clock;
pub mod config;
pub mod db;
pub mod egress;
pub mod error;
pub mod http;
pub mod link_token;
pub mod paging;
pub mod personal;
pub mod sandbox;
pub mod seal;
pub mod secrets;
pub mod service_account;
pub mod shutdown;
pub mod signing_secret;
pub mod telemetry;
