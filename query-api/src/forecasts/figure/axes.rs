//! What stands around the picture: lines across, days below, and what the areas are.

use chrono::{Datelike, NaiveDate, Weekday};
use maud::{Markup, html};

use super::{
    at,
    scale::{BOTTOM, LEFT, RIGHT, Scale},
};

/// About as wide as a letter of the legend, so that its entries stand apart in whatever typeface.
const LETTER_WIDTH: f64 = 6.2;
const SWATCH_WIDTH: f64 = 18.0;

/// Round quantities, each with its line.
pub(super) fn across(scale: &Scale) -> Markup {
    html! {
        @for (height, name) in scale.lines() {
            line class="ip-line" x1=(LEFT) x2=(RIGHT) y1=(at(height)) y2=(at(height)) {}
            text class="ip-number" x=(LEFT - 8.0) y=(at(height + 4.0)) { (name) }
        }
    }
}

/// A tick for every day, every Monday's date, and the weekdays of what is to come.
pub(super) fn days_below(scale: &Scale, (first, origin, end): (NaiveDate, NaiveDate, NaiveDate)) -> Markup {
    let days = || first.iter_days().take_while(move |day| *day < end);
    html! {
        @for day in days() {
            @let is_monday = day.weekday() == Weekday::Mon;
            line class="ip-ground" x1=(at(scale.left(day))) x2=(at(scale.left(day))) y1=(BOTTOM)
                y2=(BOTTOM + if is_monday { 8.0 } else { 3.0 }) {}
            @if is_monday {
                text class="ip-middle-text" x=(at(scale.middle(day))) y=(BOTTOM + 36.0) { (day.format("%-d %b")) }
            }
            @if day >= origin {
                text class="ip-small" x=(at(scale.middle(day))) y=(BOTTOM + 18.0) { (initial(day)) }
            }
        }
    }
}

fn initial(day: NaiveDate) -> char {
    day.weekday().to_string().chars().next().expect("every weekday has a name")
}

/// What is seen, in the order that it is read in; what is not on the picture is not named.
pub(super) fn legend(has_short_days: bool, has_closed_days: bool) -> Markup {
    let entries = [
        ("ip-wanted", "wanted", true),
        ("ip-short", "wanted, came short", has_short_days),
        ("ip-past", "95 % a day ahead, as it was forecast", true),
        ("ip-wide", "95 %", true),
        ("ip-likely", "80 %", true),
        ("ip-middle", "middle", true),
        ("ip-closed", "closed", has_closed_days),
    ];
    let mut left = 20.0;
    let placed = entries.into_iter().filter(|(.., is_there)| *is_there).map(|(class, name, _)| {
        let here = left;
        left += SWATCH_WIDTH + 6.0 + letters(name) * LETTER_WIDTH + 16.0;
        (class, name, here)
    });
    html! {
        @for (class, name, left) in placed {
            (swatch(class, left))
            text x=(at(left + SWATCH_WIDTH + 6.0)) y="80" { (name) }
        }
    }
}

fn swatch(class: &str, left: f64) -> Markup {
    html! {
        @if class == "ip-middle" {
            path class=(class) d=(format!("M{left:.1} 75.5H{:.1}", left + SWATCH_WIDTH)) {}
        } @else {
            rect class=(class) x=(at(left)) y="70" width=(SWATCH_WIDTH) height="11" {}
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful of letters")]
fn letters(name: &str) -> f64 {
    name.chars().count() as f64
}
