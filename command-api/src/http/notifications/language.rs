//! The language of pages for people whose account is not known.

use axum::http::{HeaderMap, header};
use events::values::Locale;

/// What the browser asks for, among the languages that there are; Swedish where it says nothing.
///
/// # Source
/// RFC 9110 section 12.5.4; `en-GB` asks for English as well.
pub(super) fn asked_for(headers: &HeaderMap) -> Locale {
    let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let mut best = (Locale::default(), 0.0);
    for (locale, weight) in header.split(',').filter_map(weighted) {
        // The first of equals is the one that is meant.
        if weight > best.1 {
            best = (locale, weight);
        }
    }
    best.0
}

fn weighted(range: &str) -> Option<(Locale, f32)> {
    let mut parts = range.split(';').map(str::trim);
    let primary = parts.next()?.split('-').next()?.to_ascii_lowercase();
    let weight = parts.find_map(|part| part.strip_prefix("q="));
    Some((primary.parse().ok()?, weight.map_or(Some(1.0), |text| text.parse().ok())?))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_language_asked_for_most_is_taken_among_those_there_are() {
        for (header, locale) in [
            ("en", Locale::En),
            ("en-GB,en;q=0.9,sv;q=0.8", Locale::En),
            ("de, en;q=0.5, sv-SE;q=0.7", Locale::Sv),
            ("sv, en", Locale::Sv),
            ("en;q=0", Locale::Sv),
            ("fi", Locale::Sv),
            ("", Locale::Sv),
            ("en;q=x", Locale::Sv),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_static(header))]);
            assert_eq!(asked_for(&headers), locale, "{header}");
        }
        assert_eq!(asked_for(&HeaderMap::new()), Locale::Sv);
    }
}
