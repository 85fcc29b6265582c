//! One series of the run that is shown, as the job wrote it.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use events::values::{Quantity, swedish_day};
use forecasting::{HORIZON_DAYS, LEVELS};
use sqlx::{FromRow, Row, postgres::PgRow};
use uuid::Uuid;

use super::MODELS;
use crate::{
    failure::ReadFailure,
    freshness::{Seen, checkpoint, names},
    sight::Sight,
};

/// The job runs every night: one that is older than this has missed one.
const STALE_AFTER: TimeDelta = TimeDelta::hours(36);

/// What [`Series`] is read from: `s` is a row of `forecast.series`, `r` its run, `n` its product.
pub(super) const COLUMNS: &str = "s.product_id, s.restaurant_id, s.supplier_id, s.class, s.method, s.mean, \
     s.quantiles, s.cumulative, s.backtest_days, s.backtest_inside, s.backtest_band, s.mase_millionths, s.bias_millionths, \
     s.is_drifting, s.lasts, r.run_id, r.origin_day, r.input_position, r.engine_version, \
     COALESCE(r.finished_at, r.started_at) AS computed_at, \
     n.state #>> '{state,details,name}' AS name, n.state #>> '{state,details,unit}' AS unit";

/// The run that a forecast is of.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Run {
    #[sqlx(rename = "run_id")]
    pub(crate) id: Uuid,
    pub(crate) origin_day: NaiveDate,
    pub(crate) computed_at: DateTime<Utc>,
    pub(crate) input_position: i64,
    pub(crate) engine_version: String,
}

impl Run {
    /// True where a night was missed: it was made long ago, or lately of days that are over.
    pub(crate) fn is_stale(&self, now: DateTime<Utc>) -> bool {
        is_stale(self.origin_day, self.computed_at, now)
    }
}

/// Whether a run of that first day, made then, is not the last night's or the one before it.
pub(crate) fn is_stale(origin_day: NaiveDate, computed_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - computed_at > STALE_AFTER || origin_day + Days::new(1) < swedish_day(now)
}

/// What is expected of one product at one restaurant, or at all of them, and how such forecasts have done.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Series {
    pub(crate) product_id: Uuid,
    pub(crate) restaurant_id: Option<Uuid>,
    pub(crate) supplier_id: Uuid,
    pub(crate) name: Option<String>,
    pub(crate) unit: Option<String>,
    pub(crate) class: String,
    pub(crate) method: String,
    mean: Vec<i64>,
    quantiles: Vec<i64>,
    cumulative: Vec<i64>,
    pub(crate) backtest_days: i16,
    pub(crate) backtest_inside: i16,
    backtest_band: Vec<i64>,
    pub(crate) mase_millionths: Option<i64>,
    pub(crate) bias_millionths: Option<i64>,
    pub(crate) is_drifting: bool,
    /// For how many days what comes on a Monday, Tuesday … is.
    pub(crate) lasts: Vec<i16>,
    #[sqlx(flatten)]
    pub(crate) run: Run,
}

/// Low, middle and high of one day that is over, as they were forecast the day before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BacktestDay {
    pub(crate) day: NaiveDate,
    pub(crate) low: Quantity,
    pub(crate) middle: Quantity,
    pub(crate) high: Quantity,
}

impl Series {
    /// The days ahead, the first of them 0, with what is expected of each.
    pub(crate) fn days(&self) -> impl Iterator<Item = (usize, NaiveDate, Quantity)> {
        let days = self.run.origin_day.iter_days().zip(&self.mean).take(HORIZON_DAYS);
        days.enumerate().map(|(ahead, (day, mean))| (ahead, day, Quantity(*mean)))
    }

    /// What that day stays below with the probability of that one of [`LEVELS`].
    pub(crate) fn quantile(&self, level: usize, ahead: usize) -> Quantity {
        at(&self.quantiles, level, ahead)
    }

    /// The same of the sum from the first day to that one.
    pub(crate) fn cumulative(&self, level: usize, ahead: usize) -> Quantity {
        at(&self.cumulative, level, ahead)
    }

    /// Every day from the first that the forecast was tried on to the one before the first that is forecast. There are
    /// more of them than `backtest_days` where some were closed, or came short.
    pub(crate) fn backtest(&self) -> Vec<BacktestDay> {
        let (bands, _) = self.backtest_band.as_chunks::<3>();
        let first = self.run.origin_day - Days::new(bands.len() as u64);
        let dated = first.iter_days().zip(bands);
        dated
            .map(|(day, &[low, middle, high])| BacktestDay {
                day,
                low: Quantity(low),
                middle: Quantity(middle),
                high: Quantity(high),
            })
            .collect()
    }
}

/// Of values level by level, each by day ahead; nothing where the job wrote fewer, which it does not.
fn at(values: &[i64], level: usize, ahead: usize) -> Quantity {
    Quantity(values.get(level * HORIZON_DAYS + ahead).copied().unwrap_or_default())
}

/// Where that level stands among [`LEVELS`].
pub(crate) fn level(wanted: f64) -> usize {
    let place = LEVELS.iter().position(|level| (level - wanted).abs() < 1e-9);
    place.expect("asked for levels that are kept alone")
}

/// Where the sum of the first days at that level stands in column `cumulative`, as SQL counts, from 1.
pub(crate) fn place_of(wanted: f64, days: usize) -> i32 {
    i32::try_from(level(wanted) * HORIZON_DAYS + days).expect("a hundred places or so")
}

/// What is expected of that product at that restaurant, or at all of them together.
pub(super) async fn series(
    sight: &Sight,
    product_id: Uuid,
    restaurant_id: Option<Uuid>,
) -> Result<Seen<Option<Series>>, ReadFailure> {
    // Two statements, for `IS NOT DISTINCT FROM` is not looked up in an index.
    let whose = if restaurant_id.is_some() {
        "s.restaurant_id = $3"
    } else {
        "s.restaurant_id IS NULL AND $3 IS NULL"
    };
    let sql = format!(
        "SELECT c.position, p.* FROM {} c LEFT JOIN LATERAL (
            SELECT {COLUMNS} FROM forecast.current f
            JOIN forecast.runs r ON r.run_id = f.run_id
            JOIN forecast.series s ON s.slot = f.slot AND s.product_id = $2 AND {whose}
            LEFT JOIN read.products n ON n.product_id = s.product_id LIMIT 1
         ) p ON true",
        checkpoint!()
    );
    let query = sqlx::query(&sql).bind(names(&MODELS)).bind(product_id).bind(restaurant_id);
    let row = query.fetch_one(&mut *sight.connection().await).await?;
    Ok(Seen { position: row.try_get("position")?, value: present(&row)? })
}

/// The totals of those products over all restaurants.
pub(crate) async fn totals_of(sight: &Sight, products: &[Uuid]) -> Result<Vec<Series>, ReadFailure> {
    let sql = format!(
        "SELECT {COLUMNS} FROM unnest($1::uuid[]) WITH ORDINALITY AS asked(product_id, place)
         CROSS JOIN forecast.current f
         JOIN forecast.runs r ON r.run_id = f.run_id
         JOIN forecast.series s ON s.slot = f.slot AND s.product_id = asked.product_id AND s.restaurant_id IS NULL
         LEFT JOIN read.products n ON n.product_id = s.product_id ORDER BY asked.place"
    );
    Ok(sqlx::query_as(&sql).bind(products).fetch_all(&mut *sight.connection().await).await?)
}

/// The series of a row, which has none where nothing was found beside the position.
pub(super) fn present(row: &PgRow) -> sqlx::Result<Option<Series>> {
    match row.try_get::<Option<Uuid>, _>("product_id")? {
        Some(_) => Series::from_row(row).map(Some),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_made_just_now_of_days_that_are_over_is_stale() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let now = at("2026-11-20T08:00:00Z");
        assert!(!is_stale(day("2026-11-20"), at("2026-11-20T01:00:00Z"), now));
        assert!(!is_stale(day("2026-11-19"), at("2026-11-19T22:00:00Z"), now));
        assert!(is_stale(day("2026-11-18"), now, now));
        assert!(is_stale(day("2026-11-20"), at("2026-11-18T19:00:00Z"), now));
    }
}
