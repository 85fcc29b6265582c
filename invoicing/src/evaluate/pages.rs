//! Pages: PDFs with a text layer, and scans.

use std::{fs, path::Path};

use anyhow::Context;
use invoicing::{
    Invoice, Received, Refusal,
    invoice::Source,
    page::{self, Page, gate},
    reading::{Failure, Programs, read_pdf, read_picture},
    receive,
};
use serde::Serialize;
use serde_json::Value;

use super::{
    fields::{described, differences},
    lines::Tally,
    manifest::{Entry, Manifest},
};

/// How many pages were read, and how many of their lines were right.
#[derive(Debug, Default, Serialize)]
pub struct Score {
    pages: usize,
    f1: f64,
}

/// All four kinds, and how many invoices would have gone on with something wrong in them.
#[derive(Debug, Default)]
pub struct Pages {
    pub text_pdf: Score,
    pub scan_clean: Score,
    pub scan_light: Score,
    pub scan_heavy: Score,
    pub wrongly_automatic: usize,
}

pub fn measure(folder: &Path, manifest: &Manifest, programs: &dyn Programs) -> anyhow::Result<Pages> {
    let mut pages = Pages::default();
    let mut tallies = [const { Tally::new() }; 4];
    for entry in manifest.group("pdf-text").chain(manifest.group("scan")) {
        let expected =
            entry.expected.as_ref().with_context(|| format!("{}: nothing expected", entry.file))?;
        let kind = kind(entry);
        let invoice = read_entry(folder, entry, programs)?;
        // Scans are held to their numbers: OCR's spelling of names is not what money follows.
        let mut found = tallies[kind].add(expected, invoice.as_ref(), kind == 0);
        if let Some(invoice) = &invoice {
            let doubts = gate::doubts(invoice);
            let wrong = what_matters(expected, invoice);
            if doubts.is_empty() && !wrong.is_empty() {
                pages.wrongly_automatic += 1;
                eprintln!("{}: would have gone on by itself", entry.file);
            }
            found.push(format!("doubts: {doubts:?}"));
            found.extend(wrong);
        }
        for line in found {
            eprintln!("{}: {line}", entry.file);
        }
    }
    let [text_pdf, scan_clean, scan_light, scan_heavy] =
        tallies.map(|tally| Score { pages: tally.pages, f1: tally.f1() });
    Ok(Pages { text_pdf, scan_clean, scan_light, scan_heavy, ..pages })
}

/// 0 for a text layer, else by the degradation, which the file's name tells as well.
fn kind(entry: &Entry) -> usize {
    let degradation = entry.degradation.as_deref().unwrap_or_default();
    match entry.name() {
        _ if entry.format == "pdf-text" => 0,
        name if name.contains(".heavy.") || degradation.contains("strong noise") => 3,
        name if name.contains(".clean.") || degradation.starts_with("none") => 1,
        _ => 2,
    }
}

fn read_entry(folder: &Path, entry: &Entry, programs: &dyn Programs) -> anyhow::Result<Option<Invoice>> {
    match read_file(&entry.bytes(folder)?, programs) {
        Ok(invoice) => return Ok(Some(invoice)),
        Err(Failure::Absent(_)) => {}
        Err(failure) => {
            eprintln!("{}: {failure}", entry.file);
            return Ok(None);
        }
    }
    let (pages, source) = boxes(folder, entry)?;
    Ok(page::read(&pages, source))
}

/// The word boxes that the folder has of the page.
fn boxes(folder: &Path, entry: &Entry) -> anyhow::Result<(Vec<Page>, Source)> {
    let read = |name: &String| fs::read_to_string(folder.join(name)).with_context(|| name.clone());
    let with = |end: &str| entry.boxes.iter().filter(move |name| name.ends_with(end)).collect::<Vec<_>>();
    let mut pages = Vec::new();
    for (index, name) in with(".bbox.html").into_iter().enumerate() {
        for mut page in page::from_bbox(&read(name)?)? {
            page.number = u32::try_from(index + 1)?;
            pages.push(page);
        }
    }
    if !pages.is_empty() {
        return Ok((pages, Source::Text));
    }
    for (index, (words, numbers)) in with(".swe.tsv").into_iter().zip(with(".eng.tsv")).enumerate() {
        let number = u32::try_from(index + 1)?;
        let pass = |text: String| page::from_tsv(&text, number, 300);
        pages.push(page::merge_passes(&pass(read(words)?), &pass(read(numbers)?)));
    }
    Ok((pages, Source::Ocr))
}

/// Any file, as an upload would be read.
pub fn read_file(bytes: &[u8], programs: &dyn Programs) -> Result<Invoice, Failure> {
    let mut unheard = |_| {};
    let reading = match receive(bytes)? {
        Received::Structured(document) | Received::Hybrid { document, .. } => return Ok(document.invoice),
        Received::Pages { .. } => read_pdf(bytes, programs, &mut unheard)?,
        Received::Picture(_) => read_picture(bytes, programs, &mut unheard)?,
    };
    reading.invoice.ok_or(Failure::Refused(Refusal::NoInvoiceFound))
}

/// Differences in what money follows: everything but spelling, and what a page does not say.
fn what_matters(expected: &Value, invoice: &Invoice) -> Vec<String> {
    let mut expected = expected.clone();
    let remove = |value: &mut Value, keys: &[&str]| {
        if let Some(object) = value.as_object_mut() {
            object.retain(|key, _| !keys.contains(&key.as_str()));
        }
    };
    remove(&mut expected, &["buyer", "buyer_reference", "despatch_reference"]);
    if let Some(seller) = expected.get_mut("seller") {
        remove(seller, &["name"]);
    }
    for line in expected.get_mut("lines").and_then(Value::as_array_mut).into_iter().flatten() {
        remove(line, &["name", "description", "unit"]);
    }
    for change in
        expected.get_mut("document_allowances_charges").and_then(Value::as_array_mut).into_iter().flatten()
    {
        remove(change, &["reason"]);
    }
    differences(&expected, &described(invoice))
}
