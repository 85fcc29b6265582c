//! Reading the pages of one file: everything that takes a processor, on a thread of its own.

use events::invoice::Reading;
use invoicing::{
    Received, Refusal, hybrid,
    invoice::Source,
    page::gate::{Doubt, doubts},
    reading::{self, Drawn, Failure, Programs, Progress},
    sniff::{FileKind, sniff},
    xml::Document,
};

use super::{EXTRACTOR_VERSION, Lane, Readers, sort::structured};
use crate::domain::invoice::Content;

/// What came of reading a file.
pub struct ReadFile {
    /// What is recorded; its pages are not in it yet.
    pub content: Content,
    /// Its pages as pictures, for people.
    pub drawn: Vec<Drawn>,
}

/// Where a PDF waits: what has a text layer need not wait behind pictures.
///
/// # Errors
/// Poppler cannot read it, and says why.
pub fn lane_of_pdf(pdf: &[u8], readers: &Readers) -> Result<Lane, Refusal> {
    match reading::needs_ocr(pdf, &readers.at_the_door()) {
        Ok(true) => Ok(Lane::Ocr),
        Err(Failure::Refused(refusal)) => Err(refusal),
        // Without poppler, or with a machine in trouble, it is taken in; the worker says what becomes of it.
        Ok(false) | Err(_) => Ok(Lane::Text),
    }
}

/// Reads a file.
///
/// # Errors
/// What is not the file's fault; its own faults are its [`Content`].
pub fn read(
    bytes: &[u8],
    programs: &dyn Programs,
    progress: &mut dyn FnMut(Progress),
) -> Result<ReadFile, Failure> {
    let content = match read_content(bytes, programs, progress) {
        Ok(content) => content,
        Err(Failure::Refused(refusal)) => unreadable(&refusal),
        // Nothing on this server reads it, so a person does.
        Err(Failure::Absent(_)) => Content::Manual,
        Err(failure) => return Err(failure),
    };
    let drawn = match &content {
        Content::Unreadable { .. } | Content::Pending => Vec::new(),
        Content::Read(_) | Content::Manual => draw(bytes, programs)?,
    };
    Ok(ReadFile { content, drawn })
}

/// What a sender is told of a file whose pages cannot be read.
pub fn unreadable(refusal: &Refusal) -> Content {
    let (code, message) = (super::code(refusal).to_owned(), super::sentence(refusal));
    Content::Unreadable { code, message }
}

fn read_content(
    bytes: &[u8],
    programs: &dyn Programs,
    progress: &mut dyn FnMut(Progress),
) -> Result<Content, Failure> {
    match invoicing::receive(bytes)? {
        Received::Structured(document) => Ok(Content::Read(Box::new(structured(&document)))),
        Received::Hybrid { attachment, document } => {
            read_hybrid(bytes, attachment, &document, programs, progress)
        }
        Received::Pages { note } => {
            let read = reading::read_pdf(bytes, programs, progress)?;
            let content = of_pages(read)?;
            Ok(with_note(content, note))
        }
        Received::Picture(_) => of_pages(reading::read_picture(bytes, programs, progress)?),
    }
}

/// The XML is the invoice; the page is what people see, and must say the same.
fn read_hybrid(
    bytes: &[u8],
    attachment: String,
    document: &Document,
    programs: &dyn Programs,
    progress: &mut dyn FnMut(Progress),
) -> Result<Content, Failure> {
    let mut reading = Reading { attachment: Some(attachment), ..structured(document) };
    let page = match reading::read_pdf(bytes, programs, progress) {
        Ok(page) => page.invoice,
        // Passing it unseen would let its page say anything.
        Err(Failure::Absent(program)) => {
            reading.doubts.push(Doubt::Unsure(format!("its page: {program} is not installed")));
            None
        }
        Err(failure) => return Err(failure),
    };
    let Some(page) = page else { return Ok(Content::Read(Box::new(reading))) };
    reading.differences = hybrid::differences(&reading.document, &page);
    // Some profiles carry sums and no lines: then the page has to say what was sold.
    if reading.document.lines.is_empty() && !page.lines.is_empty() {
        reading.doubts.extend(doubts(&page));
        reading.document = page;
        reading.findings.clear();
        reading.note = Some("its XML has no lines; they were read from its page".to_owned());
    }
    Ok(Content::Read(Box::new(reading)))
}

fn of_pages(read: reading::Reading) -> Result<Content, Failure> {
    let reading::Reading { source, invoice, doubts: found, .. } = read;
    let (document, doubts) = match (invoice, source) {
        (Some(invoice), _) => (invoice, found),
        // A scan on which nothing was found may be a bad scan: a person looks at it.
        (None, Source::Ocr) => {
            let nothing = invoicing::Invoice::default();
            let doubts = doubts(&nothing);
            (nothing, doubts)
        }
        (None, _) => return Err(Refusal::NoInvoiceFound.into()),
    };
    let reading = Reading { document, doubts, extractor: EXTRACTOR_VERSION, ..Reading::default() };
    Ok(Content::Read(Box::new(reading)))
}

fn with_note(mut content: Content, note: Option<&str>) -> Content {
    if let Content::Read(reading) = &mut content {
        reading.note = note.map(ToOwned::to_owned);
    }
    content
}

/// Pictures help a person who looks; what was read stands without them.
fn draw(bytes: &[u8], programs: &dyn Programs) -> Result<Vec<Drawn>, Failure> {
    let kind = match sniff(bytes) {
        Ok(kind) if kind != FileKind::Xml => kind,
        _ => return Ok(Vec::new()),
    };
    match reading::draw_pages(bytes, kind, programs) {
        Ok(drawn) => Ok(drawn),
        Err(Failure::Cancelled) => Err(Failure::Cancelled),
        Err(failure) => {
            tracing::warn!(error = &failure as &dyn std::error::Error, "pages are not drawn");
            Ok(Vec::new())
        }
    }
}
