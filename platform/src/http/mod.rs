//! HTTP around any router: one layer that names, times, counts, logs and shapes each request; the server; and
//! the few routes that belong to no domain.

mod context;
mod cors;
mod observe;
mod probe;
mod refusals;
mod render;
mod serve;
mod shell;

pub(crate) use self::observe::describe as describe_metrics;
pub use self::{
    context::RequestContext,
    probe::{Probe, Version, metrics_routes, routes as probe_routes},
    serve::serve,
    shell::{Shell, shell},
};
