//! What is read of a request, and how it is refused.

use super::*;

#[tokio::test]
async fn a_good_order_passes() {
    let body = r#"{"name":" Krog ","email":"A@x.se","lines":[{"qty":2}]}"#;
    let response = post_json("/orders", body).await;
    assert_eq!(response.status(), StatusCode::OK);
    let expected = json!({"name":"Krog","email":"a@x.se","lines":1,"note":null});
    assert_eq!(json_of(response).await, expected);
}

#[tokio::test]
async fn all_faults_of_a_body_come_at_once() {
    let body = r#"{"name":"far too long a name","emial":"x","lines":[{"qty":1},{"qty":"2"},{},{"qty":-1}],"note":7}"#;
    let body = refusal(post_json("/orders", body).await, 422, "ValidationError", "invalid").await;
    assert_eq!(
        codes(&body),
        [
            ("email", "missing"),
            ("emial", "unknown_field"),
            ("lines[1].qty", "wrong_type"),
            ("lines[2].qty", "missing"),
            ("lines[3].qty", "wrong_type"),
            ("name", "too_long"),
            ("note", "wrong_type"),
        ]
    );
}

#[tokio::test]
async fn nul_is_refused_in_typed_and_untyped_text_alike() {
    let body = r#"{"name":"a\u0000b","email":"a@x.se","lines":[],"note":"x\u0000"}"#;
    let body = refusal(post_json("/orders", body).await, 422, "ValidationError", "invalid").await;
    assert_eq!(codes(&body), [("name", "control_character"), ("note", "control_character")]);
    let body =
        refusal(post_json("/echo", r#"{"a":["\u0000"]}"#).await, 422, "ValidationError", "invalid").await;
    assert_eq!(codes(&body), [("a[0]", "control_character")]);
}

#[tokio::test]
async fn the_list_of_faults_is_bounded() {
    let members: Vec<_> = (0..5_000).map(|index| format!("\"x{index}\":1")).collect();
    let response = post_json("/orders", format!("{{{}}}", members.join(","))).await;
    let body = json_of(response).await;
    assert_eq!(body["details"].as_array().unwrap().len(), crate::body::FAULTS_MAX);
}

#[tokio::test]
async fn bodies_that_are_not_json_are_refused() {
    for bad in [&b"{"[..], b"", b"\"\xff\"", b"{\"name\":1,\"name\":2}", b"{} trailing"] {
        refusal(post_json("/orders", bad).await, 400, "BadRequestError", "invalid_json").await;
    }
    let body = refusal(post_json("/orders", "[]").await, 422, "ValidationError", "wrong_type").await;
    assert_eq!(codes(&body), [("", "wrong_type")]);
}

#[tokio::test]
async fn only_json_is_read_as_json() {
    for content_type in ["text/plain", "application/jsonx", "application/x-www-form-urlencoded"] {
        let request =
            Request::post("/orders").header("content-type", content_type).body("{}".into()).unwrap();
        refusal(send(request).await, 415, "UnsupportedMediaTypeError", "unsupported_media_type").await;
    }
    let bare = Request::post("/orders").body("{}".into()).unwrap();
    refusal(send(bare).await, 415, "UnsupportedMediaTypeError", "unsupported_media_type").await;
}

#[tokio::test]
async fn a_body_that_may_be_left_out_is_still_checked_when_there() {
    let empty = send(Request::post("/note").body(Body::empty()).unwrap()).await;
    assert_eq!(json_of(empty).await, json!({"note":null}));
    assert_eq!(json_of(post_json("/note", r#"{"note":"hi"}"#).await).await, json!({"note":"hi"}));
    refusal(post_json("/note", r#"{"note":"too long"}"#).await, 422, "ValidationError", "invalid").await;
    let text = Request::post("/note").header("content-type", "text/plain").body("{}".into()).unwrap();
    refusal(send(text).await, 415, "UnsupportedMediaTypeError", "unsupported_media_type").await;
}

#[tokio::test]
async fn too_large_a_body_is_refused_but_on_upload_routes() {
    let large = vec![b' '; BODY_MAX_BYTES + 1];
    refusal(post_json("/orders", large.clone()).await, 413, "PayloadTooLargeError", "payload_too_large")
        .await;
    let upload = send(Request::post("/upload").body(large.into()).unwrap()).await;
    assert_eq!(upload.status(), StatusCode::OK);
    let huge = send(Request::post("/upload").body(vec![0; UPLOAD_MAX_BYTES + 1].into()).unwrap()).await;
    refusal(huge, 413, "PayloadTooLargeError", "payload_too_large").await;
}

#[tokio::test]
async fn a_query_tells_all_its_faults() {
    let id = Uuid::from_u128(7);
    let good = get_at(&format!("/audit?supplier_id={id}&at_position=12")).await;
    assert_eq!(json_of(good).await, json!({"supplier_id":id,"at":12}));
    let bad = get_at("/audit?supplier_id=7&at_position=-1&form=x&form=y&q=%00").await;
    let body = refusal(bad, 422, "ValidationError", "invalid").await;
    assert_eq!(
        codes(&body),
        [
            ("at_position", "invalid_number"),
            ("form", "repeated"),
            ("form", "unknown_field"),
            ("q", "control_character"),
            ("supplier_id", "invalid_id"),
        ]
    );
    let list =
        refusal(get_at("/list?limit=101&offset=-1&x=1").await, 422, "ValidationError", "invalid").await;
    assert_eq!(
        codes(&list),
        [("limit", "out_of_range"), ("offset", "invalid_number"), ("x", "unknown_field")]
    );
}
