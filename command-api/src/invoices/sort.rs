//! What a file is, by its bytes alone, and what can be read of it at once.

use events::invoice::Reading;
use invoicing::{
    Invoice, Received, Refusal,
    page::gate::Doubt,
    rules::{self, Finding, Grade, Level, closure},
    sniff::FileKind,
    xml::Document,
};

use super::{EXTRACTOR_VERSION, FILE_MAX_BYTES, Lane, Readers, reading};

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UBL or CII.
    Xml,
    /// Our own JSON.
    Json,
    /// A PDF that carries XML.
    HybridPdf,
    /// A PDF that does not.
    Pdf,
    /// A scan, or a photograph.
    Picture(FileKind),
}

/// A sorted file.
pub struct Sorted {
    /// What it is.
    pub kind: Kind,
    /// What is known of it.
    pub known: Known,
}

/// What is known of a sorted file.
pub enum Known {
    /// All that there is: it is structured.
    Read(Box<Reading>),
    /// Where its pages wait to be read.
    Pages(Lane),
}

impl Kind {
    /// As metrics and the jobs have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Xml => "xml",
            Self::Json => "json",
            Self::HybridPdf => "hybrid_pdf",
            Self::Pdf => "pdf",
            Self::Picture(_) => "picture",
        }
    }

    /// What the file is given back as.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Xml => "application/xml",
            Self::Json => "application/json",
            Self::HybridPdf | Self::Pdf => "application/pdf",
            Self::Picture(FileKind::Jpeg) => "image/jpeg",
            Self::Picture(FileKind::Tiff) => "image/tiff",
            Self::Picture(_) => "image/png",
        }
    }
}

/// Sorts a file. Takes a processor for some milliseconds, for a hostile file some seconds: not for a thread that
/// others wait for.
///
/// # Errors
/// Whatever shows in the bytes, or in what poppler says of them.
pub fn sort(bytes: &[u8], readers: &Readers) -> Result<Sorted, Refusal> {
    let received = invoicing::receive(bytes)?;
    let kind = match &received {
        Received::Structured(document) => {
            let reading = structured(document);
            return Ok(Sorted { kind: Kind::Xml, known: Known::Read(Box::new(reading)) });
        }
        Received::Hybrid { .. } => Kind::HybridPdf,
        Received::Pages { .. } => Kind::Pdf,
        Received::Picture(kind) => Kind::Picture(*kind),
    };
    // XML carries its attachments; nothing else needs so much, and pages cost by their bytes.
    if bytes.len() > FILE_MAX_BYTES {
        return Err(Refusal::TooLarge { bytes: bytes.len(), limit: FILE_MAX_BYTES });
    }
    let lane = match kind {
        Kind::Picture(_) => Lane::Ocr,
        _ => reading::lane_of_pdf(bytes, readers)?,
    };
    Ok(Sorted { kind, known: Known::Pages(lane) })
}

/// What an XML document says, held against the published rules.
pub fn structured(document: &Document) -> Reading {
    // Where an element stands twice, another reader may see the other one: a person looks.
    let repeated =
        document.repeated.iter().map(|place| Doubt::Unsure(format!("{place}, which stands twice")));
    Reading {
        document: document.invoice.clone(),
        extractor: EXTRACTOR_VERSION,
        findings: rules::check(document),
        doubts: repeated.collect(),
        ..Reading::default()
    }
}

/// What JSON says. The published rules speak of documents that it is not; whether it adds up is checked all the
/// same.
pub fn stated(document: Invoice) -> Sorted {
    let broken = |fault: &rules::Fault| fault.grade == Grade::Broken;
    let finding = |fault: rules::Fault| Finding {
        level: if broken(&fault) { Level::Fatal } else { Level::Warning },
        place: fault.line.map(|line| format!("lines[{line}]")).unwrap_or_default(),
        message: format!("is off by {} in minor units", fault.difference_minor),
        rule: fault.rule.to_owned(),
    };
    let findings = closure(&document).into_iter().map(finding).collect();
    let reading = Reading { document, extractor: EXTRACTOR_VERSION, findings, ..Reading::default() };
    Sorted { kind: Kind::Json, known: Known::Read(Box::new(reading)) }
}
