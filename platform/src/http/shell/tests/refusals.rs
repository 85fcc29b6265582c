//! Every refusal has the one shape.

use super::*;

#[tokio::test]
async fn unknown_routes_ids_and_methods_have_the_shape() {
    refusal(get_at("/nowhere").await, 404, "NotFoundError", "route_not_found").await;
    refusal(get_at("/orders/not-an-id").await, 404, "NotFoundError", "not_found").await;
    refusal(get_at("/orders/%ff").await, 404, "NotFoundError", "not_found").await;
    let response = get_at("/orders").await;
    assert_eq!(response.headers()["allow"], "POST");
    refusal(response, 405, "MethodNotAllowedError", "method_not_allowed").await;
}

#[tokio::test]
async fn inner_errors_say_nothing_of_the_inside() {
    refusal(get_at("/panic").await, 500, "InternalError", "internal").await;
    refusal(get_at("/broken").await, 500, "InternalError", "internal").await;
}

#[tokio::test]
async fn a_handler_that_never_answers_is_cut_off() {
    let clock = Arc::new(FixedClock::new(DateTime::from_timestamp(1_795_165_200, 123_000_000).unwrap()));
    let hasty =
        Shell { request_timeout: Duration::ZERO, ..Shell::new(clock, Arc::new(CountingIds::default())) };
    let request = Request::get("/stuck").body(Body::empty()).unwrap();
    let response = shell(routes(), &hasty).oneshot(request).await.unwrap();
    assert_eq!(response.headers()["retry-after"], "1");
    refusal(response, 503, "ServiceUnavailableError", "timeout").await;
}

#[tokio::test]
async fn refusals_of_handlers_carry_their_details_and_headers() {
    let response = get_at("/busy").await;
    assert_eq!(response.headers()["retry-after"], "2");
    refusal(response, 503, "ServiceUnavailableError", "read_model_behind").await;
    let body = refusal(get_at("/short").await, 409, "ConflictError", "insufficient_stock").await;
    assert_eq!(body["details"][0]["available"], "2");
}

#[tokio::test]
async fn an_error_status_with_an_answer_of_its_own_is_left_alone() {
    let response = get_at("/sick").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(json_of(response).await, json!({"status":"unhealthy"}));
}

#[tokio::test]
async fn callers_are_known_by_their_token_alone() {
    let identity = Identity {
        subject: Uuid::from_u128(7),
        email: "a@x.se".to_owned(),
        role: "ADMIN".to_owned(),
        key: None,
    };
    let token = provider().issue(&identity, DateTime::UNIX_EPOCH, Duration::from_mins(1));
    let good =
        Request::get("/me").header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap();
    assert_eq!(json_of(send(good).await).await, json!({"account_id":identity.subject}));

    let twice = Request::get("/me").header("authorization", format!("Bearer {token}"));
    let twice = twice.header("authorization", "Bearer other").body(Body::empty()).unwrap();
    let mut bad = vec![twice, Request::get("/me").body(Body::empty()).unwrap()];
    for value in ["Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", &token] {
        bad.push(Request::get("/me").header("authorization", value).body(Body::empty()).unwrap());
    }
    for request in bad {
        let response = send(request).await;
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        refusal(response, 401, "UnauthorizedError", "unauthorized").await;
    }
}

#[tokio::test]
async fn a_router_without_a_provider_knows_nobody() {
    let clock = Arc::new(FixedClock::new(DateTime::UNIX_EPOCH));
    let app = shell(routes(), &Shell::new(clock, Arc::new(CountingIds::default())));
    let response = app.oneshot(Request::get("/me").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}
