//! The one table: rows as they are measured, printed as Markdown and written as JSON.

use std::{fmt::Write as _, fs, path::Path};

use serde::Serialize;

use crate::{
    limit::{Bound, Limit},
    statistics::Spread,
};

/// What was measured, what it stands against, and what it is to hold.
#[derive(Debug, Serialize)]
pub struct Row {
    part: &'static str,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<Limit>,
    /// Absent without a limit, and where nothing could be measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_held: Option<bool>,
    note: String,
}

/// A peer measured in the same run.
#[derive(Debug, Serialize)]
struct Against {
    what: String,
    figure: Spread,
}

impl Row {
    /// A figure with its unit.
    pub fn figure(what: impl Into<String>, unit: &'static str, figure: Spread) -> Self {
        Self {
            part: "",
            what: what.into(),
            text: None,
            figure: Some(figure),
            unit,
            against: None,
            ratio: None,
            limit: None,
            is_held: None,
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

    /// It is to stay at or above the bound.
    pub fn at_least(self, bound: Bound) -> Self {
        self.limited(Limit::AtLeast(bound))
    }

    /// It is to stay at or below the bound.
    pub fn at_most(self, bound: Bound) -> Self {
        self.limited(Limit::AtMost(bound))
    }

    /// How the figure came about.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    fn limited(mut self, limit: Limit) -> Self {
        self.limit = Some(limit);
        self
    }

    fn line(&self) -> String {
        let ratio = self.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        let limit = self.limit.map_or_else(String::new, |limit| {
            let verdict = match self.is_held {
                Some(true) => "holds",
                Some(false) => "**misses**",
                None => "not measured",
            };
            format!("{}: {verdict}", limit.shown(self.unit))
        });
        let (ours, theirs) = (self.ours(), self.theirs());
        format!("| {} | {ours} | {theirs} | {ratio} | {limit} | {} |", self.what, self.note)
    }

    fn ours(&self) -> String {
        match (&self.text, self.figure) {
            (Some(text), _) => text.clone(),
            (None, Some(figure)) => shown(figure, self.unit),
            (None, None) => String::new(),
        }
    }

    fn theirs(&self) -> String {
        let theirs = self.against.as_ref();
        theirs.map_or_else(String::new, |against| {
            format!("{}: {}", against.what, shown(against.figure, self.unit))
        })
    }

    /// With its limit, and not within it.
    fn misses(&self) -> bool {
        self.limit.is_some() && self.is_held != Some(true)
    }
}

/// How a part of the run went.
#[derive(Debug, Serialize)]
pub struct Ended {
    pub part: &'static str,
    pub seconds: f64,
    /// Why it was broken off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// All rows, in the order measured, and the parts that they are of.
#[derive(Debug, Default, Serialize)]
pub struct Table {
    parts: Vec<Ended>,
    rows: Vec<Row>,
    #[serde(skip)]
    part: &'static str,
}

impl Table {
    /// Rows from here on are of that part.
    pub fn begin(&mut self, part: &'static str) {
        self.part = part;
    }

    /// The part is over, well or not.
    pub fn end(&mut self, ended: Ended) {
        self.parts.push(ended);
    }

    /// Adds the row, and says so on standard error: a run takes minutes.
    pub fn add(&mut self, mut row: Row) {
        row.part = self.part;
        let figure = row.figure.map(|figure| figure.median);
        row.is_held = row.limit.and_then(|limit| limit.is_held(figure, row.ratio));
        eprintln!("{}", row.line());
        self.rows.push(row);
    }

    /// Whether a part was broken off.
    pub fn has_failures(&self) -> bool {
        self.parts.iter().any(|part| part.failure.is_some())
    }

    /// As Markdown; medians, with the smallest and the largest in brackets. Then what misses its limit, and the parts
    /// that were broken off.
    pub fn markdown(&self) -> String {
        let mut text =
            "| What | Iris: median (min–max) | Against | Ratio | Limit | How |\n|---|---|---|---:|---|---|\n"
                .to_owned();
        for row in &self.rows {
            writeln!(text, "{}", row.line()).expect("a string takes any text");
        }
        self.write_missed(&mut text).expect("a string takes any text");
        text
    }

    /// The whole file anew: what a run that is stopped has measured stays.
    pub fn write_json(&self, path: &Path) -> anyhow::Result<()> {
        let draft = path.with_extension("json.new");
        fs::write(&draft, serde_json::to_string_pretty(self)?)?;
        Ok(fs::rename(draft, path)?)
    }

    fn write_missed(&self, text: &mut String) -> std::fmt::Result {
        let limited = self.rows.iter().filter(|row| row.limit.is_some()).count();
        let missed: Vec<&Row> = self.rows.iter().filter(|row| row.misses()).collect();
        if limited > 0 {
            writeln!(text, "\n{} of {limited} rows with a limit hold it.", limited - missed.len())?;
        }
        for row in missed {
            let limit = row.limit.map_or_else(String::new, |limit| limit.shown(row.unit));
            let against =
                row.ratio.map_or_else(String::new, |ratio| format!(" = {ratio:.2} × {}", row.theirs()));
            writeln!(text, "- misses {limit} ({}): {}: {}{against}", row.part, row.what, row.ours())?;
        }
        for part in &self.parts {
            if let Some(failure) = &part.failure {
                let first_line = failure.lines().next().unwrap_or_default();
                writeln!(text, "- FAILED: {} after {:.0} s: {first_line}", part.part, part.seconds)?;
            }
        }
        Ok(())
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
