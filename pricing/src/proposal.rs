//! What came of it, and why.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A price, and how it came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// What it is to cost; the current price where nothing changes.
    pub new_minor: i64,
    /// What the rules asked for, before what holds them back.
    pub target_minor: i64,
    /// What moved it; sorted by kind and rule.
    pub adjustments: Vec<Adjustment>,
    /// What held it back; sorted, each once.
    pub guardrails: Vec<Guardrail>,
}

/// What one rule does to the supplier's own price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Adjustment {
    /// Which rule.
    pub rule_id: Uuid,
    /// As it stood then.
    pub rule_revision: i64,
    /// Its kind.
    pub kind: String,
    /// Up, or down where below zero; hundredths of a per cent.
    pub bps: i64,
    /// Why.
    pub because: Because,
}

/// Why a rule acts, in numbers; quantities are thousandths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Because {
    /// More expires than is expected to sell until then.
    Expiring {
        /// The last day it can be sold on.
        by: NaiveDate,
        /// What expires until then.
        quantity: i64,
        /// What is expected to sell until then.
        expected: i64,
    },
    /// More is ordered than was expected, and stock does not last.
    WantedMore {
        /// 10000 is as expected.
        index_bps: i64,
        /// How many orders say so.
        orders: i64,
    },
    /// Less is ordered than was expected.
    WantedLess {
        /// 10000 is as expected.
        index_bps: i64,
        /// How many orders say so.
        orders: i64,
    },
    /// Nobody has ordered it.
    NoOrders {
        /// For so many days.
        days: i64,
    },
}

/// What holds a price back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Guardrail {
    /// The supplier undid a rule's change: it is left alone for a while.
    Held,
    /// A rule changed it less than six hours ago.
    ChangedRecently,
    /// What is expected was said too long ago: nothing moves.
    ForecastStale,
    /// What is expected has been wrong in one direction: nothing moves.
    SeriesDrifts,
    /// Nothing is known of what to expect: rules that go by it do nothing.
    NoForecast,
    /// Orders were not yet counted: nothing is known of who did not order.
    OrdersNotCounted,
    /// The rules' floors and ceilings leave no price: nothing moves.
    LimitsConflict,
    /// A markdown would sell too little more to pay, which is what the rule is for.
    DoesNotPay,
    /// Stock lasts: nothing becomes dearer.
    StockLasts,
    /// It ends at the floor.
    Floor,
    /// It ends at the ceiling.
    Ceiling,
    /// It rises no further today.
    DayUp,
    /// It falls no further today.
    DayDown,
    /// The change would be too small to be one.
    Hysteresis,
}
