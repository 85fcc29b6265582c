//! How much one caller may ask for, and how large and how slowly.

use std::net::IpAddr;

use futures::stream;

use super::*;
use crate::access_log::{PeerAddress, RequestOrigin};

/// Of the tests' accounts.
const PER_MINUTE: u32 = 3;

fn limited() -> Router {
    let clock = Arc::new(FixedClock::new(DateTime::from_timestamp(1_795_165_200, 123_000_000).unwrap()));
    let around = Shell {
        identity: Some(provider()),
        cors_origins: vec![HeaderValue::from_static(ORIGIN)],
        trusted_proxies: TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]),
        limits: Some(Arc::new(RequestLimits::new(PER_MINUTE.try_into().unwrap()))),
        body_idle_timeout: Duration::from_millis(20),
        ..Shell::new(clock, Arc::new(CountingIds::default()))
    };
    let more = Router::new()
        .route("/health/live", get(async || "alive"))
        .route("/from", get(async |from: RequestOrigin| format!("{:?}", from.address)));
    shell(routes().merge(more), &around)
}

fn request(path: &str, peer: &str) -> axum::http::request::Builder {
    let peer: IpAddr = peer.parse().unwrap();
    Request::get(path).extension(PeerAddress(peer))
}

async fn ask(app: &Router, request: axum::http::request::Builder) -> Response {
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

fn told(response: &Response) -> [u32; 3] {
    ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"]
        .map(|name| response.headers()[name].to_str().unwrap().parse().unwrap())
}

fn token(number: u128) -> String {
    let identity = Identity {
        subject: Uuid::from_u128(number),
        email: "a@x.se".to_owned(),
        role: "ADMIN".to_owned(),
        key: None,
    };
    format!("Bearer {}", provider().issue(&identity, DateTime::UNIX_EPOCH, Duration::from_mins(1)))
}

#[tokio::test]
async fn an_address_is_told_what_it_has_left_and_refused_in_the_one_shape() {
    let app = limited();
    for left in (0..15).rev() {
        let response = ask(&app, request("/list", "192.0.2.1")).await;
        assert_eq!(response.status(), StatusCode::OK);
        let [limit, remaining, reset_s] = told(&response);
        assert_eq!((limit, remaining), (15, left));
        assert!((1..=60).contains(&reset_s), "{reset_s}");
    }
    let refused = ask(&app, request("/list", "192.0.2.1").header("origin", ORIGIN)).await;
    let [limit, remaining, reset_s] = told(&refused);
    assert_eq!((limit, remaining), (15, 0));
    assert_eq!(refused.headers()["retry-after"].to_str().unwrap(), reset_s.to_string());
    let exposed = refused.headers()["access-control-expose-headers"].to_str().unwrap().to_owned();
    for name in ["Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"] {
        assert!(exposed.contains(name), "a page of another origin may read {name}: {exposed}");
    }
    refusal(refused, 429, "TooManyRequestsError", "rate_limited").await;
    assert_eq!(ask(&app, request("/list", "192.0.2.2")).await.status(), StatusCode::OK);
    // What is not there is limited as well: it is looked for.
    assert_eq!(ask(&app, request("/nowhere", "192.0.2.1")).await.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn supervisors_are_never_refused() {
    let app = limited();
    for _ in 0..100 {
        let response = ask(&app, request("/health/live", "192.0.2.1")).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(!response.headers().contains_key("ratelimit-limit"));
    }
}

#[tokio::test]
async fn an_account_has_its_own_limit_wherever_it_calls_from() {
    let app = limited();
    let me = |peer: &str, account| request("/me", peer).header("authorization", token(account));
    for (peer, left) in [("192.0.2.1", 2), ("192.0.2.2", 1), ("2001:db8::1", 0)] {
        let response = ask(&app, me(peer, 1)).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(told(&response)[..2], [PER_MINUTE, left], "the nearest limit is told of");
    }
    let refused = ask(&app, me("192.0.2.3", 1)).await;
    assert_eq!(told(&refused)[..2], [PER_MINUTE, 0]);
    refusal(refused, 429, "TooManyRequestsError", "rate_limited").await;
    assert_eq!(ask(&app, me("192.0.2.1", 2)).await.status(), StatusCode::OK, "another account goes on");
}

#[tokio::test]
async fn a_token_that_is_not_believed_costs_its_address_and_no_account() {
    let app = limited();
    for _ in 0..10 {
        let forged = request("/me", "192.0.2.1").header("authorization", "Bearer a.b.c");
        assert_eq!(ask(&app, forged).await.status(), StatusCode::UNAUTHORIZED);
    }
    for expected in [401, 401, 401, 401, 401, 429] {
        let forged = request("/me", "192.0.2.1").header("authorization", "Bearer a.b.c");
        assert_eq!(ask(&app, forged).await.status(), expected, "refused before the token is looked at");
    }
}

#[tokio::test]
async fn behind_a_proxy_callers_are_told_apart_and_nobody_else_can_choose_who_they_are() {
    let app = limited();
    let from = async |peer: &str, said: &str| {
        let bytes = ask(&app, request("/from", peer).header("x-forwarded-for", said)).await.into_body();
        String::from_utf8(bytes.collect().await.unwrap().to_bytes().to_vec()).unwrap()
    };
    assert_eq!(from("10.0.0.1", "1.1.1.1, 203.0.113.7").await, "Some(203.0.113.7)");
    assert_eq!(from("192.0.2.9", "203.0.113.7").await, "Some(192.0.2.9)");
    let spoofed = async |n: u32| {
        ask(&app, request("/list", "192.0.2.1").header("x-forwarded-for", format!("203.0.113.{n}"))).await
    };
    let mut passed = 0;
    for n in 0..40 {
        passed += u32::from(spoofed(n).await.status() == StatusCode::OK);
    }
    assert_eq!(passed, 15, "made-up addresses are no other callers");
    for n in 0..40 {
        let proxied = request("/list", "10.0.0.1").header("x-forwarded-for", format!("203.0.114.{n}"));
        assert_eq!(ask(&app, proxied).await.status(), StatusCode::OK, "real ones are");
    }
}

#[tokio::test]
async fn heads_beyond_their_bounds_are_refused_in_the_one_shape() {
    let long = "x".repeat(17 * 1024);
    let app = app();
    let url = ask(&app, Request::get(format!("/list?q={long}"))).await;
    refusal(url, 414, "UriTooLongError", "url_too_long").await;
    let header = ask(&app, Request::get("/list").header("x-long", &long)).await;
    refusal(header, 431, "HeadersTooLargeError", "headers_too_large").await;
    let many = (0..65).fold(Request::get("/list"), |request, n| request.header(format!("x-{n}"), "v"));
    refusal(ask(&app, many).await, 431, "HeadersTooLargeError", "headers_too_large").await;
    let pairs = vec!["limit=1"; 65].join("&");
    let query = ask(&app, Request::get(format!("/list?{pairs}"))).await;
    refusal(query, 400, "BadRequestError", "invalid_query").await;
}

#[tokio::test]
async fn a_body_that_stops_coming_is_refused_and_the_connection_closed() {
    for path in ["/orders", "/upload", "/note"] {
        let begun = stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from_static(b"{"))]);
        let body = Body::from_stream(futures::StreamExt::chain(begun, stream::pending()));
        let request = Request::post(path).header("content-type", "application/json").body(body).unwrap();
        let response = limited().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["connection"], "close");
        refusal(response, 408, "RequestTimeoutError", "body_too_slow").await;
    }
}

#[tokio::test]
async fn tls_is_insisted_on_where_a_trusted_proxy_says_that_there_is_some() {
    let app = limited();
    let has = async |peer: &str, said: &str| {
        let response = ask(&app, request("/list", peer).header("x-forwarded-proto", said)).await;
        response.headers().contains_key("strict-transport-security")
    };
    assert!(has("10.0.0.1", "https").await);
    assert!(!has("10.0.0.1", "http").await);
    assert!(!has("192.0.2.1", "https").await);
}

#[tokio::test]
async fn every_answer_tells_browsers_to_do_nothing_with_it() {
    for path in ["/list", "/nowhere", "/panic", "/orders/not-an-id", "/sick"] {
        let headers = get_at(path).await.headers().clone();
        assert_eq!(headers["x-frame-options"], "DENY", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!headers.contains_key("server"), "{path}");
    }
}
