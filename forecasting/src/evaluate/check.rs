//! Measures held against values computed elsewhere, where the folder has some: seasonal naive forecasts of a few series.

use std::path::Path;

use anyhow::{Context as _, ensure};
use forecasting::metrics::{Scale, score};
use forecasting::{Kind, naive};
use serde::Deserialize;

use super::panel::Panel;

/// Where those values lie.
pub const FILE: &str = "metric_check.csv";
/// How far a measure may lie from them, which have six decimals.
const TOLERANCE: f64 = 1e-6;

#[derive(Deserialize)]
struct Row {
    panel: String,
    id: String,
    fold: usize,
    /// `seasonal_naive_m7` repeats the last seven values.
    method: String,
    smape: f64,
    mase: f64,
    rmsse: f64,
}

/// The values of a folder.
pub struct Check(Vec<Row>);

/// Reads them; nothing where there are none.
pub fn read(directory: &Path) -> anyhow::Result<Option<Check>> {
    let path = directory.join(FILE);
    if !path.exists() {
        return Ok(None);
    }
    let mut lines = csv::Reader::from_path(&path).with_context(|| format!("reading {}", path.display()))?;
    let rows = lines
        .deserialize()
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} is malformed", path.display()))?;
    Ok(Some(Check(rows)))
}

impl Check {
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// The largest difference of all rows whose panel is there.
    ///
    /// # Errors
    /// A measure that differs, and by how much; a row whose series is not in its panel.
    pub fn against(&self, panels: &[Panel]) -> anyhow::Result<f64> {
        let mut largest = 0.0_f64;
        for row in &self.0 {
            if let Some(panel) = panels.iter().find(|panel| panel.kind.name == row.panel) {
                largest = largest.max(row.difference(panel)?);
            }
        }
        Ok(largest)
    }
}

impl Row {
    fn difference(&self, panel: &Panel) -> anyhow::Result<f64> {
        let Self { panel: name, id, fold, method, .. } = self;
        let series = panel.series.iter().find(|series| series.id == *id && series.folds.contains(fold));
        let series = series.with_context(|| format!("{FILE}: {name} has no series {id} with fold {fold}"))?;
        let season = method.strip_prefix("seasonal_naive_m").and_then(|season| season.parse().ok());
        let season = season.with_context(|| format!("{FILE}: {method} is no method that is known"))?;
        let (known, came) = series.split(*fold);
        let demand = panel.kind.kind == Kind::Demand;
        let point = naive::seasonal_naive(known, season, series.horizon);
        let score = score(came, &point, &[], &Scale::of(known, panel.kind.scale_lag, demand));
        let mut largest = 0.0_f64;
        for (measure, ours, theirs) in [
            ("smape", score.smape, self.smape),
            ("mase", score.mase, self.mase),
            ("rmsse", score.rmsse, self.rmsse),
        ] {
            let difference = (ours - theirs).abs();
            ensure!(
                difference <= TOLERANCE,
                "{FILE}: {measure} of {name} {id}, fold {fold}, is {theirs} there and {ours} here"
            );
            largest = largest.max(difference);
        }
        Ok(largest)
    }
}
