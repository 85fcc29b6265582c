//! What a supplier has switched on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a markdown is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// It is to earn: where buyers answer too little to a lower price, nothing is marked down.
    Margin,
    /// It is to sell what would be thrown away, whatever that earns.
    Waste,
}

/// When a price is to move, and how far. One per product acts of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RuleKind {
    /// Down, where more expires than is expected to sell by then.
    Expiry {
        /// What for.
        aim: Aim,
        /// By how many thousandths of a per cent more is bought for each thousandth that the price falls; 1000 until
        /// the supplier's own prices say otherwise.
        elasticity_thousandths: u32,
        /// The most it takes off.
        down_max_bps: u32,
    },
    /// Up or down, where orders of the last days are beside what was expected of them.
    DemandIndex {
        /// So far from what was expected is as expected.
        dead_band_bps: u32,
        /// The most it adds; and only where stock does not last for `cover_days`.
        step_up_max_bps: u32,
        /// The most it takes off.
        step_down_max_bps: u32,
        /// Days that stock must last for.
        cover_days: u32,
    },
    /// Down, a step a week, where nobody has ordered for long.
    SlowMover {
        /// So long is not long.
        days_without_order: u32,
        /// What the first week takes off, and each week after it.
        step_bps: u32,
    },
}

impl RuleKind {
    /// Its name: a reason code, and what there is one of per product.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Expiry { .. } => "expiry",
            Self::DemandIndex { .. } => "demand_index",
            Self::SlowMover { .. } => "slow_mover",
        }
    }
}

/// How far a price may go, and how fast; where several rules act, the narrowest of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// Never below this.
    #[serde(rename = "floor_cents")]
    pub floor_minor: i64,
    /// Never above this; where nothing is said, a tenth above the supplier's own price.
    #[serde(rename = "ceiling_cents")]
    #[schema(required)]
    pub ceiling_minor: Option<i64>,
    /// The most that it rises above what it was when the day began.
    pub day_up_max_bps: u32,
    /// The most that it falls below what it was when the day began.
    pub day_down_max_bps: u32,
    /// A smaller change than this is none.
    pub hysteresis_bps: u32,
    /// Prices are multiples of this where the other limits allow it; 1, 10, 50 or 100.
    #[serde(rename = "round_to_cents")]
    pub round_to_minor: i64,
}

/// One rule, as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Which.
    pub id: Uuid,
    /// How often it was made otherwise, and one.
    pub revision: i64,
    /// When and how far.
    pub kind: RuleKind,
    /// Within what.
    pub limits: Limits,
}
