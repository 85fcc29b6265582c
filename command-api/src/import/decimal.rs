//! Numbers as people write them, read exactly: no floats.

use platform::body::Invalid;

/// Reads `129,50`, `129.5` or `1 299,50` as a whole number of the smallest unit that `decimals` allows.
///
/// A comma is a decimal comma, and a point a decimal point; a number with both could mean either. Spaces may
/// part thousands. No sign.
///
/// # Errors
/// `invalid_number`, `too_many_decimals`; `out_of_range` above `max`.
pub fn scaled(text: &str, decimals: usize, max: i64) -> Result<i64, Invalid> {
    let (whole, fraction) = parts(text.trim()).ok_or_else(not_a_number)?;
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > decimals {
        let message = format!("Must have at most {decimals} decimals.");
        return Err(Invalid::new("too_many_decimals", message));
    }
    let digits = format!("{whole}{fraction:0<decimals$}");
    // Only digits by now, so whatever does not fit is too large.
    digits.parse().ok().filter(|number| *number <= max).ok_or_else(|| too_large(decimals, max))
}

/// The digits before and after the decimal sign.
fn parts(text: &str) -> Option<(String, &str)> {
    let (whole, fraction) = match text.split_once([',', '.']) {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text, ""),
    };
    let whole = without_thousands(whole)?;
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    (!whole.is_empty() && is_digits(&whole) && is_digits(fraction)).then_some((whole, fraction))
}

/// Spaces stand before groups of three digits, or the number is none.
fn without_thousands(whole: &str) -> Option<String> {
    let mut groups = whole.split([' ', '\u{A0}', '\u{202F}']);
    let first = groups.next()?;
    let mut joined = first.to_owned();
    for group in groups {
        if group.len() != 3 || !(1..=3).contains(&first.len()) {
            return None;
        }
        joined.push_str(group);
    }
    Some(joined)
}

fn not_a_number() -> Invalid {
    Invalid::new("invalid_number", "Must be a number from 0 up, such as 12 or 12,50.")
}

fn too_large(decimals: usize, max: i64) -> Invalid {
    let whole = max / 10_i64.pow(u32::try_from(decimals).expect("a few decimals"));
    Invalid::new("out_of_range", format!("Must be at most {whole}."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> &'static str {
        scaled(text, 2, 1_000_000).unwrap_err().code
    }

    #[test]
    fn comma_and_point_are_decimal_signs() {
        for (text, minor) in [
            ("129,50", 12_950),
            ("129.5", 12_950),
            ("0", 0),
            ("1 299,50", 129_950),
            ("1\u{A0}299", 129_900),
            (" 7,000 ", 700),
            ("00012", 1_200),
        ] {
            assert_eq!(scaled(text, 2, 1_000_000), Ok(minor), "{text}");
        }
    }

    #[test]
    fn what_could_mean_two_things_or_none_is_refused() {
        for text in [
            "", ",5", "5,", "1.299,50", "1,299.50", "1 29", "12 3456", "-1", "+1", "1e3", "12 kr", "١",
            "0x1", "NaN", "1  000",
        ] {
            assert_eq!(code(text), "invalid_number", "{text:?}");
        }
        assert_eq!(code("1,299"), "too_many_decimals");
        assert_eq!(code("0.30000000000000004"), "too_many_decimals");
        assert_eq!(code("10000,01"), "out_of_range");
        assert_eq!(code(&"9".repeat(60)), "out_of_range");
    }

    proptest! {
        #[test]
        fn every_amount_is_read_back_as_it_was_written(minor in 0..=1_000_000_000i64) {
            let text = format!("{},{:02}", minor / 100, minor % 100);
            prop_assert_eq!(scaled(&text, 2, 1_000_000_000), Ok(minor));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _either = scaled(&text, 3, 1_000);
        }
    }
}
