//! How large a request's head may be.

use axum::http::{HeaderMap, Uri};

use crate::error::{ApiError, ErrorKind};

/// Longest URL, in bytes; the longest that our own lists ask for are a tenth of it.
pub(super) const URL_MAX_BYTES: usize = 8 * 1024;
/// Most headers. The server refuses more than 100 by itself, with a bare 431.
pub(super) const HEADERS_MAX: usize = 64;
/// Names and values of all headers together, in bytes; a token has at most 8 KiB of it.
pub(super) const HEADERS_MAX_BYTES: usize = 16 * 1024;

/// Refuses a head that nobody needs, before anything is done with it.
///
/// # Errors
/// 414 and 431, in the one shape.
pub(super) fn expect_bounded(uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    let url_bytes = uri.path().len() + uri.query().map_or(0, |query| query.len() + 1);
    if url_bytes > URL_MAX_BYTES {
        let message = format!("The URL may have at most {URL_MAX_BYTES} bytes.");
        return Err(ApiError::new(ErrorKind::UriTooLong, "url_too_long", message));
    }
    let headers_bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > HEADERS_MAX || headers_bytes > HEADERS_MAX_BYTES {
        let message =
            format!("There may be at most {HEADERS_MAX} headers, of {HEADERS_MAX_BYTES} bytes together.");
        return Err(ApiError::new(ErrorKind::HeadersTooLarge, "headers_too_large", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn a_head_at_its_bounds_passes_and_one_beyond_them_does_not() {
        let url = |bytes: usize| format!("/{}?{}", "p".repeat(10), "q".repeat(bytes - 12)).parse().unwrap();
        let header = |number: usize, bytes: usize| {
            let name: HeaderName = format!("x-{number:03}").parse().unwrap();
            (name, HeaderValue::from_bytes(&vec![b'v'; bytes]).unwrap())
        };
        let many = |count: usize, bytes: usize| (0..count).map(|number| header(number, bytes)).collect();
        let refused = |uri: &Uri, headers: &HeaderMap| {
            expect_bounded(uri, headers).map_err(|error| error.kind().status().as_u16())
        };
        assert_eq!(refused(&url(URL_MAX_BYTES), &many(HEADERS_MAX, 1)), Ok(()));
        assert_eq!(refused(&url(100), &many(1, HEADERS_MAX_BYTES - 5)), Ok(()));
        assert_eq!(refused(&url(URL_MAX_BYTES + 1), &HeaderMap::new()), Err(414));
        assert_eq!(refused(&url(100), &many(HEADERS_MAX + 1, 1)), Err(431));
        assert_eq!(refused(&url(100), &many(1, HEADERS_MAX_BYTES - 4)), Err(431));
    }
}
