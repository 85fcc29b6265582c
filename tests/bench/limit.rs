//! What a row of the table is to hold: a figure or a ratio, and the side on which it must stay.

use serde::Serialize;

/// Which number of the row the limit is about, and where it lies.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "of", content = "bound", rename_all = "snake_case")]
pub enum Bound {
    /// Ours, in the row's unit.
    Figure(f64),
    /// Ours over theirs.
    Ratio(f64),
}

/// A bound and its side.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    AtLeast(Bound),
    AtMost(Bound),
}

impl Limit {
    /// Whether it is held; nothing where there is no number to hold it.
    pub fn is_held(self, figure: Option<f64>, ratio: Option<f64>) -> Option<bool> {
        let (Self::AtLeast(bound) | Self::AtMost(bound)) = self;
        let (measured, bound) = match bound {
            Bound::Figure(bound) => (figure, bound),
            Bound::Ratio(bound) => (ratio, bound),
        };
        let measured = measured.filter(|measured| measured.is_finite())?;
        Some(match self {
            Self::AtLeast(_) => measured >= bound,
            Self::AtMost(_) => measured <= bound,
        })
    }

    /// As the table says it: `≥ 0.5 ×`, `≤ 50 ms`.
    pub fn shown(self, unit: &str) -> String {
        let (sign, bound) = match self {
            Self::AtLeast(bound) => ("≥", bound),
            Self::AtMost(bound) => ("≤", bound),
        };
        match bound {
            Bound::Figure(bound) => format!("{sign} {bound} {unit}").trim_end().to_owned(),
            Bound::Ratio(bound) => format!("{sign} {bound} ×"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_itself_is_within_and_each_side_has_its_own() {
        let (least, most) = (Limit::AtLeast(Bound::Ratio(0.5)), Limit::AtMost(Bound::Figure(50.0)));
        assert_eq!(least.is_held(None, Some(0.5)), Some(true));
        assert_eq!(least.is_held(Some(9.0), Some(0.49)), Some(false));
        assert_eq!(most.is_held(Some(50.0), None), Some(true));
        assert_eq!(most.is_held(Some(50.1), Some(0.1)), Some(false));
    }

    #[test]
    fn what_was_not_measured_is_not_held() {
        assert_eq!(Limit::AtMost(Bound::Ratio(2.0)).is_held(Some(1.0), None), None);
        assert_eq!(Limit::AtMost(Bound::Figure(2.0)).is_held(Some(f64::NAN), None), None);
    }
}
