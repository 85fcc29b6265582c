//! What the demand of a series is like: for pooling and for explaining, never for choosing a method. Choosing by these
//! classes does not do better than one good method for all.

use serde::{Deserialize, Serialize};

/// Steps from demand to demand from which on it is intermittent.
const INTERVAL: f64 = 1.32;

/// Squared coefficient of variation of sizes from which on they are uneven.
const VARIATION: f64 = 0.49;

/// How often there is demand, and how even it is.
///
/// # Source
/// Syntetos, Boylan and Croston (2005), *On the categorization of demand patterns*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// At nearly every step, of like size.
    Smooth,
    /// At nearly every step, of uneven size.
    Erratic,
    /// Now and then, of like size.
    Intermittent,
    /// Now and then, of uneven size.
    Lumpy,
}

/// The class of a series from its first demand on, unknown steps left out; `None` where there never was any.
pub fn classify(history: &[f64]) -> Option<Class> {
    let first = history.iter().position(|value| *value > 0.0)?;
    let known = history[first..].iter().copied().filter(|value| !value.is_nan());
    let (mut steps, mut demands, mut sum, mut squares) = (0.0, 0.0, 0.0, 0.0);
    for value in known {
        steps += 1.0;
        if value > 0.0 {
            demands += 1.0;
            sum += value;
            squares += value * value;
        }
    }
    let mean = sum / demands;
    let variation = (squares / demands - mean * mean).max(0.0) / (mean * mean);
    Some(match (steps / demands >= INTERVAL, variation >= VARIATION) {
        (false, false) => Class::Smooth,
        (false, true) => Class::Erratic,
        (true, false) => Class::Intermittent,
        (true, true) => Class::Lumpy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_demand_has_its_class() {
        assert_eq!(classify(&[5.0, 6.0, 5.0, 4.0]), Some(Class::Smooth));
        assert_eq!(classify(&[1.0, 9.0, 1.0, 1.0, 20.0]), Some(Class::Erratic));
        assert_eq!(classify(&[5.0, 0.0, 0.0, 6.0]), Some(Class::Intermittent));
        assert_eq!(classify(&[1.0, 0.0, 0.0, 30.0, 0.0, 1.0]), Some(Class::Lumpy));
    }

    #[test]
    fn what_was_before_the_first_demand_and_what_is_unknown_do_not_count() {
        assert_eq!(
            classify(&[0.0, 0.0, 0.0, 0.0, f64::NAN, 5.0, f64::NAN, f64::NAN, 5.0]),
            Some(Class::Smooth)
        );
    }

    #[test]
    fn no_demand_has_no_class() {
        assert_eq!(classify(&[]), None);
        assert_eq!(classify(&[0.0, f64::NAN, 0.0]), None);
    }
}
