//! From the bytes of an upload to what can be read of them without a page.

use en16931_formats::zugferd::{self, Limits};

use crate::{
    refusal::Refusal,
    sniff::{FileKind, sniff},
    xml::{self, Document},
};

/// The most bytes that one stream of a PDF may inflate to.
const STREAM_BYTES_MAX: usize = 32 * 1024 * 1024;
/// The most bytes that all of them together may inflate to.
const INFLATED_BYTES_MAX: usize = 96 * 1024 * 1024;

/// What an upload turned out to be.
#[derive(Clone, Debug)]
pub enum Received {
    /// A structured invoice.
    Structured(Box<Document>),
    /// A PDF that carries its invoice as XML. The XML is the invoice; the page is compared with it.
    Hybrid {
        /// The name of the XML in the PDF.
        attachment: String,
        /// The invoice.
        document: Box<Document>,
    },
    /// A PDF without an invoice in it that can be read: its pages are.
    Pages {
        /// What the PDF carries that is not read, in words: `ZUGFeRD` 1.0 is.
        note: Option<&'static str>,
    },
    /// A picture, to be read by OCR.
    Picture(FileKind),
}

/// Sniffs, bounds and reads what can be read of the bytes alone.
///
/// # Errors
/// Everything that [`Refusal`] names and that shows in the bytes; pages and pictures may be refused
/// later, by the one who renders them.
pub fn receive(bytes: &[u8]) -> Result<Received, Refusal> {
    match sniff(bytes)? {
        FileKind::Xml => Ok(Received::Structured(Box::new(xml::read(bytes)?))),
        FileKind::Pdf => receive_pdf(bytes),
        kind => Ok(Received::Picture(kind)),
    }
}

fn receive_pdf(bytes: &[u8]) -> Result<Received, Refusal> {
    // A PDF ends in %%EOF; writers put at most a line or two behind it. Without it the file was cut
    // off on its way, and what a repairing reader would make of the rest is nobody's invoice.
    let tail = &bytes[bytes.len().saturating_sub(2048)..];
    if !tail.windows(5).any(|window| window == b"%%EOF") {
        return Err(Refusal::TruncatedPdf);
    }
    let limits =
        Limits::new().with_max_stream_bytes(STREAM_BYTES_MAX).with_max_total_bytes(INFLATED_BYTES_MAX);
    match zugferd::extract(bytes, &limits) {
        Ok(found) => read_attachment(&found.xml, found.filename),
        Err(zugferd::Error::NoInvoice { .. }) => Ok(Received::Pages { note: None }),
        Err(zugferd::Error::LimitExceeded { stream, .. }) => Err(Refusal::PdfBomb(stream.to_string())),
        Err(zugferd::Error::Pdf(message)) if is_about_encryption(&message) => Err(Refusal::EncryptedPdf),
        // Poppler repairs much that this parser does not read: the page decides.
        Err(_) if is_encrypted(bytes) => Err(Refusal::EncryptedPdf),
        Err(_) => Ok(Received::Pages { note: None }),
    }
}

fn read_attachment(xml_bytes: &[u8], attachment: String) -> Result<Received, Refusal> {
    match xml::read(xml_bytes) {
        Ok(document) => Ok(Received::Hybrid { attachment, document: Box::new(document) }),
        // An empty model of it would be an empty invoice; the page beside it is a whole one.
        Err(Refusal::Zugferd1) => {
            Ok(Received::Pages { note: Some("carries ZUGFeRD 1.0, which is not read; its page is") })
        }
        Err(refusal) => Err(refusal),
    }
}

fn is_about_encryption(message: &str) -> bool {
    let message = message.to_lowercase();
    message.contains("encrypt") || message.contains("password") || message.contains("decrypt")
}

/// The trailer names an encryption dictionary.
fn is_encrypted(bytes: &[u8]) -> bool {
    bytes.windows(8).any(|window| window == b"/Encrypt")
}
