//! Answers with files that somebody else made.

use axum::{
    body::Bytes,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use platform::blobs::BlobStore;
use utoipa::ToSchema;

use crate::{
    failure::ReadFailure,
    freshness::{IRIS_POSITION, Seen},
};

/// Even where a browser shows such a file, it may run nothing, load nothing and send nothing, and belongs to no
/// origin of ours: whatever an invoice holds, it never acts in the name of who looks at it.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
const NAME_CHARS_MAX: usize = 120;
/// Media type, and the endings of names that stand for it; the first is the one given.
const KNOWN: [(&str, &[&str]); 6] = [
    ("application/pdf", &["pdf"]),
    ("application/xml", &["xml"]),
    ("application/json", &["json"]),
    ("image/png", &["png"]),
    ("image/jpeg", &["jpg", "jpeg"]),
    ("image/tiff", &["tif", "tiff"]),
];
const UNKNOWN: (&str, &[&str]) = ("application/octet-stream", &["bin"]);

/// A file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes answers; they are made of Bytes")]
pub(crate) struct FileBytes(Vec<u8>);

/// The bytes kept under that hash.
pub(crate) async fn kept(blobs: &BlobStore, sha256: &str) -> Result<Bytes, ReadFailure> {
    let found = blobs.get(sha256).await?;
    found.ok_or_else(|| ReadFailure::FileMissing { sha256: sha256.to_owned() })
}

/// A file to be saved, under a name as close to the sender's as is safe.
pub(crate) fn attachment(file: Seen<Bytes>, media_type: &str, name: &str) -> Response {
    let (media_type, endings) = known(media_type);
    let name = safe_name(name, endings);
    // Never inline: an uploaded file must not open as a page of ours, whatever it is.
    answer(file, media_type, &format!("attachment; {}", name_parameters(&name)))
}

/// A file that we made, under a name of our own, to be saved.
pub(crate) fn made(file: Seen<Bytes>, name: &str) -> Response {
    answer(file, UNKNOWN.0, &format!("attachment; {}", name_parameters(name)))
}

/// A picture that we drew ourselves, to be shown.
pub(crate) fn picture(file: Seen<Bytes>, name: &str) -> Response {
    answer(file, "image/png", &format!("inline; {}", name_parameters(name)))
}

fn answer(file: Seen<Bytes>, media_type: &'static str, disposition: &str) -> Response {
    let disposition = HeaderValue::from_str(disposition).expect("only visible ASCII is left of a name");
    let headers = [
        (IRIS_POSITION, HeaderValue::from(file.position)),
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        // The type is that of the bytes: no browser is to find another in them.
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, file.value).into_response()
}

/// A type that is not known here is told to nobody: `text/html` would be a page.
fn known(media_type: &str) -> (&'static str, &'static [&'static str]) {
    KNOWN.into_iter().find(|(known, _)| *known == media_type).unwrap_or(UNKNOWN)
}

/// The last part of a path, without what programs and people read otherwise than it looks, and ending as its
/// bytes are: `invoice.exe` of a PDF becomes `invoice.exe.pdf`.
fn safe_name(name: &str, endings: &[&str]) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown = last.chars().filter(|sign| !sign.is_control() && !is_invisible(*sign));
    let shown: String = shown.map(|sign| if "<>:\"|?*".contains(sign) { '_' } else { sign }).collect();
    // A leading dot hides a file; a last one is dropped by some systems, and with it the ending.
    let mut stem = shown.trim_matches(|sign: char| sign == '.' || sign.is_whitespace());
    let mut ending = endings[0];
    if let Some((before, after)) = stem.rsplit_once('.')
        && let Some(own) = endings.iter().find(|own| after.eq_ignore_ascii_case(own))
    {
        (stem, ending) = (before.trim_end_matches(['.', ' ']), *own);
    }
    let stem: String = stem.chars().take(NAME_CHARS_MAX).collect();
    let stem = if stem.is_empty() { "invoice" } else { &stem };
    format!("{stem}.{ending}")
}

/// Signs that are not seen, or that turn around what follows them: `fdp.exe` must not read `exe.pdf`.
fn is_invisible(sign: char) -> bool {
    matches!(sign, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// # Source
/// RFC 6266, section 4.3 and appendix D: the plain form for old clients, the exact one beside it.
fn name_parameters(name: &str) -> String {
    let plain: String = name
        .chars()
        // A quotation mark or a backslash would end the value, a percent sign is decoded by some.
        .map(
            |sign| {
                if sign.is_ascii_graphic() && !"\"\\%;".contains(sign) || sign == ' ' { sign } else { '_' }
            },
        )
        .collect();
    format!("filename=\"{plain}\"; filename*=UTF-8''{}", percent_encoded(name))
}

/// # Source
/// RFC 8187, section 3.2.1: `attr-char` stands as it is.
fn percent_encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte);
    name.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_safe_and_ends_as_its_bytes_are() {
        let (_, pdf) = known("application/pdf");
        for (name, safe) in [
            ("Faktura 4711.pdf", "Faktura 4711.pdf"),
            ("räkning.PDF", "räkning.pdf"),
            ("../../etc/passwd", "passwd.pdf"),
            ("C:\\fakturor\\nov.pdf", "nov.pdf"),
            ("invoice.exe", "invoice.exe.pdf"),
            ("invoice.html", "invoice.html.pdf"),
            ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie_ x=1.pdf"),
            ("a\"; filename=\"b.exe", "a_; filename=_b.exe.pdf"),
            ("faktura\u{202e}fdp.exe", "fakturafdp.exe.pdf"),
            (".htaccess", "htaccess.pdf"),
            ("...", "invoice.pdf"),
            ("", "invoice.pdf"),
            (".pdf", "pdf.pdf"),
            ("a.exe .pdf", "a.exe.pdf"),
        ] {
            assert_eq!(safe_name(name, pdf), safe, "{name:?}");
        }
        assert_eq!(safe_name(&"å".repeat(500), pdf).chars().count(), NAME_CHARS_MAX + 4);
        assert_eq!(safe_name("scan.jpeg", known("image/jpeg").1), "scan.jpeg");
    }

    #[test]
    fn a_name_stands_in_the_header_in_both_forms_and_cannot_leave_them() {
        assert_eq!(
            name_parameters("räkning 50% \"a\\b\"; x.pdf"),
            "filename=\"r_kning 50_ _a_b__ x.pdf\"; \
             filename*=UTF-8''r%C3%A4kning%2050%25%20%22a%5Cb%22%3B%20x.pdf"
        );
        for name in ["\u{7f}", "\n", "\u{1f4c4}", "a\u{0}b"] {
            assert!(HeaderValue::from_str(&name_parameters(name)).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn a_type_that_is_not_known_is_not_repeated() {
        for poisoned in ["text/html", "image/svg+xml", "application/pdf\r\nX: 1", ""] {
            assert_eq!(known(poisoned), UNKNOWN);
        }
    }
}
