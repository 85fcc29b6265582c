//! Reads through the router, on a database of their own, with rows as projections write them.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect, also in its fixtures")]

mod accesses;
mod api_keys;
mod audit;
mod bills;
mod books;
mod documents;
mod event_types;
mod fixtures;
mod forecasts;
mod freshness;
mod grants;
mod history;
mod history_as_of;
mod history_export;
mod history_story;
mod invoice_lists;
mod invoices;
mod jobs;
mod log;
mod metrics;
mod notifications;
mod openapi;
mod paging;
mod peppol;
mod plans;
mod read_back;
mod reorder;
mod row_security;
mod row_security_alone;
mod search;
mod trade_terms;
mod views;
mod visibility;
mod webhook_endpoints;
mod world;
