//! Days that are not like the others, shaded behind everything else.

use chrono::{Datelike, NaiveDate, Weekday};
use maud::{Markup, html};

use super::{
    Figure, at,
    scale::{BOTTOM, Scale, TOP},
};

/// A day, and what it is called.
pub(super) type DayOff = (NaiveDate, &'static str);

impl Figure<'_> {
    /// Those from one day to before another.
    pub(super) fn days_off(&self, from: NaiveDate, until: NaiveDate) -> Vec<DayOff> {
        let closed = self.closed_weekdays();
        let name = |day: NaiveDate| closed.contains(&day.weekday()).then_some("closed");
        let days = from.iter_days().take_while(|day| *day < until);
        days.filter_map(|day| Some((day, name(day)?))).collect()
    }

    /// Days of the week that nothing was wanted on, of what is otherwise wanted often.
    fn closed_weekdays(&self) -> Vec<Weekday> {
        let is_frequent = matches!(self.series.class.as_str(), "smooth" | "erratic");
        let wanted = || self.wanted.iter().filter(|(_, day)| day.quantity.is_positive() || day.is_censored);
        if !is_frequent || wanted().next().is_none() {
            return Vec::new();
        }
        let is_closed = |weekday: &Weekday| wanted().all(|(day, _)| day.weekday() != *weekday);
        (0..7).filter_map(|number| Weekday::try_from(number).ok()).filter(is_closed).collect()
    }
}

pub(super) fn shaded(scale: &Scale, days_off: &[DayOff]) -> Markup {
    let (width, height) = (at(scale.day_width()), BOTTOM - TOP);
    html! {
        @for (day, name) in days_off {
            rect class="ip-closed" x=(at(scale.left(*day))) y=(TOP) width=(width) height=(height) {
                title { (day) ": " (name) }
            }
        }
    }
}
