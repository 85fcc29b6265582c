//! The picture of a forecast: what was wanted, how well that had been known, and what may come.
//!
//! An SVG complete in itself: light or dark as its reader has it, without a script, and told in words to those who do
//! not see it.

mod areas;
mod axes;
mod day_off;
mod scale;
mod style;

use chrono::{Days, NaiveDate};
use events::values::Quantity;
use maud::{Markup, PreEscaped, html};

pub(crate) use self::style::STYLE;
use self::{
    areas::{area, steps},
    axes::{across, days_below, legend},
    day_off::shaded,
    scale::{BOTTOM, HEIGHT, LEFT, Scale, TOP, WIDTH},
};
use super::{
    resource::sentence,
    series::{Series, level},
    wanted::WantedDays,
};
use crate::audit::unit_word;

/// How far back it looks.
pub(crate) const HISTORY_DAYS: u64 = 56;
/// A longer name would leave the picture.
const NAME_CHARS_MAX: usize = 70;
/// Part of a day's width that its bar takes.
const BAR_SHARE: f64 = 0.62;

/// What is drawn.
pub(crate) struct Figure<'a> {
    /// What is expected, and had been.
    pub(crate) series: &'a Series,
    /// What was wanted over the last [`HISTORY_DAYS`].
    pub(crate) wanted: &'a WantedDays,
}

impl Figure<'_> {
    /// The first day that a figure of a series shows, and the first that it does not know yet.
    pub(crate) fn history_of(series: &Series) -> (NaiveDate, NaiveDate) {
        (series.run.origin_day - Days::new(HISTORY_DAYS), series.run.origin_day)
    }

    /// The whole picture. Its ids are its product's, so that several can stand on one page.
    pub(crate) fn svg(&self) -> Markup {
        let (first, origin) = Self::history_of(self.series);
        let ahead = self.series.days().count();
        let days = u32::try_from(HISTORY_DAYS).unwrap_or(u32::MAX) + u32::try_from(ahead).unwrap_or(0);
        let scale = Scale::of(first, days, self.largest());
        let end = origin + Days::new(ahead as u64);
        let days_off = self.days_off(first, end);
        let now = at(scale.left(origin));
        let id = self.series.product_id.simple();
        let unit = unit_word(self.series.unit.as_deref().unwrap_or_default());
        html! {
            svg class="ip" xmlns="http://www.w3.org/2000/svg" role="img" viewBox=(format!("0 0 {WIDTH} {HEIGHT}"))
                aria-labelledby=(format!("ip-title-{id} ip-told-{id}")) {
                title id=(format!("ip-title-{id}")) { (self.title()) }
                desc id=(format!("ip-told-{id}")) { (self.told(unit)) }
                style { (PreEscaped(STYLE)) }
                rect class="ip-paper" width="100%" height="100%" {}
                text class="ip-title" x="20" y="32" { (self.title()) }
                text class="ip-said" x="20" y="54" { (unit) " per day, " (self.whose()) " · " (self.said()) }
                (legend(self.wanted.values().any(|day| day.is_censored), !days_off.is_empty()))
                (across(&scale))
                (shaded(&scale, &days_off))
                (self.past(&scale))
                (self.bars(&scale))
                (self.ahead(&scale))
                line class="ip-ground" x1=(LEFT) x2=(scale::RIGHT) y1=(BOTTOM) y2=(BOTTOM) {}
                line class="ip-now" x1=(now) x2=(now) y1=(TOP - 12.0) y2=(BOTTOM) {}
                text x=(at(scale.left(origin) + 6.0)) y=(TOP - 4.0) { "expected" }
                (days_below(&scale, (first, origin, end)))
            }
        }
    }

    fn title(&self) -> String {
        let name = self.series.name.as_deref().unwrap_or("A product");
        if name.chars().count() <= NAME_CHARS_MAX {
            return name.to_owned();
        }
        let shown: String = name.chars().take(NAME_CHARS_MAX - 1).collect();
        format!("{}…", shown.trim_end())
    }

    fn whose(&self) -> &'static str {
        if self.series.restaurant_id.is_some() { "one restaurant" } else { "all restaurants together" }
    }

    fn said(&self) -> String {
        sentence(self.series.backtest_days.into(), self.series.backtest_inside.into())
    }

    /// The picture in words.
    fn told(&self, unit: &str) -> String {
        let Some((last, ..)) = self.series.days().last() else { return self.said() };
        let sum = |of| self.series.cumulative(level(of), last);
        let past: Quantity = self.wanted.values().map(|day| day.quantity).sum();
        format!(
            "Wanted in the last {HISTORY_DAYS} days: {past} {unit}. Expected in the next {}: {} {unit}, with 95 % \
             probability from {} to {}. By forecasts a day ahead, {}.",
            last + 1,
            sum(0.5),
            sum(0.025),
            sum(0.975),
            self.said()
        )
    }

    fn largest(&self) -> Quantity {
        let wanted = self.wanted.values().map(|day| day.quantity);
        let tried = self.series.backtest().into_iter().map(|day| day.high);
        let ahead = self.series.days().map(|(ahead, ..)| self.series.quantile(level(0.975), ahead));
        wanted.chain(tried).chain(ahead).max().unwrap_or_default()
    }

    /// The band that had been forecast, behind what came.
    fn past(&self, scale: &Scale) -> Markup {
        let band = self.series.backtest();
        html! { path class="ip-past" d=(area(scale, band.iter().map(|day| (day.day, day.low, day.high)))) {} }
    }

    fn bars(&self, scale: &Scale) -> Markup {
        let width = scale.day_width() * BAR_SHARE;
        html! {
            @for (day, wanted) in self.wanted.iter().filter(|(_, day)| day.quantity.is_positive()) {
                @let top = scale.height(wanted.quantity);
                @let class = if wanted.is_censored { "ip-short" } else { "ip-wanted" };
                rect class=(class) x=(at(scale.middle(*day) - width / 2.0)) y=(at(top)) width=(at(width)) height=(at(BOTTOM - top)) {
                    title { (day) ": " (wanted.quantity) @if wanted.is_censored { ", came short" } }
                }
            }
        }
    }

    /// What may come: the band of 95 %, that of 80 % in it, and the middle.
    fn ahead(&self, scale: &Scale) -> Markup {
        let band = |low, high| {
            let (low, high) = (level(low), level(high));
            let days = self.series.days();
            area(
                scale,
                days.map(|(ahead, day, _)| {
                    (day, self.series.quantile(low, ahead), self.series.quantile(high, ahead))
                }),
            )
        };
        let middle = self.series.days().map(|(ahead, day, _)| (day, self.series.quantile(level(0.5), ahead)));
        html! {
            path class="ip-wide" d=(band(0.025, 0.975)) {}
            path class="ip-likely" d=(band(0.1, 0.9)) {}
            path class="ip-middle" d=(steps(scale, middle)) {}
        }
    }
}

/// A place, to a tenth of a point.
fn at(place: f64) -> String {
    format!("{place:.1}")
}
