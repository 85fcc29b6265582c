//! Files that are to be refused, each for its own reason.

use std::path::Path;

use invoicing::{
    Refusal,
    reading::{Failure, Programs},
};
use serde::Serialize;

use super::{manifest::Manifest, pages};

#[derive(Debug, Default, Serialize)]
pub struct Score {
    files: usize,
    refused: usize,
}

pub fn measure(folder: &Path, manifest: &Manifest, programs: &dyn Programs) -> anyhow::Result<Score> {
    let mut score = Score::default();
    for entry in manifest.group("hostile") {
        score.files += 1;
        let wanted = entry.expected_outcome.as_deref().unwrap_or_default();
        match pages::read_file(&entry.bytes(folder)?, programs) {
            Err(Failure::Refused(refusal)) if fits(wanted, &refusal) => score.refused += 1,
            Err(failure) => eprintln!("{}: {wanted} expected, {failure}", entry.file),
            Ok(_) => eprintln!("{}: {wanted} expected, but it was taken", entry.file),
        }
    }
    Ok(score)
}

/// Whether the refusal says what the manifest says. Where it names no reason, any will do.
fn fits(wanted: &str, refusal: &Refusal) -> bool {
    match wanted {
        _ if wanted.contains("(depth)") => matches!(refusal, Refusal::TooDeep { .. }),
        _ if wanted.contains("DTD") => matches!(refusal, Refusal::DtdPresent),
        _ if wanted.contains("password") => matches!(refusal, Refusal::EncryptedPdf),
        _ if wanted.contains("truncated PDF") => matches!(refusal, Refusal::TruncatedPdf),
        _ if wanted.contains("not an invoice") => matches!(refusal, Refusal::NotAnInvoice { .. }),
        _ => true,
    }
}
