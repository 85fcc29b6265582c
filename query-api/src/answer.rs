//! Answers of reads: JSON with `Iris-Position`, single resources with `ETag`.

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::freshness::{IRIS_POSITION, Seen};

/// JSON with `Iris-Position`.
pub(crate) fn json<T: Serialize>(seen: Seen<T>) -> Response {
    let position = HeaderValue::from(seen.position);
    ([(IRIS_POSITION, position)], Json(seen.value)).into_response()
}

/// Plain text with `Iris-Position`.
pub(crate) fn text(seen: Seen<String>) -> Response {
    let headers = [
        (IRIS_POSITION, HeaderValue::from(seen.position)),
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
    ];
    (headers, seen.value).into_response()
}

/// A single resource with its `ETag`; 304 where the caller has that revision already.
pub(crate) fn resource<T: Serialize>(asked: &HeaderMap, revision: i64, seen: Seen<T>) -> Response {
    if !has_revision(asked, revision) {
        return tagged(revision, json(seen));
    }
    let position = HeaderValue::from(seen.position);
    tagged(revision, (StatusCode::NOT_MODIFIED, [(IRIS_POSITION, position)]).into_response())
}

/// Adds the `ETag` of a revision.
pub(crate) fn tagged(revision: i64, mut response: Response) -> Response {
    let tag = HeaderValue::from_str(&etag(revision)).expect("a quoted number is a header value");
    response.headers_mut().insert(header::ETAG, tag);
    response
}

/// A document as bytes, to be shown or saved under `name`.
pub(crate) fn file(position: i64, bytes: Vec<u8>, media_type: &'static str, name: &str) -> Response {
    let disposition = HeaderValue::from_str(&format!("inline; filename=\"{name}\""));
    let headers = [
        (IRIS_POSITION, HeaderValue::from(position)),
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, disposition.expect("names are made of ids and numbers")),
    ];
    (headers, bytes).into_response()
}

/// Marks an answer whose form was chosen by `Accept`.
pub(crate) fn by_accept(mut response: Response) -> Response {
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

fn etag(revision: i64) -> String {
    format!("\"{revision}\"")
}

/// # Source
/// RFC 9110 section 13.1.2: a list of tags compared weakly, or `*`.
fn has_revision(asked: &HeaderMap, revision: i64) -> bool {
    let wanted = etag(revision);
    let values = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_known_by_its_tag_alone_in_a_list_weakly_or_by_a_star() {
        for (value, known) in [
            ("\"3\"", true),
            ("\"1\", W/\"3\"", true),
            ("*", true),
            ("\"33\"", false),
            ("3", false),
            ("\"1\",\"2\"", false),
        ] {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(value))]);
            assert_eq!(has_revision(&headers, 3), known, "{value}");
        }
        assert!(!has_revision(&HeaderMap::new(), 3));
    }
}
