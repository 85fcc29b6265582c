//! What forecasts tell of themselves.

use chrono::{DateTime, TimeDelta, Utc};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use sqlx::{PgPool, Row, types::Json};

use super::part::Made;
use events::forecast::ForecastScores;

/// How long a whole run took in the process that ended it.
const DURATION: &str = "iris_forecast_job_duration_seconds";
/// Series by what came of them: `forecast`, or `failed`, which none should.
const SERIES: &str = "iris_forecast_series_total";
/// Suppliers that the write side would not record the run's forecasts for; the others are told all the same. Above zero
/// a supplier has a forecast that nobody was told of.
const REFUSED: &str = "iris_forecast_publications_refused_total";
/// Of the run that is shown: mean absolute error of forecasts for the next day, over the last 28 days, against that of
/// saying what the week before said. Above 1 the forecasts are worth nothing.
const MASE: &str = "iris_forecast_mase";
/// Of the run that is shown: scaled pinball loss of the quantiles; what orders are made from.
const SPL: &str = "iris_forecast_spl";
/// Of the run that is shown: the share of days that lay inside of the band of 95 %. 0.92 to 0.98 is as promised.
const COVERAGE: &str = "iris_forecast_coverage95";
/// Of the run that is shown: how much more was forecast than came; below zero, less.
const BIAS: &str = "iris_forecast_bias";
/// Time since the run that is shown was made; as it was when last looked at, which is every hour. Above a day and a
/// half a night was missed.
const AGE: &str = "iris_forecast_age_seconds";
/// Of the run that is shown: series whose demand has gone where the forecasts do not follow. Many at once are a fault
/// in what is fed in.
const DRIFT: &str = "iris_forecast_drift_series";

pub(super) fn describe() {
    describe_histogram!(DURATION, Unit::Seconds, "Time that a whole run of the forecasts took.");
    describe_counter!(SERIES, "Series, by what came of them.");
    describe_counter!(REFUSED, "Suppliers that could not be told of their forecasts.");
    describe_gauge!(MASE, "Mean absolute scaled error of the forecasts that are shown.");
    describe_gauge!(SPL, "Scaled pinball loss of the forecasts that are shown.");
    describe_gauge!(COVERAGE, "Share of late days inside of the 95 % band of the forecasts that are shown.");
    describe_gauge!(BIAS, "How much too high the forecasts that are shown were of late.");
    describe_gauge!(
        AGE,
        Unit::Seconds,
        "Time since the forecasts that are shown were made, looked at hourly."
    );
    describe_gauge!(DRIFT, "Series that have been off to one side for a while.");
}

pub(super) fn record_duration(took: TimeDelta) {
    histogram!(DURATION).record(took.as_seconds_f64().max(0.0));
}

pub(super) fn count_refused() {
    counter!(REFUSED).increment(1);
}

pub(super) fn count_series(made: &Made) {
    for (_, scores) in &made.scores {
        counter!(SERIES, "outcome" => "forecast").increment(scores.series.unsigned_abs());
        counter!(SERIES, "outcome" => "failed").increment(scores.failed.unsigned_abs());
    }
}

/// Sets the gauges to the run that is shown; leaves them alone where there is none.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a double; millionths of scores are small")]
pub(super) async fn show_current(pool: &PgPool, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let row = sqlx::query(
        "SELECT r.finished_at, r.scores FROM forecast.current c JOIN forecast.runs r USING (run_id)",
    )
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else { return Ok(()) };
    let scores: Option<Json<ForecastScores>> = row.try_get("scores")?;
    let finished_at: Option<DateTime<Utc>> = row.try_get("finished_at")?;
    if let Some(finished_at) = finished_at {
        gauge!(AGE).set((now - finished_at).as_seconds_f64().max(0.0));
    }
    let Some(Json(scores)) = scores else { return Ok(()) };
    let shown = [
        (MASE, scores.mase_millionths),
        (SPL, scores.spl_millionths),
        (COVERAGE, scores.coverage_millionths),
        (BIAS, scores.bias_millionths),
    ];
    for (name, millionths) in shown {
        if let Some(millionths) = millionths {
            gauge!(name).set(millionths as f64 / 1e6);
        }
    }
    gauge!(DRIFT).set(scores.drifting_series as f64);
    Ok(())
}
