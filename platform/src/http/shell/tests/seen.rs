//! What is seen of a request from outside: ids, logs, metrics.

use super::*;

#[tokio::test]
async fn the_request_id_comes_back_if_it_is_sane() {
    let sane = Request::get("/list").header("x-request-id", "my-id.1").body(Body::empty()).unwrap();
    assert_eq!(send(sane).await.headers()["x-request-id"], "my-id.1");
    let insane = Request::get("/list").header("x-request-id", "my id\"}").body(Body::empty()).unwrap();
    assert_eq!(send(insane).await.headers()["x-request-id"].len(), 36);
}

#[tokio::test]
async fn handlers_see_the_callers_trace() {
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = Request::get("/context").header("traceparent", parent).body(Body::empty()).unwrap();
    let bytes = send(request).await.into_body().collect().await.unwrap().to_bytes();
    assert!(bytes.starts_with(b"00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{bytes:?}");
}

#[test]
fn metrics_carry_the_template_and_never_the_path() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let id = Uuid::from_u128(7);
    metrics::with_local_recorder(&recorder, || {
        crate::http::describe_metrics();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let app = app();
            for path in [format!("/orders/{id}"), format!("/orders/{id}"), "/wp-login.php".to_owned()] {
                let request = Request::get(path).body(Body::empty()).unwrap();
                app.clone().oneshot(request).await.unwrap();
            }
        });
    });
    let text = recorder.handle().render();
    let has = |line: &str| assert!(text.lines().any(|known| known == line), "{line} in\n{text}");
    has(r#"iris_api_requests_total{route="/orders/{id}",method="GET",status="2xx"} 2"#);
    has(r#"iris_api_requests_total{route="unmatched",method="GET",status="4xx"} 1"#);
    has(r#"iris_api_errors_total{route="unmatched",method="GET",status="4xx"} 1"#);
    has(r#"iris_api_latency_seconds_count{route="/orders/{id}",method="GET",status="2xx"} 2"#);
    assert!(text.contains("# HELP iris_api_requests_total"), "{text}");
    assert!(!text.contains("wp-login") && !text.contains(&id.to_string()), "{text}");
}

#[test]
fn the_access_log_names_the_route_and_keeps_what_was_asked_to_itself() {
    let lines = Lines::default();
    let theirs = lines.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || theirs.clone()).finish();
    tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let request = Request::get("/list?limit=5&q=anna@x.se").header("authorization", "Bearer s3cr3t");
        let request = request.header("x-request-id", "r-1").body(Body::empty()).unwrap();
        runtime.block_on(send(request));
    });
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let line: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(line["fields"]["route"], "/list");
    assert_eq!(line["fields"]["status"], 422);
    assert_eq!(line["fields"]["request_id"], "r-1");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!text.contains("anna") && !text.contains("s3cr3t") && !text.contains("limit"), "{text}");
}

#[derive(Clone, Default)]
struct Lines(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
