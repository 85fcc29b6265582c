use super::*;

#[test]
fn a_fault_is_flat_json() {
    let fault = Fault::new("lines[0].qty", "insufficient_stock", "Not enough.").with("asked", "3");
    let json = serde_json::to_value(fault).unwrap();
    assert_eq!(
        json,
        serde_json::json!({"field":"lines[0].qty","code":"insufficient_stock","message":"Not enough.","asked":"3"})
    );
}

#[test]
fn an_internal_error_keeps_its_cause_for_the_log_alone() {
    let cause = std::io::Error::other("disk of db7 is full");
    let error = ApiError::internal(&cause);
    assert_eq!(error.cause(), Some("disk of db7 is full"));
    let body = serde_json::to_string(&error.body(DateTime::UNIX_EPOCH, "r1")).unwrap();
    assert!(!body.contains("db7"), "{body}");
}

#[test]
fn every_kind_has_its_own_status_and_name() {
    use ErrorKind as K;
    let kinds = [
        (K::Validation, 422),
        (K::BadRequest, 400),
        (K::Unauthorized, 401),
        (K::Forbidden, 403),
        (K::NotFound, 404),
        (K::MethodNotAllowed, 405),
        (K::Conflict, 409),
        (K::PreconditionFailed, 412),
        (K::PayloadTooLarge, 413),
        (K::UnsupportedMediaType, 415),
        (K::TooManyRequests, 429),
        (K::ServiceUnavailable, 503),
        (K::Internal, 500),
    ];
    for (kind, status) in kinds {
        assert_eq!(kind.status().as_u16(), status, "{}", kind.name());
    }
}

#[test]
fn only_errors_of_the_framework_get_a_shape() {
    assert!(ApiError::from_status(StatusCode::NOT_MODIFIED).is_none());
    let teapot = ApiError::from_status(StatusCode::IM_A_TEAPOT).unwrap();
    assert_eq!(teapot.kind(), ErrorKind::BadRequest);
}
