//! Structured invoices: UBL and CII.

mod header;
mod limits;
mod lines;
mod numbers;
mod payments;

use en16931_formats::{Error, Syntax as Written, report::Kind as EntryKind};

use crate::{
    invoice::{Invoice, Syntax},
    refusal::Refusal,
};

pub use limits::{DEPTH_MAX, ELEMENTS_MAX, TEXT_BYTES_MAX};

/// An invoice as the document states it, with the model that the rules run against.
#[derive(Clone, Debug)]
pub struct Document {
    /// What the engine goes on with.
    pub invoice: Invoice,
    /// The semantic model of EN 16931 that `rules` checks.
    pub model: Box<en16931::Invoice>,
    /// Elements that stand twice where the syntax allows one; the first was read. Not to be passed
    /// automatically: another reader may see the second.
    pub repeated: Vec<String>,
}

/// Reads UBL `Invoice` and `CreditNote`, and CII.
///
/// # Errors
/// Everything that makes the bytes no invoice, or one with a number or date that cannot be read: what
/// is half understood is not taken in.
pub fn read(bytes: &[u8]) -> Result<Document, Refusal> {
    limits::check(bytes)?;
    let source = std::str::from_utf8(bytes).map_err(|error| Refusal::Encoding(error.to_string()))?;
    let tree = roxmltree::Document::parse(source.trim_start_matches('\u{feff}'))
        .map_err(|error| Refusal::MalformedXml(error.to_string()))?;
    numbers::check(tree.root_element())?;
    let read = en16931_formats::read(bytes).map_err(refusal)?;
    if let Some(entry) = read.entries_of(EntryKind::Malformed).next() {
        let value = entry.value.as_deref().unwrap_or_default();
        return Err(Refusal::UnreadableValue {
            path: entry.path.clone(),
            value: value.chars().take(60).collect(),
        });
    }
    let syntax = if read.syntax == Written::Ubl { Syntax::Ubl } else { Syntax::Cii };
    let mut invoice = header::invoice(&read.invoice, syntax);
    invoice.payments = payments::read(tree.root_element(), syntax);
    let repeated = read.entries_of(EntryKind::Duplicate).map(|entry| entry.path.clone()).collect();
    Ok(Document { invoice, model: Box::new(read.invoice), repeated })
}

fn refusal(error: Error) -> Refusal {
    match error {
        Error::Encoding { found } => Refusal::Encoding(found),
        Error::TooDeep { limit, .. } => Refusal::TooDeep { limit },
        Error::NotAnInvoice { found } => Refusal::NotAnInvoice { root: found },
        other => Refusal::MalformedXml(other.to_string()),
    }
}
