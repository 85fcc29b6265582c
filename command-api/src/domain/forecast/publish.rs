//! Saying that a run's forecasts are there.

use chrono::NaiveDate;
use events::{
    forecast::{Forecast, ForecastEvent, ForecastScores},
    values::{ForecastRunId, SupplierId},
};

use super::ForecastCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access};

/// Publishes a run's forecasts of one supplier's demand. Only the system and ADMIN; changes nothing the second time.
#[derive(Clone, Debug)]
pub struct PublishForecast {
    /// The run.
    pub run_id: ForecastRunId,
    /// Whose products.
    pub supplier_id: SupplierId,
    /// The first day that is forecast.
    pub origin_day: NaiveDate,
    /// How many days.
    pub horizon_days: i32,
    /// What it was made from: the log up to here.
    pub input_position: i64,
    /// What it was made by.
    pub engine_version: String,
    /// Series that were forecast.
    pub series: i64,
    /// Series that could not be.
    pub failed: i64,
    /// How good.
    pub scores: ForecastScores,
}

impl Command for PublishForecast {
    fn operation(&self) -> &'static str {
        "publish_forecast"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        access::admin(unit)?;
        let supplier_id = self.supplier_id;
        let published = ForecastEvent::ForecastPublished {
            run_id: self.run_id,
            supplier_id,
            origin_day: self.origin_day,
            horizon_days: self.horizon_days,
            input_position: self.input_position,
            engine_version: self.engine_version.clone(),
            series: self.series,
            failed: self.failed,
            scores: self.scores,
        };
        let publish = ForecastCommand::Publish(published);
        let forecast = unit.decide::<Forecast>(supplier_id, Concerns::supplier(supplier_id), publish)?;
        Ok(Answer::ok(&forecast.state, forecast.revision))
    }
}
