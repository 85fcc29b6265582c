//! Where a day and a quantity are on the picture.

use chrono::NaiveDate;
use events::values::Quantity;

pub(super) const WIDTH: f64 = 960.0;
pub(super) const HEIGHT: f64 = 400.0;
pub(super) const LEFT: f64 = 64.0;
pub(super) const RIGHT: f64 = 940.0;
pub(super) const TOP: f64 = 108.0;
pub(super) const BOTTOM: f64 = 344.0;
/// Lines across, the lowest one not counted: few enough to read, enough to compare.
const LINES_WANTED: f64 = 4.0;

/// Days from left to right, quantities from the lowest line up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    first: NaiveDate,
    day_width: f64,
    /// Units, not thousandths.
    step: f64,
    lines: u32,
}

impl Scale {
    /// Of that many days, on which no quantity is larger.
    pub(super) fn of(first: NaiveDate, days: u32, largest: Quantity) -> Self {
        let largest = units(largest).max(0.001);
        let step = round_step(largest / LINES_WANTED);
        let mut lines = 1;
        while f64::from(lines) * step < largest {
            lines += 1;
        }
        Self { first, day_width: (RIGHT - LEFT) / f64::from(days), step, lines }
    }

    /// The left edge of a day; the right one is the next day's.
    pub(super) fn left(&self, day: NaiveDate) -> f64 {
        let days = i32::try_from((day - self.first).num_days()).unwrap_or(i32::MAX);
        LEFT + f64::from(days) * self.day_width
    }

    /// The middle of a day.
    pub(super) fn middle(&self, day: NaiveDate) -> f64 {
        self.left(day) + self.day_width / 2.0
    }

    pub(super) fn day_width(&self) -> f64 {
        self.day_width
    }

    pub(super) fn height(&self, quantity: Quantity) -> f64 {
        let share = units(quantity) / (self.step * f64::from(self.lines));
        BOTTOM - share * (BOTTOM - TOP)
    }

    /// The lines across, from the lowest: where, and what they are called.
    pub(super) fn lines(&self) -> impl Iterator<Item = (f64, String)> {
        let decimals = if self.step < 0.01 {
            3
        } else if self.step < 0.1 {
            2
        } else {
            usize::from(self.step < 1.0)
        };
        (0..=self.lines).map(move |line| {
            let share = f64::from(line) / f64::from(self.lines);
            let name = format!("{:.decimals$}", f64::from(line) * self.step);
            (BOTTOM - share * (BOTTOM - TOP), grouped(&name))
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a place on a picture")]
fn units(quantity: Quantity) -> f64 {
    quantity.0 as f64 / 1_000.0
}

/// The smallest of 1, 2, 5, 10, 20 … that is no smaller.
fn round_step(step: f64) -> f64 {
    let magnitude = 10_f64.powf(step.log10().floor());
    let rounded = [1.0, 2.0, 5.0].into_iter().find(|mantissa| mantissa * magnitude >= step * 0.999_999);
    rounded.unwrap_or(10.0) * magnitude
}

/// `12 500`: thin spaces between thousands.
fn grouped(number: &str) -> String {
    let (whole, fraction) =
        number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    let mut text = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    fraction.map_or_else(|| text.clone(), |fraction| format!("{text}.{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(largest: i64) -> Vec<String> {
        let scale = Scale::of("2026-11-20".parse().unwrap(), 70, Quantity(largest));
        scale.lines().map(|(_, name)| name).collect()
    }

    #[test]
    fn lines_are_few_and_round_and_the_largest_is_below_the_last() {
        assert_eq!(names(7_300), ["0", "2", "4", "6", "8"]);
        assert_eq!(
            names(40_000_000),
            ["0", "10\u{2009}000", "20\u{2009}000", "30\u{2009}000", "40\u{2009}000"]
        );
        assert_eq!(names(900), ["0.0", "0.5", "1.0"]);
        assert_eq!(names(0).len(), 3, "nothing at all has a scale too");
    }

    #[test]
    fn days_fill_the_width_and_quantities_the_height() {
        let first: NaiveDate = "2026-11-20".parse().unwrap();
        let scale = Scale::of(first, 10, Quantity(4_000));
        let close = |left: f64, right: f64| assert!((left - right).abs() < 1e-6, "{left} {right}");
        close(scale.left(first), LEFT);
        close(scale.left(first + chrono::Days::new(10)), RIGHT);
        close(scale.height(Quantity(0)), BOTTOM);
        close(scale.height(Quantity(4_000)), TOP);
    }
}
