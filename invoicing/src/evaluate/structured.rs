//! XML, bare and inside PDFs.

use std::path::Path;

use invoicing::{
    Invoice, Received,
    hybrid::differences as differences_of_page,
    invoice::Source,
    page,
    reading::{Programs, pdf_words},
    receive,
};
use serde::Serialize;

use super::{
    fields::{described, differences},
    manifest::{Entry, Manifest},
};

#[derive(Debug, Default, Serialize)]
pub struct Score {
    files: usize,
    exact: usize,
}

pub fn measure(folder: &Path, manifest: &Manifest, programs: &dyn Programs) -> anyhow::Result<Score> {
    let mut score = Score::default();
    let is_structured =
        |entry: &&Entry| matches!(entry.format.as_str(), "ubl" | "cii" | "zugferd-pdf" | "zugferd-1.0-pdf");
    for entry in manifest.files.iter().filter(is_structured) {
        score.files += 1;
        let faults = faults(entry, &entry.bytes(folder)?, programs);
        if faults.is_empty() {
            score.exact += 1;
        }
        for fault in faults {
            eprintln!("{}: {fault}", entry.file);
        }
    }
    Ok(score)
}

/// Tells where the page of a hybrid says otherwise than its XML; that is no fault of the reading.
fn compare_page(entry: &Entry, bytes: &[u8], xml: &Invoice, programs: &dyn Programs) {
    let page = pdf_words(bytes, programs).ok().and_then(|pages| page::read(&pages, Source::Text));
    let found = page.map_or_else(Vec::new, |page| differences_of_page(xml, &page));
    if !found.is_empty() {
        eprintln!("{}: the page says otherwise: {found:?}", entry.file);
    }
}

fn faults(entry: &Entry, bytes: &[u8], programs: &dyn Programs) -> Vec<String> {
    let document = match receive(bytes) {
        Ok(Received::Structured(document)) => document,
        Ok(Received::Hybrid { document, .. }) => {
            compare_page(entry, bytes, &document.invoice, programs);
            document
        }
        // Nothing to compare with: the manifest asks that the version be named and no empty invoice made.
        Ok(Received::Pages { note: Some(_) }) if entry.expected.is_none() => return Vec::new(),
        Ok(_) => return vec!["no structured invoice found".to_owned()],
        Err(refusal) => return vec![format!("refused: {refusal}")],
    };
    entry.expected.as_ref().map_or_else(Vec::new, |expected| {
        let mut faults = differences(expected, &described(&document.invoice));
        faults.extend(document.repeated.iter().map(|path| format!("{path} stands twice")));
        faults
    })
}
