//! How far a price may go, and how fast.

use crate::{inputs::Standing, proposal::Guardrail, rule::Rule};

/// Where nothing else is said, a tenth above the supplier's own price.
const CEILING_BPS: i64 = 11_000;

/// The narrowest of what the rules allow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    floor: i64,
    ceiling: i64,
    /// The least and the most it may cost today.
    today: (i64, i64),
    hysteresis_bps: i64,
    round_to: i64,
}

impl Bounds {
    /// `None` where floors and ceilings leave no price.
    pub(crate) fn of(rules: &[&Rule], standing: &Standing) -> Option<Self> {
        let limits = || rules.iter().map(|rule| &rule.limits);
        let floor = limits().map(|limits| limits.floor_minor).max()?.max(1);
        let above = share(standing.base_minor, CEILING_BPS, Towards::Down);
        let ceiling = limits().map(|limits| limits.ceiling_minor.unwrap_or(above)).min()?;
        let up = i64::from(limits().map(|limits| limits.day_up_max_bps).min()?);
        let down = i64::from(limits().map(|limits| limits.day_down_max_bps).min()?).min(10_000);
        let start = standing.day_start_minor;
        let today = (share(start, 10_000 - down, Towards::Up), share(start, 10_000 + up, Towards::Down));
        let hysteresis_bps = i64::from(limits().map(|limits| limits.hysteresis_bps).max()?);
        let round_to = limits().map(|limits| limits.round_to_minor).max()?.max(1);
        (floor <= ceiling).then_some(Self { floor, ceiling, today, hysteresis_bps, round_to })
    }

    /// On its way back to the supplier's own price, no floor or ceiling stands in between: it is the supplier's word.
    pub(crate) fn back_to(self, base_minor: i64) -> Self {
        let (floor, ceiling) = (self.floor.min(base_minor), self.ceiling.max(base_minor));
        Self { floor, ceiling, round_to: 1, ..self }
    }

    /// The price that comes nearest to the target, and what held it back.
    pub(crate) fn hold(&self, target: i64, current: i64) -> (i64, Vec<Guardrail>) {
        let mut hit = Vec::new();
        let within = target.clamp(self.floor, self.ceiling);
        if within > target {
            hit.push(Guardrail::Floor);
        } else if within < target {
            hit.push(Guardrail::Ceiling);
        }
        let (least, most) = self.today;
        let held = within.clamp(least, most);
        if held > within {
            hit.push(Guardrail::DayDown);
        } else if held < within {
            hit.push(Guardrail::DayUp);
        }
        let rounded = self.rounded(held);
        let change = i128::from(rounded - current).abs() * 10_000;
        if rounded != current && change < i128::from(current) * i128::from(self.hysteresis_bps) {
            hit.push(Guardrail::Hysteresis);
            return (current, hit);
        }
        (rounded, hit)
    }

    /// A multiple where one is allowed: the day's bounds come first, then floor and ceiling.
    fn rounded(&self, held: i64) -> i64 {
        let (least, most) = self.today;
        let low = self.floor.clamp(least, most);
        let high = self.ceiling.clamp(least, most);
        let below = held - held.rem_euclid(self.round_to);
        let candidates = [below, below + self.round_to];
        candidates.into_iter().find(|price| (low..=high).contains(price)).unwrap_or(held)
    }
}

#[derive(Clone, Copy)]
enum Towards {
    Up,
    Down,
}

/// So many basis points of it.
fn share(minor: i64, bps: i64, towards: Towards) -> i64 {
    let product = i128::from(minor) * i128::from(bps);
    let share = match towards {
        Towards::Down => product.div_euclid(10_000),
        Towards::Up => (product + 9_999).div_euclid(10_000),
    };
    i64::try_from(share).unwrap_or(i64::MAX)
}

/// The supplier's own price with what the rules add and take off.
pub(crate) fn adjusted(base_minor: i64, bps: i64) -> i64 {
    share(base_minor, (10_000 + bps).max(0), Towards::Down)
}
