//! Counters and times per route.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, RwLock},
    time::Duration,
};

use axum::http::{Method, StatusCode};
use metrics::{Counter, Histogram, counter, describe_counter, describe_histogram, histogram};

const REQUESTS: &str = "iris_api_requests_total";
const ERRORS: &str = "iris_api_errors_total";
const LATENCY: &str = "iris_api_latency_seconds";
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Says what the HTTP metrics mean; labels are `route` (the template, never the path), `method`, `status` class.
pub(super) fn describe() {
    describe_counter!(REQUESTS, "Requests answered.");
    describe_counter!(ERRORS, "Requests answered with a 4xx or 5xx status.");
    describe_histogram!(
        LATENCY,
        metrics::Unit::Seconds,
        "Time from the request's head to the answer's head."
    );
    describe_counter!("iris_auth_failures_total", "Requests whose caller was not believed, by reason.");
}

/// Metric handles, looked up once per route, method and status class.
///
/// Registering by name and labels costs several allocations and a sharded lock; a handle is one atomic add.
/// Handles of a process without a recorder stay mute, so telemetry is installed before the first request.
#[derive(Default)]
pub(super) struct Observer(RwLock<HashMap<String, Arc<RouteMetrics>>>);

#[derive(Default)]
struct RouteMetrics([[OnceLock<Handles>; CLASSES.len()]; METHODS.len()]);

struct Handles {
    requests: Counter,
    errors: Option<Counter>,
    latency: Histogram,
}

impl Observer {
    pub(super) fn record(&self, route: &str, method: &Method, status: StatusCode, took: Duration) {
        let metrics = self.route(route);
        let method = METHODS.iter().position(|name| *name == method.as_str()).unwrap_or(METHODS.len() - 1);
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        let handles =
            metrics.0[method][class].get_or_init(|| Handles::new(route, METHODS[method], CLASSES[class]));
        handles.requests.increment(1);
        if let Some(errors) = &handles.errors {
            errors.increment(1);
        }
        handles.latency.record(took.as_secs_f64());
    }

    /// Bounded by the number of routes: unmatched paths share one entry.
    fn route(&self, route: &str) -> Arc<RouteMetrics> {
        const UNHARMED: &str = "nothing panics while holding the lock";
        if let Some(known) = self.0.read().expect(UNHARMED).get(route) {
            return Arc::clone(known);
        }
        Arc::clone(self.0.write().expect(UNHARMED).entry(route.to_owned()).or_default())
    }
}

impl Handles {
    fn new(route: &str, method: &'static str, status: &'static str) -> Self {
        let labels =
            [("route", route.to_owned()), ("method", method.to_owned()), ("status", status.to_owned())];
        let failed = matches!(status, "4xx" | "5xx");
        Self {
            requests: counter!(REQUESTS, &labels),
            errors: failed.then(|| counter!(ERRORS, &labels)),
            latency: histogram!(LATENCY, &labels),
        }
    }
}
