//! Forecasts of a supplier's demand: that there are new ones, and how good they were so far. The forecasts themselves
//! are rows, which follow from the log.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{
    envelope::StreamKind,
    fold::Fold,
    values::{ForecastRunId, SupplierId},
};

/// How a run's forecasts would have done lately, over all series of the supplier; millionths. Absent where no series
/// has a past to be judged by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForecastScores {
    /// Mean absolute error, over that of saying last week's.
    pub mase_millionths: Option<i64>,
    /// Scaled pinball loss: of the whole distribution, not its middle alone.
    pub spl_millionths: Option<i64>,
    /// The share of days inside of the band of 95 %.
    pub coverage_millionths: Option<i64>,
    /// How much too high; below zero, too low.
    pub bias_millionths: Option<i64>,
    /// Series that have been off to one side for a while.
    pub drifting_series: i64,
}

/// What happens to a supplier's forecasts; the stream has the supplier's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ForecastEvent {
    /// A run is whole, and its forecasts are shown from now on.
    ForecastPublished {
        /// The run.
        run_id: ForecastRunId,
        /// Whose products.
        supplier_id: SupplierId,
        /// The first day that is forecast; Swedish.
        origin_day: NaiveDate,
        /// How many days.
        horizon_days: i32,
        /// The demand that it was made from was that of the log up to here.
        input_position: i64,
        /// What it was made by; the same version makes the same of the same demand.
        engine_version: String,
        /// Series that were forecast.
        series: i64,
        /// Series that could not be.
        failed: i64,
        /// How good.
        scores: ForecastScores,
    },
}

/// A supplier's forecasts, as their events leave them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// The run that was published last.
    pub last_run_id: Option<ForecastRunId>,
}

impl Fold for Forecast {
    type Event = ForecastEvent;
    const KIND: StreamKind = StreamKind::Forecast;

    fn apply(&mut self, event: &ForecastEvent) {
        let ForecastEvent::ForecastPublished { run_id, .. } = event;
        self.last_run_id = Some(*run_id);
    }
}

impl cqrs_es::DomainEvent for ForecastEvent {
    fn event_type(&self) -> String {
        match self {
            Self::ForecastPublished { .. } => "ForecastPublished",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
