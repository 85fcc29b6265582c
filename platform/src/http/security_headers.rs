//! What browsers are told of every answer. A page says for itself what it needs; everything else needs nothing.

use axum::http::{HeaderMap, HeaderValue, header};

/// For what is no page: nothing in it is to be loaded, run, or shown inside of another page.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
/// A year. Not for subdomains, which may be others'.
const STRICT_TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds what the route has not said itself.
pub(super) fn add(headers: &mut HeaderMap, is_over_tls: bool) {
    // Browsers must take the content type as it is said, never guess a script out of an answer.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let mut unless_said = |name, value| {
        headers.entry(name).or_insert(value);
    };
    // Answers depend on who asks: no cache may keep them unless the route says so itself.
    unless_said(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    unless_said(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    // The same as `frame-ancestors`, for browsers that are too old to know it.
    unless_said(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // Ids and tokens stand in addresses: they must not travel on to wherever a link leads.
    unless_said(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if is_over_tls {
        // Only where the answer itself came over TLS: browsers ignore it elsewhere, and a developer's machine
        // must not be told to use what it has not got.
        unless_said(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_says_nothing_is_private_and_inert() {
        let mut headers = HeaderMap::new();
        add(&mut headers, false);
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["x-frame-options"], "DENY");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
        assert!(!headers.contains_key("strict-transport-security"));
        add(&mut headers, true);
        assert_eq!(headers["strict-transport-security"], "max-age=31536000");
    }

    #[test]
    fn what_a_route_says_stays_but_for_sniffing() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'self'"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("sniff"));
        add(&mut headers, false);
        assert_eq!(headers["content-security-policy"], "default-src 'self'");
        assert_eq!(headers["cache-control"], "public, max-age=300");
        assert_eq!(headers["x-content-type-options"], "nosniff");
    }
}
