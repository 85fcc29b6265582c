//! All that a price may depend on.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How the price stands, as the product's own events leave it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What the supplier itself asked last.
    pub base_minor: i64,
    /// What it costs now.
    pub current_minor: i64,
    /// What it cost when the Swedish day began, or when the supplier last set it since.
    pub day_start_minor: i64,
    /// When a rule last moved it.
    pub changed_at: Option<DateTime<Utc>>,
    /// Until when rules leave it alone, because the supplier undid one.
    pub held_until: Option<DateTime<Utc>>,
}

/// What is there of it, thousandths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockOnHand {
    /// On the shelf and not expired, promised goods included: what is expected to sell has those orders in it as well.
    pub sellable: i64,
    /// What of that expires, and when; sorted by day, each day once.
    pub lots: Vec<Lot>,
}

/// What expires on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// The last day that it can be sold on.
    pub expires_on: NaiveDate,
    /// Thousandths.
    pub quantity: i64,
}

/// How the product's orders of the last days stand to what was expected of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemandIndex {
    /// 10000 is as expected.
    pub index_bps: i64,
    /// How many orders speak.
    pub orders: i64,
    /// How old it is.
    pub age_hours: i64,
}

/// What is expected to sell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// The run that said so.
    pub run_id: Uuid,
    /// How old that is.
    pub age_hours: i64,
    /// It has been wrong in one direction for a while.
    pub is_drifting: bool,
    /// The median of what sells from today on: today, until tomorrow, and so on; thousandths, rising.
    pub sums: Vec<i64>,
}

/// All that a price may depend on: the supplier's own, and the time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// The hour that is priced.
    pub at: DateTime<Utc>,
    /// The Swedish day of that hour.
    pub today: NaiveDate,
    /// The price.
    pub standing: Standing,
    /// The stock.
    pub stock: StockOnHand,
    /// Whole days since the last that somebody wanted it on, or since it was first offered.
    pub days_without_order: i64,
    /// How old the oldest event is that orders were not yet counted from, whole hours; absent where none ever were.
    pub orders_behind_hours: Option<i64>,
    /// Orders against what was expected; absent where nothing was.
    pub demand: Option<DemandIndex>,
    /// What is expected; absent where nothing is.
    pub expected: Option<Expected>,
}
