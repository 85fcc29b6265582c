//! What a browser of another origin is told.

use super::*;

#[tokio::test]
async fn only_listed_origins_may_read_answers_and_errors() {
    for path in ["/list", "/nowhere", "/panic"] {
        let request = Request::get(path).header("origin", ORIGIN).body(Body::empty()).unwrap();
        let headers = send(request).await.headers().clone();
        assert_eq!(headers["access-control-allow-origin"], ORIGIN, "{path}");
        assert_eq!(headers["access-control-allow-credentials"], "true");
        assert!(headers["access-control-expose-headers"].to_str().unwrap().contains("Iris-Position"));
        assert_eq!(headers["vary"], "Origin");
    }
    for foreign in ["https://evil.example", "https://shop.example.evil.example", "null", "*"] {
        let request = Request::get("/list").header("origin", foreign).body(Body::empty()).unwrap();
        let headers = send(request).await.headers().clone();
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{foreign}");
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS), "{foreign}");
    }
}

#[tokio::test]
async fn a_browser_that_asks_first_is_answered_for_listed_origins() {
    let ask = |origin: &str| {
        let request = Request::options("/orders").header("origin", origin);
        request.header("access-control-request-method", "POST").body(Body::empty()).unwrap()
    };
    let allowed = send(ask(ORIGIN)).await;
    assert_eq!(allowed.status(), StatusCode::NO_CONTENT);
    assert_eq!(allowed.headers()["access-control-allow-origin"], ORIGIN);
    assert!(allowed.headers()["access-control-allow-headers"].to_str().unwrap().contains("Idempotency-Key"));
    let foreign = send(ask("https://evil.example")).await;
    assert!(!foreign.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    assert!(!foreign.headers().contains_key(header::ACCESS_CONTROL_ALLOW_METHODS));
}
