//! What lies in a folder of series: panels, and every fault of their files.

use std::fmt;
use std::path::Path;

use anyhow::Context as _;
use forecasting::Kind;

/// What is known of a panel by its name.
pub struct PanelKind {
    pub name: &'static str,
    pub kind: Kind,
    /// Lag of the scale of MASE.
    pub scale_lag: usize,
    /// Whether it is measured against Naive2 as well.
    pub is_m4: bool,
}

const fn demand(name: &'static str, scale_lag: usize) -> PanelKind {
    PanelKind { name, kind: Kind::Demand, scale_lag, is_m4: false }
}

const fn m4(name: &'static str, scale_lag: usize) -> PanelKind {
    PanelKind { name, kind: Kind::Level, scale_lag, is_m4: true }
}

/// The panels that are looked for, in the order of the report.
pub const PANELS: [PanelKind; 8] = [
    demand("food_daily", 7),
    demand("fresh_daily", 7),
    demand("online_retail_weekly", 1),
    demand("carparts", 1),
    demand("uci_weekly", 1),
    m4("m4_weekly", 1),
    m4("m4_hourly", 24),
    m4("m4_daily100", 1),
];

/// The series of one file.
pub struct Panel {
    pub kind: &'static PanelKind,
    pub series: Vec<Series>,
}

/// One line of a panel.
pub struct Series {
    pub id: String,
    pub season: usize,
    pub horizon: usize,
    pub folds: Vec<usize>,
    pub step: usize,
    pub values: Vec<f64>,
}

impl Series {
    /// What was known at a fold, and what came: nothing after the first part may be seen when forecasting.
    pub fn split(&self, fold: usize) -> (&[f64], &[f64]) {
        let end = self.values.len() - fold * self.step;
        self.values[..end].split_at(end - self.horizon)
    }
}

/// A file that is not as it should be, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    pub file: String,
    pub line: u64,
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.file, self.line, self.text)
    }
}

/// Reads every panel that is there, and names every fault of every file.
pub fn read_folder(directory: &Path) -> anyhow::Result<(Vec<Panel>, Vec<Fault>)> {
    let (mut panels, mut faults) = (Vec::new(), Vec::new());
    for kind in &PANELS {
        let file = format!("{}.csv", kind.name);
        let path = directory.join(&file);
        if !path.exists() {
            continue;
        }
        let text = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let series = read(&file, &text, &mut faults);
        panels.push(Panel { kind, series });
    }
    Ok((panels, faults))
}

const COLUMNS: [&str; 7] = ["id", "m", "h", "folds", "step", "start", "values"];

fn read(file: &str, text: &[u8], faults: &mut Vec<Fault>) -> Vec<Series> {
    let mut lines = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let mut fault = |line, text| faults.push(Fault { file: file.to_owned(), line, text });
    match lines.headers() {
        Ok(header) if header.iter().eq(COLUMNS) => {}
        Ok(_) => fault(1, format!("the head must read {}", COLUMNS.join(","))),
        Err(error) => fault(1, error.to_string()),
    }
    let mut series = Vec::new();
    for record in lines.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                match read_line(&record) {
                    Ok(read) => series.push(read),
                    Err(texts) => texts.into_iter().for_each(|text| fault(line, text)),
                }
            }
            Err(error) => fault(error.position().map_or(0, csv::Position::line), error.to_string()),
        }
    }
    series
}

/// One series, or all that is wrong with its line.
fn read_line(record: &csv::StringRecord) -> Result<Series, Vec<String>> {
    if record.len() != COLUMNS.len() {
        return Err(vec![format!("{} columns where {} belong", record.len(), COLUMNS.len())]);
    }
    let mut faults = Vec::new();
    let mut whole = |column: usize, least: usize| match record[column].parse::<usize>() {
        Ok(value) if value >= least => value,
        _ => {
            faults.push(format!(
                "{} is not a whole number from {least}: '{}'",
                COLUMNS[column], &record[column]
            ));
            least
        }
    };
    let (season, horizon, step) = (whole(1, 1), whole(2, 1), whole(4, 0));
    let folds =
        record[3].split(';').map(str::parse).collect::<Result<Vec<usize>, _>>().unwrap_or_else(|_| {
            faults.push(format!("folds are not whole numbers: '{}'", &record[3]));
            Vec::new()
        });
    let mut values = Vec::new();
    for (at, text) in record[6].split(';').enumerate() {
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => values.push(value),
            _ => faults.push(format!("value {} is not a number: '{text}'", at + 1)),
        }
    }
    if faults.is_empty() {
        for fold in &folds {
            let used = fold.saturating_mul(step).saturating_add(horizon);
            if used >= values.len() {
                faults.push(format!(
                    "fold {fold} leaves nothing to learn from: {} values, {used} after it",
                    values.len()
                ));
            }
        }
    }
    if faults.is_empty() {
        Ok(Series { id: record[0].to_owned(), season, horizon, folds, step, values })
    } else {
        Err(faults)
    }
}
