//! Routes that belong to no domain.

use axum::{
    Router,
    http::header,
    response::IntoResponse,
    routing::{get, post},
};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{body::Json, telemetry::GIT_COMMIT};

/// What the probe routes tell.
#[derive(Clone)]
pub struct Probe {
    /// Version of the program.
    pub version: &'static str,
    /// Version of the database schema that this program expects.
    pub schema_version: i64,
    /// Where metrics come from; `None` when they are served on a port of their own.
    pub metrics: Option<PrometheusHandle>,
}

/// The answer of `GET /version`.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Version {
    /// Version of the program.
    pub version: &'static str,
    /// Commit it was built from, or `unknown`.
    pub git_commit: &'static str,
    /// Version of the database schema that it expects.
    pub schema_version: i64,
}

/// `POST /echo`, `GET /version` and, with metrics, `GET /metrics`.
pub fn routes(probe: Probe) -> Router {
    let version =
        Version { version: probe.version, git_commit: GIT_COMMIT, schema_version: probe.schema_version };
    let router = Router::new()
        .route("/echo", post(async |Json(body): Json<Value>| Json(body)))
        .route("/version", get(async move || Json(version)));
    match probe.metrics {
        Some(handle) => router.merge(metrics_routes(handle)),
        None => router,
    }
}

/// `GET /metrics` alone, for a port of its own.
pub fn metrics_routes(handle: PrometheusHandle) -> Router {
    const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";
    let render = async move || ([(header::CONTENT_TYPE, EXPOSITION)], handle.render()).into_response();
    Router::new().route("/metrics", get(render))
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use http_body_util::BodyExt;
    use metrics_exporter_prometheus::PrometheusBuilder;
    use tower::ServiceExt;

    use super::*;

    async fn ask(metrics: Option<PrometheusHandle>, request: Request<Body>) -> (u16, String) {
        let probe = Probe { version: "1.2.3", schema_version: 7, metrics };
        let response = routes(probe).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn get_at(path: &str) -> Request<Body> {
        Request::get(path).body(Body::empty()).unwrap()
    }

    #[tokio::test]
    async fn echo_answers_what_was_sent() {
        let body = r#"{"a":[1,2.5,"å",null]}"#;
        let request =
            Request::post("/echo").header("content-type", "application/json").body(body.into()).unwrap();
        assert_eq!(ask(None, request).await, (200, body.to_owned()));
    }

    #[tokio::test]
    async fn version_names_program_commit_and_schema() {
        let (status, body) = ask(None, get_at("/version")).await;
        let expected = format!(r#"{{"version":"1.2.3","git_commit":"{GIT_COMMIT}","schema_version":7}}"#);
        assert_eq!((status, body), (200, expected));
    }

    #[tokio::test]
    async fn metrics_are_there_only_when_not_elsewhere() {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || metrics::counter!("seen_total").increment(3));
        let (status, body) = ask(Some(recorder.handle()), get_at("/metrics")).await;
        assert_eq!(status, 200);
        assert!(body.contains("seen_total 3"), "{body}");
        assert_eq!(ask(None, get_at("/metrics")).await.0, 404);
    }
}
