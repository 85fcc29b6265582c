//! Forecasts as the outside hears of them.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::values::{ForecastRunId, SupplierId};

/// New forecasts of a supplier's demand are there to be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForecastPublished {
    /// Whose products.
    pub supplier_id: SupplierId,
    /// The run that made them.
    pub run_id: ForecastRunId,
    /// The first day that is forecast.
    pub origin_day: NaiveDate,
    /// How many days are.
    pub horizon_days: i32,
    /// How many series: products at each restaurant, and at all of them together.
    pub series: i64,
    /// Mean absolute error of late, over that of saying last week's, in millionths; null where there is no past.
    pub mase_millionths: Option<i64>,
    /// The share of days of late that lay inside of the band of 95 %, in millionths; null where there is no past.
    pub coverage_millionths: Option<i64>,
}
