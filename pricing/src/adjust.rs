//! What each kind of rule asks for.

use chrono::NaiveDate;

use crate::{
    inputs::{DemandIndex, Expected, Inputs},
    proposal::{Because, Guardrail},
    rule::{Aim, RuleKind},
};

/// Markdowns are multiples of this: buyers do not see smaller ones.
const GRID_BPS: i64 = 250;
/// Up to a twentieth more than is expected to sell is no reason: forecasts are not better than that.
const SURPLUS_PER_CENT: i128 = 105;
/// Below this many thousandths of elasticity a markdown earns less than it costs (measured by simulation: about 1.4).
const PAYING_ELASTICITY_THOUSANDTHS: u32 = 1_400;
/// What lies beyond the dead band moves the price by a fifth of it.
const DAMPING: i64 = 5;
/// Older than a night and a half, a forecast is one that the last night did not make.
const AGE_HOURS_MAX: i64 = 36;
/// However long nobody ordered.
const SLOW_MAX_BPS: i64 = 5_000;

/// What a rule asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// So much, in basis points of the supplier's own price; never 0.
    Moves(i64, Because),
    /// Nothing.
    Nothing,
    /// Nothing, and that has a name.
    Barred(Guardrail),
    /// That the price stays as it is, whatever other rules ask for.
    Frozen(Guardrail),
}

pub(crate) fn asked(kind: &RuleKind, inputs: &Inputs) -> Asked {
    match *kind {
        RuleKind::Expiry { aim, elasticity_thousandths, down_max_bps } => {
            expiry(inputs, aim, elasticity_thousandths, down_max_bps)
        }
        RuleKind::DemandIndex { dead_band_bps, step_up_max_bps, step_down_max_bps, cover_days } => {
            let band = i64::from(dead_band_bps);
            demand_index(inputs, band, (step_up_max_bps.into(), step_down_max_bps.into()), cover_days)
        }
        RuleKind::SlowMover { days_without_order, step_bps } => {
            slow_mover(inputs, days_without_order.into(), step_bps.into())
        }
    }
}

fn expiry(inputs: &Inputs, aim: Aim, elasticity: u32, down_max_bps: u32) -> Asked {
    let surplus = |expected: &Expected| {
        surpluses(inputs, expected)
            .map(|(by, quantity, sells)| {
                (markdown(quantity, sells, elasticity, down_max_bps.into()), by, quantity, sells)
            })
            // Of equal ones the first day's, so that one reason is named and always the same.
            .max_by_key(|&(bps, by, ..)| (bps, std::cmp::Reverse(by)))
    };
    if inputs.stock.lots.iter().all(|lot| lot.expires_on < inputs.today) {
        return Asked::Nothing;
    }
    let expected = match usable(inputs.expected.as_ref()) {
        Ok(expected) => expected,
        Err(asked) => return asked,
    };
    match surplus(expected) {
        Some(_) if aim == Aim::Margin && elasticity < PAYING_ELASTICITY_THOUSANDTHS => {
            Asked::Barred(Guardrail::DoesNotPay)
        }
        Some((bps, by, quantity, expected)) if bps > 0 => {
            Asked::Moves(-bps, Because::Expiring { by, quantity, expected })
        }
        _ => Asked::Nothing,
    }
}

/// Days until which more expires than is expected to sell: the day, what expires, what sells.
fn surpluses<'a>(
    inputs: &'a Inputs,
    expected: &'a Expected,
) -> impl Iterator<Item = (NaiveDate, i64, i64)> + 'a {
    // What has expired can be sold no more, and costs nothing more by waiting.
    let sellable = inputs.stock.lots.iter().filter(|lot| lot.expires_on >= inputs.today);
    let by_day = sellable.scan(0_i64, |sum, lot| {
        *sum += lot.quantity;
        Some((lot.expires_on, *sum))
    });
    by_day.filter_map(|(by, quantity)| {
        let days = usize::try_from((by - inputs.today).num_days()).ok()?;
        let sells = *expected.sums.get(days)?;
        let is_surplus = i128::from(quantity) * 100 > i128::from(sells) * SURPLUS_PER_CENT;
        is_surplus.then_some((by, quantity, sells))
    })
}

/// The smallest step of the grid that is expected to sell it: `sells × (1 + elasticity × step) ≥ quantity`.
fn markdown(quantity: i64, sells: i64, elasticity: u32, down_max_bps: i64) -> i64 {
    let gain = i128::from(sells) * i128::from(elasticity);
    if gain <= 0 {
        return down_max_bps;
    }
    let missing = (i128::from(quantity) - i128::from(sells)) * 10_000_000;
    let bps = (missing + gain - 1) / gain;
    let steps = (bps + i128::from(GRID_BPS) - 1) / i128::from(GRID_BPS);
    i64::try_from(steps * i128::from(GRID_BPS)).unwrap_or(i64::MAX).min(down_max_bps)
}

fn demand_index(inputs: &Inputs, band: i64, (up_max, down_max): (i64, i64), cover_days: u32) -> Asked {
    let Some(DemandIndex { index_bps, orders, age_hours }) = inputs.demand.clone() else {
        return Asked::Barred(Guardrail::NoForecast);
    };
    if age_hours > AGE_HOURS_MAX {
        return Asked::Frozen(Guardrail::ForecastStale);
    }
    let expected = match usable(inputs.expected.as_ref()) {
        Ok(expected) => expected,
        Err(asked) => return asked,
    };
    let away = index_bps - 10_000;
    let beyond = (away.abs() - band) / DAMPING;
    if beyond <= 0 {
        return Asked::Nothing;
    }
    if away < 0 {
        let bps = beyond.min(down_max);
        return if bps == 0 {
            Asked::Nothing
        } else {
            Asked::Moves(-bps, Because::WantedLess { index_bps, orders })
        };
    }
    let until = usize::try_from(cover_days.max(1) - 1).unwrap_or(usize::MAX);
    if expected.sums.get(until).is_none_or(|sells| inputs.stock.sellable >= *sells) {
        return Asked::Barred(Guardrail::StockLasts);
    }
    let bps = beyond.min(up_max);
    if bps == 0 { Asked::Nothing } else { Asked::Moves(bps, Because::WantedMore { index_bps, orders }) }
}

fn slow_mover(inputs: &Inputs, patience: i64, step_bps: i64) -> Asked {
    let days = inputs.days_without_order;
    if days < patience || step_bps == 0 {
        return Asked::Nothing;
    }
    // Somebody may have ordered it in what was not yet counted.
    if inputs.orders_behind_hours != Some(0) {
        return Asked::Barred(Guardrail::OrdersNotCounted);
    }
    let steps = 1 + (days - patience) / 7;
    Asked::Moves(-(steps.saturating_mul(step_bps)).min(SLOW_MAX_BPS), Because::NoOrders { days })
}

fn usable(expected: Option<&Expected>) -> Result<&Expected, Asked> {
    match expected {
        None => Err(Asked::Barred(Guardrail::NoForecast)),
        Some(expected) if expected.age_hours > AGE_HOURS_MAX => Err(Asked::Frozen(Guardrail::ForecastStale)),
        Some(expected) if expected.is_drifting => Err(Asked::Frozen(Guardrail::SeriesDrifts)),
        Some(expected) => Ok(expected),
    }
}
