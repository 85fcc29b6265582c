//! Commands through the router, on a database of their own each: real tokens, real committer, real log.
#![expect(clippy::unwrap_used, reason = "outside of test functions, too, a panic is the report here")]

mod access;
mod accesses;
mod api_keys;
mod bodies;
mod clerk;
mod disabling;
mod feed;
mod hot_stock;
mod idempotency;
mod keyed_rows;
mod notifications;
mod openapi;
mod partners;
mod personal;
mod price_rules;
mod refusals;
mod revisions;
mod sessions;
mod story;
mod suggestions;
mod trade;
mod trade_terms;
mod unsubscribe;
mod webhook_endpoints;
mod world;
