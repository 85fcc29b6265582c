//! Weekdays that a series has no demand on.

use chrono::{Datelike, NaiveDate};

use super::Observed;

/// Weeks that say on which weekdays there is demand.
const WEEKS: usize = 8;

/// Weekdays without demand are closed where chance alone would leave them empty less often.
const CHANCE_MAX: f64 = 0.01;

/// Weekdays that a series has no demand on: bit 0 is Monday, bit 6 Sunday. Those with zeros alone over the last eight
/// weeks, unless its days with demand are so few that chance might have passed them over.
pub fn closed_weekdays(observed: Observed<'_>) -> u8 {
    let skipped = observed.values.len().saturating_sub(WEEKS * 7);
    let days = observed.first.iter_days().zip(observed.values).skip(skipped);
    let (mut known, mut wanted) = ([0_u32; 7], [0_u32; 7]);
    for (day, value) in days.filter(|(_, value)| !value.is_nan()) {
        let weekday = day.weekday().num_days_from_monday() as usize;
        known[weekday] += 1;
        wanted[weekday] += u32::from(*value > 0.0);
    }
    let is_empty = |weekday: &usize| known[*weekday] > 0 && wanted[*weekday] == 0;
    let all: u32 = known.iter().sum();
    let open = all - (0..7).filter(is_empty).map(|weekday| known[weekday]).sum::<u32>();
    if chance_of_all_within(open, all, wanted.iter().sum()) > CHANCE_MAX {
        return 0;
    }
    (0..7).filter(is_empty).fold(0, |closed, weekday| closed | 1 << weekday)
}

/// How probable it is that days picked blindly from `all` all lie within `open` of them.
fn chance_of_all_within(open: u32, all: u32, picked: u32) -> f64 {
    (0..picked).map(|step| f64::from(open.saturating_sub(step)) / f64::from(all - step)).product()
}

/// Whether that day's weekday is among them.
pub(super) fn is_in(weekdays: u8, day: NaiveDate) -> bool {
    weekdays >> day.weekday().num_days_from_monday() & 1 == 1
}
