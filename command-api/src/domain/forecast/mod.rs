//! Forecasts of a supplier's demand: published once per run.

mod publish;

pub use publish::PublishForecast;

use events::forecast::{Forecast, ForecastEvent};

use super::{Decide, refusal::Refusal};

/// What can be asked of a supplier's forecasts.
#[derive(Clone, Debug)]
pub enum ForecastCommand {
    /// Says that a run's are there; nothing new where it was said already.
    Publish(ForecastEvent),
}

impl Decide for Forecast {
    type Command = ForecastCommand;

    fn decide(&self, command: ForecastCommand) -> Result<Vec<ForecastEvent>, Refusal> {
        let ForecastCommand::Publish(published) = command;
        let ForecastEvent::ForecastPublished { run_id, .. } = &published;
        Ok(if self.last_run_id == Some(*run_id) { vec![] } else { vec![published] })
    }
}

#[cfg(test)]
mod tests {
    use events::{
        Fold as _,
        forecast::ForecastScores,
        values::{ForecastRunId, SupplierId},
    };
    use uuid::Uuid;

    use super::*;

    fn published(run: u128) -> ForecastEvent {
        ForecastEvent::ForecastPublished {
            run_id: ForecastRunId(Uuid::from_u128(run)),
            supplier_id: SupplierId(Uuid::from_u128(7)),
            origin_day: "2026-11-21".parse().unwrap(),
            horizon_days: 14,
            input_position: 4_711,
            engine_version: "1".to_owned(),
            series: 20,
            failed: 0,
            scores: ForecastScores::default(),
        }
    }

    #[test]
    fn a_run_is_published_once() {
        let mut forecast = Forecast::default();
        for event in forecast.decide(ForecastCommand::Publish(published(1))).unwrap() {
            forecast.apply(&event);
        }
        assert_eq!(forecast.decide(ForecastCommand::Publish(published(1))), Ok(vec![]));
    }

    #[test]
    fn the_next_run_is_published_as_well() {
        let mut forecast = Forecast::default();
        forecast.apply(&published(1));
        assert_eq!(forecast.decide(ForecastCommand::Publish(published(2))), Ok(vec![published(2)]));
    }
}
