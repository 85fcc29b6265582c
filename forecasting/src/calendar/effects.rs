//! What special days do to demand, and the calendar of a series that comes of it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    closed_weekdays::{closed_weekdays, is_in},
    special_days::{Special, special_on},
};

/// A ratio below is of a closed day: nothing can be learned of the usual by dividing by it.
const CLOSED_BELOW: f64 = 0.05;

/// Demand of one series day by day.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// The day of the first value.
    pub first: NaiveDate,
    /// One for each day, `NaN` where it is not known.
    pub values: &'a [f64],
}

/// What one kind of day does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// Which.
    pub special: Special,
    /// Demand over that of a usual day of its weekday; shrunk to 1 where it was seen seldom.
    pub ratio: f64,
    /// Days that it was seen on, of all series together.
    pub observations: u32,
}

/// What special days do to the series of one kind; by kind of day, each once. Days of which nothing is known are usual.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Effects(pub Vec<Effect>);

impl Effects {
    /// Demand of that day over that of a usual one of its weekday.
    pub fn ratio_on(&self, day: NaiveDate) -> f64 {
        let Some(special) = special_on(day) else { return 1.0 };
        self.0.iter().find(|effect| effect.special == special).map_or(1.0, |effect| effect.ratio)
    }

    /// The calendar of a [`Task`](crate::Task): for each day of the history and `horizon` days more what it is to a
    /// usual one, 0 on weekdays that the series has come to have none on. A day with demand was not closed.
    pub fn calendar(&self, history: Observed<'_>, horizon: usize) -> Vec<f64> {
        let closed = closed_weekdays(history);
        let known = history.values.iter().copied().chain(std::iter::repeat(0.0));
        let days = history.first.iter_days().zip(known).take(history.values.len() + horizon);
        days.map(|(day, value)| {
            let ratio = self.ratio_on(day);
            let shut = is_in(closed, day) || ratio < CLOSED_BELOW;
            match (shut, value > 0.0) {
                (false, _) => ratio,
                (true, true) => ratio.max(CLOSED_BELOW),
                (true, false) => 0.0,
            }
        })
        .collect()
    }
}

#[cfg(test)]
mod tests;
