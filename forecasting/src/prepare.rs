//! A history made ready: known zeros before the first demand cut off, closed days and what the calendar does taken out.

use crate::{Kind, Task};

/// What the recursions run over.
pub(crate) struct Prepared {
    /// Oldest first; `NaN` where nothing is known.
    pub values: Vec<f64>,
    /// What the calendar makes of each of those, and of each step ahead.
    pub calendar: Vec<f64>,
    pub ahead: Vec<f64>,
    /// 1 where the history is too short to show one.
    pub season: usize,
    /// Whether zeros before the first demand were cut off, so that the first value is above zero by choice.
    pub trimmed: bool,
    pub demand: bool,
}

/// Zeros before the first demand that are kept where little follows it.
const STEPS_KEPT: usize = 20;
/// Seasons that have to be seen before one is believed.
const SEASONS_LEAST: usize = 4;
/// Older steps say nothing more: two years of days, ten of weeks.
const SEASONS_MOST: usize = 104;
const STEPS_MOST: usize = 520;

impl Prepared {
    pub(crate) fn of(task: &Task<'_>) -> Self {
        let history = task.history;
        let demand = task.kind == Kind::Demand;
        let wanted = |value: &f64| value.is_finite() && *value != 0.0;
        let lead = if demand { history.iter().position(wanted).unwrap_or(history.len()) } else { 0 };
        let most = if task.season > 1 { SEASONS_MOST * task.season } else { STEPS_MOST };
        let first =
            lead.min(history.len().saturating_sub(STEPS_KEPT)).max(history.len().saturating_sub(most));
        let ratio = |at: usize| {
            task.calendar.get(at).copied().filter(|ratio| ratio.is_finite()).unwrap_or(1.0).max(0.0)
        };
        let calendar: Vec<f64> = (first..history.len()).map(ratio).collect();
        // Nothing can be learned from a closed day.
        let usual = |(value, ratio): (&f64, &f64)| {
            if *ratio > 0.0 && value.is_finite() { value / ratio } else { f64::NAN }
        };
        let values: Vec<f64> = history[first..].iter().zip(&calendar).map(usual).collect();
        let season = task.season.max(1);
        let season = if values.len() >= SEASONS_LEAST * season { season } else { 1 };
        let ahead = (history.len()..history.len() + task.horizon).map(ratio).collect();
        Self { values, calendar, ahead, season, trimmed: first > 0 && first == lead, demand }
    }

    /// How many values are known.
    pub(crate) fn known(&self) -> usize {
        self.values.iter().filter(|value| !value.is_nan()).count()
    }
}
