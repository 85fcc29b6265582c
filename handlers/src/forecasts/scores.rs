//! How good forecasts would have been, summed up: integers, so that the order of adding does not matter.

use events::forecast::ForecastScores;
use forecasting::Backtest;
use sqlx::{Row, postgres::PgRow};

/// Beyond this a score says no more than that it is bad; sums of them stay far from the end of their type.
const SCORE_MAX: f64 = 1_000.0;

/// Sums over series; scores in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Scores {
    pub(super) series: i64,
    pub(super) failed: i64,
    pub(super) steps: i64,
    pub(super) inside: i64,
    pub(super) mase: Mean,
    pub(super) spl: Mean,
    pub(super) bias: Mean,
    pub(super) drifting: i64,
}

/// A sum, and of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mean {
    pub(super) sum: i64,
    pub(super) of: i64,
}

impl Scores {
    /// Adds a series that was forecast.
    pub(super) fn add(&mut self, backtest: &Backtest, is_drifting: bool) {
        self.series += 1;
        self.steps += i64::from(backtest.steps);
        self.inside += i64::from(backtest.inside);
        self.mase.add(backtest.mase);
        self.spl.add(backtest.spl);
        self.bias.add(backtest.bias);
        self.drifting += i64::from(is_drifting);
    }

    /// As `forecast.supplier_runs` has them, or sums of its rows.
    pub(super) fn of(row: &PgRow) -> Result<Self, sqlx::Error> {
        let mean =
            |sum: &str, of: &str| Ok::<_, sqlx::Error>(Mean { sum: row.try_get(sum)?, of: row.try_get(of)? });
        Ok(Self {
            series: row.try_get("series")?,
            failed: row.try_get("failed")?,
            steps: row.try_get("steps")?,
            inside: row.try_get("inside")?,
            mase: mean("mase", "mase_of")?,
            spl: mean("spl", "spl_of")?,
            bias: mean("bias", "bias_of")?,
            drifting: row.try_get("drifting")?,
        })
    }

    /// As events tell them.
    pub(super) fn told(&self) -> ForecastScores {
        let coverage = Mean { sum: self.inside.saturating_mul(1_000_000), of: self.steps };
        ForecastScores {
            mase_millionths: self.mase.millionths(),
            spl_millionths: self.spl.millionths(),
            coverage_millionths: coverage.millionths(),
            bias_millionths: self.bias.millionths(),
            drifting_series: self.drifting,
        }
    }
}

impl Mean {
    fn add(&mut self, score: Option<f64>) {
        if let Some(millionths) = score.and_then(millionths) {
            self.sum += millionths;
            self.of += 1;
        }
    }

    fn millionths(self) -> Option<i64> {
        (self.of > 0).then(|| self.sum / self.of)
    }
}

/// `None` of what is no number.
pub(super) fn millionths(score: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "it is clamped to thousands of millions")]
    score.is_finite().then(|| (score.clamp(-SCORE_MAX, SCORE_MAX) * 1e6).round() as i64)
}
