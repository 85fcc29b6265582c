//! The engine against a folder of files with known content.

mod fields;
mod hostile;
mod lines;
mod manifest;
mod match_cases;
mod pages;
mod programs;
mod rules;
mod structured;

use std::path::Path;

use serde::Serialize;

use manifest::Manifest;
use programs::Sandboxed;

/// What is printed; field for field the contract's.
#[derive(Debug, Serialize)]
pub struct Report {
    xml: structured::Score,
    rules: rules::Score,
    text_pdf: pages::Score,
    scan_clean: pages::Score,
    scan_light: pages::Score,
    scan_heavy: pages::Score,
    hostile: hostile::Score,
    match_cases: match_cases::Score,
    wrong_automatic_matches: usize,
}

/// Measures everything; what differs is told on standard error, file by file.
pub fn run(folder: &Path) -> anyhow::Result<Report> {
    let manifest = Manifest::read(folder)?;
    let programs = Sandboxed::probe();
    let (match_cases, wrongly_matched) = match_cases::measure(folder, &manifest)?;
    let pages = pages::measure(folder, &manifest, &programs)?;
    Ok(Report {
        xml: structured::measure(folder, &manifest, &programs)?,
        rules: rules::measure(folder, &manifest)?,
        text_pdf: pages.text_pdf,
        scan_clean: pages.scan_clean,
        scan_light: pages.scan_light,
        scan_heavy: pages.scan_heavy,
        hostile: hostile::measure(folder, &manifest, &programs)?,
        match_cases,
        wrong_automatic_matches: wrongly_matched + pages.wrongly_automatic,
    })
}
