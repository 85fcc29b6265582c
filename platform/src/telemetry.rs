//! Logs and metrics of the process.
//!
//! What must never reach a log line: tokens, passwords, secrets, request and response bodies, query strings,
//! e-mail addresses and other personal data. Types that hold them (`SecretString`, `Email`, `Identity`) show
//! none of it in `Debug`; a line names accounts and resources by id.

mod sink;

use std::{io::IsTerminal, sync::Once, time::Duration};

use metrics::{describe_gauge, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use thiserror::Error;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

pub use self::sink::LogGuard;
use self::sink::LogSink;
use crate::config::LogFormat;

/// Commit that this program was built from, or `unknown`; `IRIS_GIT_COMMIT` at build time.
pub const GIT_COMMIT: &str = match option_env!("IRIS_GIT_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

const FILTER_DEFAULT: &str = "info,sqlx=warn";
/// Upper bounds in seconds for requests; 0.3 is the promised p95.
const LATENCY_BUCKETS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 10.0, 30.0];
/// Upper bounds in seconds for jobs; 600 is the promised maximum of a forecast run.
const DURATION_BUCKETS: [f64; 14] =
    [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 120.0, 300.0, 600.0, 1800.0];
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Why telemetry could not be set up.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// `RUST_LOG` is not a filter.
    #[error("RUST_LOG: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Something has set up logging before.
    #[error("logging is set up already")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Sends log lines to standard output, filtered by `RUST_LOG` (default `info,sqlx=warn`).
///
/// Lines are buffered and written every 100 ms, those of level ERROR and WARN at once; keep the guard until the
/// end, it writes what is left.
pub fn init_logs(format: LogFormat) -> Result<LogGuard, TelemetryError> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(text) if !text.trim().is_empty() => EnvFilter::try_new(text)?,
        _ => EnvFilter::try_new(FILTER_DEFAULT)?,
    };
    let (sink, guard) = LogSink::to_stdout();
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(sink);
    match format {
        LogFormat::Json => {
            registry
                .with(lines.json().flatten_event(true).with_current_span(false).with_span_list(false))
                .try_init()?;
        }
        // Colours are for eyes: a file or a pipe gets plain text.
        LogFormat::Pretty => {
            let to_eyes = std::io::stdout().is_terminal();
            registry.with(lines.with_target(false).with_ansi(to_eyes)).try_init()?;
        }
    }
    Ok(guard)
}

/// Installs the process's metrics recorder; `version` goes into `iris_build_info`.
///
/// # Errors
/// When a recorder is installed already.
pub fn install_metrics(version: &'static str) -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_latency_seconds".to_owned()), &LATENCY_BUCKETS)?
        .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), &DURATION_BUCKETS)?
        .install_recorder()?;
    describe_all();
    gauge!("iris_build_info", "version" => version, "git_commit" => GIT_COMMIT).set(1);
    keep_up(handle.clone());
    Ok(handle)
}

fn describe_all() {
    static DESCRIBED: Once = Once::new();
    DESCRIBED.call_once(|| {
        describe_gauge!("iris_build_info", "Always 1; its labels say what is running.");
        crate::http::describe_metrics();
        crate::access_log::describe_metrics();
    });
}

/// Drains recorded times into buckets: between scrapes, or without any, they would pile up in memory.
fn keep_up(handle: PrometheusHandle) {
    let upkeep = move || {
        loop {
            std::thread::sleep(UPKEEP_EVERY);
            handle.run_upkeep();
        }
    };
    // A thread of its own, so that it needs no runtime and a busy one cannot starve it.
    if let Err(error) = std::thread::Builder::new().name("metrics-upkeep".to_owned()).spawn(upkeep) {
        tracing::warn!(%error, "metrics are drained only when scraped");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_installed_once_and_describe_themselves() {
        let handle = install_metrics("1.2.3").unwrap();
        metrics::histogram!("iris_api_latency_seconds").record(0.25);
        let text = handle.render();
        assert!(text.contains("iris_build_info{version=\"1.2.3\""), "{text}");
        assert!(text.contains("# HELP iris_build_info Always 1"), "{text}");
        assert!(text.contains("iris_api_latency_seconds_bucket{le=\"0.3\"} 1"), "{text}");
        assert!(install_metrics("1.2.3").is_err(), "a second recorder would split the numbers");
    }
}
