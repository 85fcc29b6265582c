//! What rules and their limits look like in a body.

use deserr::Deserr;
use events::price_rule::RuleMode;
use platform::body::Faults;
use pricing::{Aim, Limits, RuleKind};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::fields::{Between, Choice, PriceCents};

/// Hundredths of a per cent, up to half.
type Half = Between<0, 5_000>;

/// When a price is to move, and how far.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, tag = "kind", rename_all = lowercase, deny_unknown_fields)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum RuleBody {
    /// Down, where more expires than is expected to sell by then.
    #[deserr(rename = "expiry")]
    Expiry {
        /// `margin`: only where a lower price is expected to pay; `waste`: whatever it earns.
        #[schema(value_type = Aim)]
        aim: Choice<Aim>,
        /// How much more is bought as the price falls, in thousandths: 1000 is a per cent for a per cent.
        #[deserr(default)]
        #[schema(value_type = u32, minimum = 0, maximum = 10000, required = false)]
        elasticity_thousandths: Option<Between<0, 10_000>>,
        /// The most it takes off; 5000 unless said.
        #[deserr(default)]
        #[schema(value_type = u32, minimum = 0, maximum = 5000, required = false)]
        down_max_bps: Option<Half>,
    },
    /// Up or down, where the orders of the last days are beside what was expected of them.
    #[deserr(rename = "demand_index")]
    DemandIndex {
        /// So far from what was expected is as expected; 1500 unless said.
        #[deserr(default)]
        #[schema(value_type = u32, minimum = 0, maximum = 5000, required = false)]
        dead_band_bps: Option<Half>,
        /// The most it adds; 300 unless said.
        #[deserr(default)]
        #[schema(value_type = u32, minimum = 0, maximum = 5000, required = false)]
        step_up_max_bps: Option<Half>,
        /// The most it takes off; 300 unless said.
        #[deserr(default)]
        #[schema(value_type = u32, minimum = 0, maximum = 5000, required = false)]
        step_down_max_bps: Option<Half>,
        /// Nothing becomes dearer that lasts for so many days; 2 unless said.
        #[deserr(default)]
        #[schema(value_type = u32, minimum = 1, maximum = 14, required = false)]
        cover_days: Option<Between<1, 14>>,
    },
    /// Down, a step a week, where nobody has ordered for long.
    #[deserr(rename = "slow_mover")]
    SlowMover {
        /// From so many days on.
        #[schema(value_type = u32, minimum = 7, maximum = 365)]
        days_without_order: Between<7, 365>,
        /// What each week takes off.
        #[schema(value_type = u32, minimum = 0, maximum = 5000)]
        step_bps: Half,
    },
}

/// How far a price may go, and how fast.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub(crate) struct LimitsBody {
    /// Never below this.
    floor_cents: PriceCents,
    /// Never above this; a tenth above the supplier's own price unless said.
    #[deserr(default)]
    ceiling_cents: Option<PriceCents>,
    /// The most it rises in a day; 300 unless said.
    #[deserr(default)]
    #[schema(value_type = u32, minimum = 0, maximum = 5000, required = false)]
    day_up_max_bps: Option<Half>,
    /// The most it falls in a day; 1000 unless said.
    #[deserr(default)]
    #[schema(value_type = u32, minimum = 0, maximum = 5000, required = false)]
    day_down_max_bps: Option<Half>,
    /// A smaller change is none; 100 unless said.
    #[deserr(default)]
    #[schema(value_type = u32, minimum = 0, maximum = 5000, required = false)]
    hysteresis_bps: Option<Half>,
    /// Prices are multiples of this where the other limits allow it: 1, 10, 50 or 100; 1 unless said.
    #[deserr(default)]
    #[schema(value_type = i64, minimum = 1, maximum = 100, required = false)]
    round_to_cents: Option<Between<1, 100>>,
}

impl RuleBody {
    pub(crate) fn kind(&self) -> RuleKind {
        match self {
            Self::Expiry { aim, elasticity_thousandths, down_max_bps } => RuleKind::Expiry {
                aim: aim.0,
                elasticity_thousandths: elasticity_thousandths.map_or(1_000, |value| value.get_u16().into()),
                down_max_bps: or(*down_max_bps, 5_000),
            },
            Self::DemandIndex { dead_band_bps, step_up_max_bps, step_down_max_bps, cover_days } => {
                RuleKind::DemandIndex {
                    dead_band_bps: or(*dead_band_bps, 1_500),
                    step_up_max_bps: or(*step_up_max_bps, 300),
                    step_down_max_bps: or(*step_down_max_bps, 300),
                    cover_days: cover_days.map_or(2, |days| days.get_u16().into()),
                }
            }
            Self::SlowMover { days_without_order, step_bps } => RuleKind::SlowMover {
                days_without_order: days_without_order.get_u16().into(),
                step_bps: step_bps.get_u16().into(),
            },
        }
    }
}

impl LimitsBody {
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            floor_minor: self.floor_cents.minor(),
            ceiling_minor: self.ceiling_cents.map(PriceCents::minor),
            day_up_max_bps: or(self.day_up_max_bps, 300),
            day_down_max_bps: or(self.day_down_max_bps, 1_000),
            hysteresis_bps: or(self.hysteresis_bps, 100),
            round_to_minor: self.round_to_cents.map_or(1, Between::get),
        }
    }
}

/// The mode that was asked for.
pub(crate) fn mode(mode: Option<Choice<RuleMode>>) -> Option<RuleMode> {
    mode.map(|mode| mode.0)
}

fn or(bps: Option<Half>, default: u32) -> u32 {
    bps.map_or(default, |bps| bps.get_u16().into())
}
