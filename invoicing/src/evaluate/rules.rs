//! Documents that break one rule each, duplicates, and look-alikes.

use std::{fs, path::Path};

use anyhow::Context;
use invoicing::{
    Received,
    duplicate::{Duplicate, Fingerprint},
    receive, rules,
    rules::closure,
    xml::Document,
};
use serde::Serialize;

use super::manifest::{Entry, Manifest};

#[derive(Debug, Default, Serialize)]
pub struct Score {
    files: usize,
    named: usize,
}

pub fn measure(folder: &Path, manifest: &Manifest) -> anyhow::Result<Score> {
    let mut score = Score::default();
    for entry in manifest.group("rules") {
        score.files += 1;
        let faults = faults(folder, entry)?;
        if faults.is_empty() {
            score.named += 1;
        }
        for fault in faults {
            eprintln!("{}: {fault}", entry.file);
        }
    }
    Ok(score)
}

fn faults(folder: &Path, entry: &Entry) -> anyhow::Result<Vec<String>> {
    let bytes = entry.bytes(folder)?;
    let Some(document) = structured(&bytes) else { return Ok(vec!["not read".to_owned()]) };
    let mut broken: Vec<String> = rules::check(&document).into_iter().map(|finding| finding.rule).collect();
    broken.extend(closure(&document.invoice).into_iter().map(|fault| fault.rule.to_owned()));
    let missed = entry.violates.iter().filter(|rule| !broken.contains(rule));
    let mut faults: Vec<String> = missed.map(|rule| format!("{rule} is broken and was not named")).collect();
    if entry.violates.is_empty() && !broken.is_empty() {
        faults.push(format!("breaks nothing, but {broken:?} was named"));
    }
    if let Some(original) = &entry.derived_from {
        let original = fs::read(folder.join(original)).with_context(|| original.clone())?;
        let expects_duplicate = entry
            .expected_outcome
            .as_deref()
            .is_some_and(|outcome| outcome.contains("duplicate") && !outcome.contains("not a duplicate"));
        let found = duplicate(&document, &bytes, &original);
        // A broken copy of an invoice has its number, too: only what is otherwise sound is judged.
        if entry.violates.is_empty() && found.is_some() != expects_duplicate {
            faults.push(format!("duplicate: {found:?}"));
        }
    }
    Ok(faults)
}

fn structured(bytes: &[u8]) -> Option<Box<Document>> {
    match receive(bytes) {
        Ok(Received::Structured(document)) => Some(document),
        _ => None,
    }
}

fn duplicate(document: &Document, bytes: &[u8], original: &[u8]) -> Option<Duplicate> {
    let earlier = Fingerprint::of(&structured(original)?.invoice, original);
    Fingerprint::of(&document.invoice, bytes).duplicates(&earlier)
}
