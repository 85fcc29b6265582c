//! Which representation of a document the caller wants.

use axum::http::{HeaderMap, header};

/// A form that documents come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Html,
    Json,
    Ndjson,
    Pdf,
    Text,
    Xml,
}

impl Format {
    const fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Html => ("text", "html"),
            Self::Json => ("application", "json"),
            Self::Ndjson => ("application", "x-ndjson"),
            Self::Pdf => ("application", "pdf"),
            Self::Text => ("text", "plain"),
            Self::Xml => ("application", "xml"),
        }
    }
}

/// The most wanted of `offered`, of which the first is the default.
///
/// JSON, the default, is also the answer where nothing wanted is offered: RFC 9110 section 12.5.1 lets a
/// server disregard `Accept`, and a client that cannot use the answer sees so by its content type.
pub(crate) fn preferred(headers: &HeaderMap, offered: &[Format]) -> Format {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<Range<'_>> = values.flat_map(|value| value.split(',')).filter_map(Range::read).collect();
    let mut best = (offered[0], 0);
    for &format in offered {
        let quality = quality(&ranges, format);
        if quality > best.1 {
            best = (format, quality);
        }
    }
    best.0
}

/// In thousandths; the most specific range decides (RFC 9110 section 12.5.1).
fn quality(ranges: &[Range<'_>], format: Format) -> u16 {
    let matching = ranges.iter().filter_map(|range| Some((range.specificity(format)?, range.quality)));
    matching.max_by_key(|(specificity, _)| *specificity).map_or(0, |(_, quality)| quality)
}

struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    /// Thousandths.
    quality: u16,
}

impl<'a> Range<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some(Self { kind, subtype, quality: weight.map_or(Some(1_000), thousandths)? })
    }

    fn specificity(&self, format: Format) -> Option<u8> {
        let (kind, subtype) = format.media_type();
        if self.kind == "*" && self.subtype == "*" {
            Some(0)
        } else if !self.kind.eq_ignore_ascii_case(kind) {
            None
        } else if self.subtype == "*" {
            Some(1)
        } else {
            self.subtype.eq_ignore_ascii_case(subtype).then_some(2)
        }
    }
}

/// `0`, `1`, `0.5`, `1.000`: RFC 9110 section 12.4.2.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let fraction: u16 = format!("{fraction:0<3}").parse().ok().filter(|_| digits)?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_most_wanted_form_is_taken_and_json_otherwise() {
        use Format::{Json, Pdf, Xml};
        for (accept, format) in [
            ("application/pdf", Pdf),
            ("application/xml", Xml),
            ("*/*", Json),
            ("application/*", Json),
            ("text/html", Json),
            ("", Json),
            ("application/pdf;q=0.5, application/json", Json),
            ("application/json;q=0.5, application/pdf;q=0.9", Pdf),
            ("text/html, application/xml;q=0.9, */*;q=0.8", Xml),
            ("application/json;q=0, */*", Pdf),
            ("application/pdf;q=2", Json),
            ("APPLICATION/PDF", Pdf),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(preferred(&headers, &[Json, Pdf, Xml]), format, "{accept}");
        }
        assert_eq!(preferred(&HeaderMap::new(), &[Json, Pdf]), Json);
    }
}
