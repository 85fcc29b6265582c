//! The one table: rows as they are measured, printed as Markdown and written as JSON.

use std::{fmt::Write as _, fs, path::Path};

use serde::Serialize;

use crate::statistics::Spread;

/// What was measured, and what it stands against.
#[derive(Debug, Serialize)]
pub struct Row {
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    figure: Option<Spread>,
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<Against>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    note: String,
}

/// A peer measured in the same run, or a limit.
#[derive(Debug, Serialize)]
struct Against {
    what: String,
    figure: Spread,
}

impl Row {
    /// A figure with its unit.
    pub fn figure(what: impl Into<String>, unit: &'static str, figure: Spread) -> Self {
        Self {
            what: what.into(),
            text: None,
            figure: Some(figure),
            unit,
            against: None,
            ratio: None,
            note: String::new(),
        }
    }

    /// Words: a setting.
    pub fn text(what: impl Into<String>, text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), figure: None, ..Self::figure(what, "", Spread::one(0.0)) }
    }

    /// The peer, in the same unit; the ratio is ours over theirs.
    pub fn against(mut self, what: impl Into<String>, figure: Spread) -> Self {
        self.ratio = self.figure.map(|ours| ours.median / figure.median);
        self.against = Some(Against { what: what.into(), figure });
        self
    }

    /// How the figure came about.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    fn line(&self) -> String {
        let ours = match (&self.text, self.figure) {
            (Some(text), _) => text.clone(),
            (None, Some(figure)) => shown(figure, self.unit),
            (None, None) => String::new(),
        };
        let against = self.against.as_ref().map_or_else(String::new, |against| {
            format!("{}: {}", against.what, shown(against.figure, self.unit))
        });
        let ratio = self.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        format!("| {} | {ours} | {against} | {ratio} | {} |", self.what, self.note)
    }
}

/// All rows, in the order measured.
#[derive(Debug, Default)]
pub struct Table(Vec<Row>);

impl Table {
    /// Adds the row, and says so on standard error: a run takes minutes.
    pub fn add(&mut self, row: Row) {
        eprintln!("{}", row.line());
        self.0.push(row);
    }

    /// As Markdown; medians, with the smallest and the largest in brackets.
    pub fn markdown(&self) -> String {
        let mut text =
            "| What | Iris: median (min–max) | Against | Ratio | How |\n|---|---|---|---:|---|\n".to_owned();
        for row in &self.0 {
            writeln!(text, "{}", row.line()).expect("a string takes any text");
        }
        text
    }

    pub fn write_json(&self, path: &Path) -> anyhow::Result<()> {
        Ok(fs::write(path, serde_json::to_string_pretty(&self.0)?)?)
    }
}

fn shown(figure: Spread, unit: &str) -> String {
    let median = amount(figure.median);
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    let (min, max) = (amount(figure.min), amount(figure.max));
    if min == max { format!("{median}{unit}") } else { format!("{median}{unit} ({min}–{max})") }
}

/// Three digits that count, or whole numbers with a comma at the thousands.
fn amount(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if size < 0.1 {
        return format!("{value:.4}");
    }
    if size < 10.0 {
        return format!("{value:.2}");
    }
    if size < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let places = digits.len();
    let comma = |place: usize| place > 0 && (places - place).is_multiple_of(3);
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if comma(place) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
