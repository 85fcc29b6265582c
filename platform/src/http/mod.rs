//! HTTP around any router: one layer that names, times, counts, logs and shapes each request; the server; and
//! the few routes that belong to no domain.

mod arriving_body;
mod client_address;
mod context;
mod cors;
mod limits;
mod observe;
mod probe;
mod refusals;
mod render;
mod request_head;
mod security_headers;
mod serve;
mod shell;

pub use self::{
    client_address::{ClientAddress, TrustedProxies},
    context::RequestContext,
    limits::{Allowance, Attempt, RequestLimits},
    probe::{Probe, Version, metrics_routes, routes as probe_routes},
    serve::serve,
    shell::{Shell, shell},
};

/// Says what the metrics of HTTP mean.
pub(crate) fn describe_metrics() {
    observe::describe();
    limits::describe();
    serve::describe_connections();
}
