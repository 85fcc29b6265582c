//! Areas and lines over days. A day is as wide as its slot, for what is drawn is of days and not of moments.

use std::fmt::Write as _;

use chrono::NaiveDate;
use events::values::Quantity;

use super::scale::Scale;

/// A path around a rectangle per day, from its low to its high.
pub(super) fn area(scale: &Scale, days: impl Iterator<Item = (NaiveDate, Quantity, Quantity)>) -> String {
    outline(scale, &days.collect::<Vec<_>>())
}

fn outline(scale: &Scale, days: &[(NaiveDate, Quantity, Quantity)]) -> String {
    let mut path = String::new();
    for (place, &(day, _, high)) in days.iter().enumerate() {
        let letter = if place == 0 { 'M' } else { 'L' };
        let (left, top) = (scale.left(day), scale.height(high));
        write!(path, "{letter}{left:.1} {top:.1}H{:.1}", left + scale.day_width())
            .expect("a string takes it");
    }
    for &(day, low, _) in days.iter().rev() {
        let (left, bottom) = (scale.left(day), scale.height(low));
        write!(path, "L{:.1} {bottom:.1}H{left:.1}", left + scale.day_width()).expect("a string takes it");
    }
    if !path.is_empty() {
        path.push('Z');
    }
    path
}

/// A short line per day, at its quantity.
pub(super) fn steps(scale: &Scale, days: impl Iterator<Item = (NaiveDate, Quantity)>) -> String {
    let mut path = String::new();
    for (day, quantity) in days {
        let (left, height) = (scale.left(day), scale.height(quantity));
        let (from, to) = (left + 1.0, left + scale.day_width() - 1.0);
        write!(path, "M{from:.1} {height:.1}H{to:.1}").expect("a string takes it");
    }
    path
}
