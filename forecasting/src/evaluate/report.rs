//! What an evaluation says: a table beside the references, or one JSON document.

use serde::Serialize;

use super::references::References;
use super::scores::SUM_LEVELS;

/// How one panel was forecast; `owa` for the panels of the M4 contest alone.
#[derive(Serialize)]
pub struct Row {
    pub panel: &'static str,
    pub mase: f64,
    pub rmsse: f64,
    pub spl: f64,
    pub cov95: f64,
    pub owa: Option<f64>,
    /// Share of sums over the whole horizon that were within their quantile, at each of [`SUM_LEVELS`].
    #[serde(skip)]
    pub sums: [f64; 2],
    /// Pairs of a series and a fold.
    pub series: usize,
    /// Of all threads, forecasting alone.
    pub cpu_seconds: f64,
}

impl Row {
    fn measure(&self, name: &str) -> Option<f64> {
        match name {
            "mase" => Some(self.mase),
            "rmsse" => Some(self.rmsse),
            "spl" => Some(self.spl),
            _ => self.owa,
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    panels: &'a [Row],
}

/// Prints `{"panels":[…]}`.
pub fn print_json(rows: &[Row]) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(&Document { panels: rows })?);
    Ok(())
}

/// Prints a line for each panel, and below it the best single reference of each measure.
#[expect(clippy::cast_precision_loss, reason = "counts of series, far below 2^52")]
pub fn print_table(rows: &[Row], references: &References) {
    let [sum_90, sum_95] = SUM_LEVELS.map(|level| format!("sum<{level}"));
    println!(
        "{:<21} {:>7} {:>7} {:>7} {:>7} {:>7} {:>8} {:>8} {:>7} {:>12}",
        "panel", "MASE", "RMSSE", "SPL", "cov95", "OWA", sum_90, sum_95, "series", "series/CPU-s"
    );
    for row in rows {
        let owa = row.owa.map_or_else(|| "-".to_owned(), |owa| format!("{owa:.4}"));
        let speed = row.series as f64 / row.cpu_seconds;
        println!(
            "{:<21} {:>7.4} {:>7.4} {:>7.4} {:>7.4} {owa:>7} {:>8.4} {:>8.4} {:>7} {speed:>12.0}",
            row.panel, row.mase, row.rmsse, row.spl, row.cov95, row.sums[0], row.sums[1], row.series
        );
    }
    println!();
    for row in rows {
        for measure in ["mase", "rmsse", "spl", "owa"] {
            let best = references.best(row.panel, measure, row.series);
            if let (Some(value), Some(best)) = (row.measure(measure), best) {
                let change = 100.0 * (value / best.value - 1.0);
                println!(
                    "{:<21} {measure:<6} {value:.4}, best reference {:.4} ({}): {change:+.1} %",
                    row.panel, best.value, best.by
                );
            }
        }
    }
}
