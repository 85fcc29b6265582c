//! How much of one product to order.

use serde::{Deserialize, Serialize};

use super::OnHand;
use crate::LEVELS;

/// How bad it is to run out, against how bad to have too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceClass {
    /// Keeps for weeks: nearly never to run out.
    Staple,
    /// Keeps for days.
    Fresh,
    /// What is left over is thrown away.
    ExpiryBound,
}

impl ServiceClass {
    /// Of what keeps for so many days; `None` keeps.
    pub const fn of_shelf_life(days: Option<u32>) -> Self {
        match days {
            Some(0..=3) => Self::ExpiryBound,
            Some(4..=14) => Self::Fresh,
            _ => Self::Staple,
        }
    }

    /// How often what is there is to last, in basis points. One of [`LEVELS`].
    pub const fn target_bps(self) -> u16 {
        match self {
            Self::Staple => 9_500,
            Self::Fresh => 8_000,
            Self::ExpiryBound => 6_000,
        }
    }
}

/// What a suggestion is made from. Quantities in thousandths.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Quantiles of the sum of demand over 1, 2 … days from today: for each of [`LEVELS`], each equally long. What is
    /// asked beyond their last day grows in proportion.
    pub cumulative: &'a [Vec<i64>],
    /// Days until the next delivery: [`Deliveries::days_until_next`](super::Deliveries::days_until_next).
    pub days_until_next: u32,
    /// Days to last for: [`Deliveries::protection_days`](super::Deliveries::protection_days).
    pub protection_days: u32,
    /// What is there.
    pub on_hand: OnHand,
    /// What comes before those days are over.
    pub on_order: i64,
    /// Days that it keeps from its delivery; `None` for longer than anybody waits.
    pub shelf_life_days: Option<u32>,
    /// What is in a pack, 1 at least.
    pub pack: i64,
    /// How bad it is to run out.
    pub class: ServiceClass,
    /// How often it is to last, in basis points, where somebody says so: one of [`LEVELS`]. `None` as for its class.
    pub service_bps: Option<u16>,
}

/// How many packs to order, and every number that led there. Quantities in thousandths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// Packs to order.
    pub packs: i64,
    /// The same in thousandths: packs times what is in one.
    pub quantity: i64,
    /// How often it is to last, in basis points.
    pub target_bps: u16,
    /// For how many days.
    pub protection_days: u32,
    /// What demand over those days stays within that often: what to order up to.
    pub level: i64,
    /// What demand over those days is as likely to be above as below.
    pub expected: i64,
    /// What is there.
    pub on_hand: OnHand,
    /// What is on its way.
    pub on_order: i64,
    /// The level less what is there and on its way; below zero where there is more than enough.
    pub need: i64,
    /// The most that can be expected to be used before it is too old; `None` for what keeps.
    pub shelf_life_cap: Option<i64>,
    /// Whether the need was above that.
    pub capped: bool,
    /// What is in a pack.
    pub pack: i64,
    /// How whole packs were made of it.
    pub rounding: Rounding,
}

/// How a need becomes whole packs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Nothing is needed.
    Nothing,
    /// It is whole packs already.
    Exact,
    /// Up, as half of the last pack or more is needed.
    Up,
    /// Up, as less than half is needed, but without it even the expected demand would run out.
    UpToExpected,
    /// Down, as less than half of the last pack is needed.
    Down,
}

/// Why nothing can be suggested: what the caller handed over is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Not as many rows as levels.
    #[error("{0} rows of quantiles where there are {levels} levels", levels = LEVELS.len())]
    Levels(usize),
    /// No day, or rows of different length.
    #[error("quantiles have no day, or not all as many")]
    Days,
    /// A pack of nothing.
    #[error("a pack has {0} thousandths in it")]
    Pack(i64),
    /// A service that no quantile is kept for.
    #[error("{0} basis points are none of the levels")]
    Service(u16),
}

/// What to order of one product: up to the level for its days, less what is there and on its way, no more than keeps,
/// in whole packs. Never less for less on hand; nothing where nothing is wanted.
pub fn suggest(line: &Line<'_>) -> Result<Suggestion, Unusable> {
    check(line)?;
    let on_order = line.on_order.max(0);
    let position = line.on_hand.quantity().saturating_add(on_order);
    let target_bps = line.service_bps.unwrap_or_else(|| line.class.target_bps());
    let level = demand(line, target_bps, line.protection_days);
    let expected = demand(line, 5_000, line.protection_days);
    let need = level.saturating_sub(position);
    let shelf_life_cap = line.shelf_life_days.map(|days| shelf_life_cap(line, days, position));
    let wanted = shelf_life_cap.map_or(need, |cap| need.min(cap));
    let (packs, rounding) = whole_packs(wanted, line.pack, expected.saturating_sub(position));
    Ok(Suggestion {
        packs,
        quantity: packs.saturating_mul(line.pack),
        target_bps,
        protection_days: line.protection_days,
        level,
        expected,
        on_hand: line.on_hand,
        on_order,
        need,
        shelf_life_cap,
        capped: wanted < need,
        pack: line.pack,
        rounding,
    })
}

fn check(line: &Line<'_>) -> Result<(), Unusable> {
    if line.cumulative.len() != LEVELS.len() {
        return Err(Unusable::Levels(line.cumulative.len()));
    }
    let days = line.cumulative[0].len();
    if days == 0 || line.cumulative.iter().any(|row| row.len() != days) {
        return Err(Unusable::Days);
    }
    if line.pack < 1 {
        return Err(Unusable::Pack(line.pack));
    }
    if let Some(service_bps) = line.service_bps
        && !is_kept(service_bps)
    {
        return Err(Unusable::Service(service_bps));
    }
    Ok(())
}

/// Demand over so many days at a level, which is one of [`LEVELS`].
fn demand(line: &Line<'_>, level_bps: u16, days: u32) -> i64 {
    let row = &line.cumulative[row_of(level_bps)];
    let days = days as usize;
    let Some(last) = days.checked_sub(1) else { return 0 };
    if let Some(sum) = row.get(last) {
        return (*sum).max(0);
    }
    let beyond = i128::from(row[row.len() - 1].max(0)) * days as i128 / row.len() as i128;
    i64::try_from(beyond).unwrap_or(i64::MAX)
}

fn row_of(level_bps: u16) -> usize {
    LEVELS
        .iter()
        .position(|known| is_level(*known, level_bps))
        .expect("the levels asked for are among those kept")
}

fn is_kept(level_bps: u16) -> bool {
    LEVELS.iter().any(|known| is_level(*known, level_bps))
}

fn is_level(known: f64, level_bps: u16) -> bool {
    (known - f64::from(level_bps) / 10_000.0).abs() < 1e-9
}

/// What demand from the delivery to the last day that it keeps is expected to take, rather above than below (0.6), less
/// what is used first: all that is there then. What is wanted before the delivery is met from what is there, or missed.
fn shelf_life_cap(line: &Line<'_>, keeps_days: u32, position: i64) -> i64 {
    const CAP_BPS: u16 = 6_000;
    let until_delivery = demand(line, CAP_BPS, line.days_until_next);
    let until_too_old = demand(line, CAP_BPS, line.days_until_next.saturating_add(keeps_days));
    until_too_old.saturating_sub(position.max(until_delivery)).max(0)
}

/// Half a pack or more is rounded up. Less than half is dropped, unless what is expected to be wanted would then not be
/// there: of a large pack, of which little is used, one is ordered before it runs out.
fn whole_packs(wanted: i64, pack: i64, expected_need: i64) -> (i64, Rounding) {
    if wanted <= 0 {
        return (0, Rounding::Nothing);
    }
    let (full, rest) = (wanted / pack, wanted % pack);
    if rest == 0 {
        return (full, Rounding::Exact);
    }
    if rest >= pack - rest {
        return (full + 1, Rounding::Up);
    }
    if expected_need > full * pack {
        return (full + 1, Rounding::UpToExpected);
    }
    (full, Rounding::Down)
}

#[cfg(test)]
mod tests;
