//! A forecast as clients see it.

use chrono::{DateTime, NaiveDate, Utc};
use events::values::{ProductId, Quantity, RestaurantId, SupplierId, decimal};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    places::{ByLevel, by_level},
    series::{Run, Series, level},
    wanted::WantedDays,
};

/// The nightly run that a forecast is of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ForecastRunResource {
    /// The run.
    id: Uuid,
    /// The first day that it forecasts.
    origin_day: NaiveDate,
    /// When it was made.
    computed_at: DateTime<Utc>,
    /// The position of the log whose demand it knew: the same one gives the same forecasts.
    input_position: i64,
    /// Forecasts of different versions are not comparable.
    #[schema(example = "1")]
    engine_version: String,
}

/// What is expected of one product at one restaurant, or at all of them together.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ForecastResource {
    /// The buyer; null for all restaurants together, which is forecast for itself.
    restaurant_id: Option<RestaurantId>,
    /// What is bought.
    product_id: ProductId,
    /// Of whom.
    supplier_id: SupplierId,
    /// What the product is called.
    name: String,
    /// UN/ECE code of the unit that quantities are in.
    #[schema(example = "KGM")]
    unit: String,
    /// How demand comes: `smooth`, `erratic`, `intermittent`, `lumpy`, or `new` where little is known of it.
    #[schema(example = "smooth")]
    class: String,
    /// What it was made by, in a word.
    method: String,
    /// The run that it is of.
    run: ForecastRunResource,
    /// Day by day.
    days: Vec<ForecastDay>,
    /// Sums over the first 1, 2 … days: what an order has to last for. Not the sums of the days' quantiles.
    cumulative: Vec<ForecastSum>,
    /// How such forecasts have done lately.
    backtest: ForecastBacktest,
    /// What comes has left what is expected for some time: trust it less.
    drifting: bool,
    /// The run is older than 36 hours, or begins before yesterday: a night was missed.
    stale: bool,
}

/// One day ahead.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ForecastDay {
    /// The day, in Sweden.
    day: NaiveDate,
    /// The mean: of what the restaurant uses on the day, or of what all of them have delivered on it.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "4.2")]
    expected: Quantity,
    /// Below it with a probability of 2.5 %.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "1")]
    low: Quantity,
    /// Above it with a probability of 2.5 %.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "8.5")]
    high: Quantity,
    /// By probability: what is wanted stays at or below the quantity with so much of it.
    #[schema(value_type = std::collections::BTreeMap<String, String>, example = json!({"0.5": "4", "0.9": "7"}))]
    quantiles: ByLevel,
}

/// The first days ahead together.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ForecastSum {
    /// How many days.
    #[schema(example = 3)]
    days: usize,
    /// As of a day, of their sum.
    #[schema(value_type = std::collections::BTreeMap<String, String>, example = json!({"0.5": "13", "0.9": "18.5"}))]
    quantiles: ByLevel,
}

/// How forecasts of the day after have done on the last days, each made from what was known before it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ForecastBacktest {
    /// How many days, of those that were open and known.
    #[schema(example = 28)]
    days: i16,
    /// Of those, how many lay inside the band of 95 %.
    #[schema(example = 26)]
    inside: i16,
    /// The same in words.
    #[schema(example = "of the last 28 days, 26 lay inside the band")]
    sentence: String,
    /// Mean absolute error over that of repeating the week before: below 1 is better than that. Null where there is
    /// nothing to compare with.
    #[schema(example = 0.71)]
    mase: Option<f64>,
    /// How much more was expected than came, per cent; negative for less. Null where nothing came.
    #[schema(example = -2.5)]
    bias_percent: Option<f64>,
    /// Every day from the first of those, oldest first; of closed ones nothing was expected. Empty for totals over all
    /// restaurants unless `product_id` names one product.
    history: Vec<ForecastBacktestDay>,
}

/// A day that is over, and what had been expected of it the day before.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ForecastBacktestDay {
    /// The day, in Sweden.
    day: NaiveDate,
    /// What was wanted; at a restaurant spread over the days that a delivery lasts.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "5")]
    actual: Quantity,
    /// Lower end of the band of 95 %.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "1")]
    low: Quantity,
    /// Its middle.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "4.5")]
    expected: Quantity,
    /// Its upper end.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "9")]
    high: Quantity,
}

impl ForecastResource {
    /// The series as clients see it at that time, beside what was wanted on the days that are over, where that is told.
    pub(super) fn of(series: &Series, wanted: Option<&WantedDays>, now: DateTime<Utc>) -> Self {
        let (low, high) = (level(0.025), level(0.975));
        let days = series.days().map(|(ahead, day, expected)| ForecastDay {
            day,
            expected,
            low: series.quantile(low, ahead),
            high: series.quantile(high, ahead),
            quantiles: by_level(|level| series.quantile(level, ahead)),
        });
        let sums = series.days().map(|(ahead, ..)| ForecastSum {
            days: ahead + 1,
            quantiles: by_level(|level| series.cumulative(level, ahead)),
        });
        Self {
            restaurant_id: series.restaurant_id.map(Into::into),
            product_id: series.product_id.into(),
            supplier_id: series.supplier_id.into(),
            name: series.name.clone().unwrap_or_default(),
            unit: series.unit.clone().unwrap_or_default(),
            class: series.class.clone(),
            method: series.method.clone(),
            run: ForecastRunResource::of(&series.run),
            days: days.collect(),
            cumulative: sums.collect(),
            backtest: ForecastBacktest::of(series, wanted),
            drifting: series.is_drifting,
            stale: series.run.is_stale(now),
        }
    }
}

impl ForecastRunResource {
    /// The run as clients see it.
    pub(crate) fn of(run: &Run) -> Self {
        Self {
            id: run.id,
            origin_day: run.origin_day,
            computed_at: run.computed_at,
            input_position: run.input_position,
            engine_version: run.engine_version.clone(),
        }
    }
}

impl ForecastBacktest {
    fn of(series: &Series, wanted: Option<&WantedDays>) -> Self {
        let history = wanted.map(|wanted| {
            let days = series.backtest().into_iter();
            let day = days.map(|day| ForecastBacktestDay {
                day: day.day,
                actual: wanted.get(&day.day).copied().unwrap_or_default().quantity,
                low: day.low,
                expected: day.middle,
                high: day.high,
            });
            day.collect()
        });
        Self {
            days: series.backtest_days,
            inside: series.backtest_inside,
            sentence: sentence(series.backtest_days.into(), series.backtest_inside.into()),
            mase: series.mase_millionths.map(of_millionths),
            bias_percent: series.bias_millionths.map(|millionths| of_millionths(millionths * 100)),
            history: history.unwrap_or_default(),
        }
    }
}

/// How forecasts have done, in words.
pub(crate) fn sentence(days: i64, inside: i64) -> String {
    match days {
        0 => "there is no day yet that it could be judged by".to_owned(),
        1 => format!("of the last day, {inside} lay inside the band"),
        _ => format!("of the last {days} days, {inside} lay inside the band"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for display; far below 2^53")]
fn of_millionths(millionths: i64) -> f64 {
    millionths as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_is_told_of_no_day_of_one_and_of_many() {
        assert_eq!(sentence(28, 26), "of the last 28 days, 26 lay inside the band");
        assert_eq!(sentence(1, 1), "of the last day, 1 lay inside the band");
        assert_eq!(sentence(0, 0), "there is no day yet that it could be judged by");
    }
}
