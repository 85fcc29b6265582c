//! `manifest.json`: which files there are and what they hold.

use std::{fs, path::Path};

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;

/// The list of files.
#[derive(Deserialize)]
pub struct Manifest {
    /// In the manifest's order.
    pub files: Vec<Entry>,
}

/// One file.
#[derive(Deserialize)]
pub struct Entry {
    /// Its path in the folder.
    pub file: String,
    /// `ubl`, `cii`, `zugferd-pdf`, `pdf-text`, `scan`, `hostile`, …
    pub format: String,
    /// What it holds, in the manifest's own words.
    pub expected: Option<Value>,
    /// What is to become of it.
    pub expected_outcome: Option<String>,
    /// Rules that it breaks.
    #[serde(default)]
    pub violates: Vec<String>,
    /// The file that it was made from.
    pub derived_from: Option<String>,
    /// Word boxes of its pages.
    #[serde(default)]
    pub boxes: Vec<String>,
    /// How a scan was degraded.
    pub degradation: Option<String>,
}

impl Manifest {
    /// Reads `folder`/manifest.json.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("manifest.json");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        serde_json::from_str(&text).with_context(|| path.display().to_string())
    }

    /// The files of one group, which is their folder.
    pub fn group(&self, group: &str) -> impl Iterator<Item = &Entry> {
        let prefix = format!("{group}/");
        self.files.iter().filter(move |entry| entry.file.starts_with(&prefix))
    }
}

impl Entry {
    /// Its bytes.
    pub fn bytes(&self, folder: &Path) -> anyhow::Result<Vec<u8>> {
        fs::read(folder.join(&self.file)).with_context(|| self.file.clone())
    }

    /// Its file's name alone.
    pub fn name(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or(&self.file)
    }
}
