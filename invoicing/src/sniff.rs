//! What a file is, by its bytes alone: names and declared types are claims.

use crate::refusal::Refusal;

/// The most bytes of an XML document or a PDF with attachments.
pub const BYTES_MAX: usize = 25 * 1024 * 1024;

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Some XML; its root decides further.
    Xml,
    /// A PDF.
    Pdf,
    /// A PNG picture.
    Png,
    /// A JPEG picture.
    Jpeg,
    /// A TIFF picture.
    Tiff,
}

/// What kind of file these bytes are.
///
/// # Errors
/// Empty, too large, or nothing that is known.
pub fn sniff(bytes: &[u8]) -> Result<FileKind, Refusal> {
    if bytes.is_empty() {
        return Err(Refusal::Empty);
    }
    if bytes.len() > BYTES_MAX {
        return Err(Refusal::TooLarge { bytes: bytes.len(), limit: BYTES_MAX });
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok(FileKind::Png);
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        return Ok(FileKind::Jpeg);
    }
    if bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*") {
        return Ok(FileKind::Tiff);
    }
    if starts_like_xml(bytes) {
        return Ok(FileKind::Xml);
    }
    // Readers accept a PDF whose header comes a little late (ISO 32000-2, annex I); so does poppler.
    let head = &bytes[..bytes.len().min(1024)];
    if head.windows(5).any(|window| window == b"%PDF-") {
        return Ok(FileKind::Pdf);
    }
    Err(Refusal::UnknownType)
}

/// After byte-order mark and white space stands `<` and then a letter, `?` or `!`; UTF-16 counts too.
fn starts_like_xml(bytes: &[u8]) -> bool {
    if bytes.starts_with(&[0xff, 0xfe, b'<', 0]) || bytes.starts_with(&[0xfe, 0xff, 0, b'<']) {
        return true;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    bytes.first() == Some(&b'<')
        && bytes.get(1).is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'?' | b'!' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_decide() {
        assert_eq!(sniff(b"\xef\xbb\xbf \n<Invoice/>"), Ok(FileKind::Xml));
        assert_eq!(sniff(b"junk\n%PDF-1.7"), Ok(FileKind::Pdf));
        assert_eq!(sniff(b"\xff\xd8\xff\xe0"), Ok(FileKind::Jpeg));
        assert_eq!(sniff(b"GIF89a"), Err(Refusal::UnknownType));
        assert_eq!(sniff(b""), Err(Refusal::Empty));
    }

    #[test]
    fn a_less_than_sign_alone_is_no_xml() {
        assert_eq!(sniff(b"< 5 kg"), Err(Refusal::UnknownType));
    }
}
