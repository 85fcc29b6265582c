//! The check digits of Swedish numbers.

/// Whether the last digit is the mod-10 check digit of those before it.
///
/// Organisation numbers, bankgiro, plusgiro and OCR references all carry one.
///
/// # Source
/// ISO/IEC 7812-1, annex B (Luhn).
pub fn is_luhn(digits: &str) -> bool {
    if digits.len() < 2 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            if place % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// A Swedish organisation number: ten digits of which the last is a check digit.
pub fn is_organisation_number(digits: &str) -> bool {
    digits.len() == 10 && is_luhn(digits)
}

/// A bankgiro number: seven or eight digits with a check digit.
pub fn is_bankgiro(digits: &str) -> bool {
    matches!(digits.len(), 7 | 8) && is_luhn(digits)
}

/// A plusgiro number: two to eight digits with a check digit.
pub fn is_plusgiro(digits: &str) -> bool {
    (2..=8).contains(&digits.len()) && is_luhn(digits)
}

/// The longest reference that Bankgirot and Plusgirot take.
const OCR_DIGITS_MAX: usize = 25;

/// A payment reference of the OCR kind: 2 to 25 digits with a check digit.
pub fn is_ocr_reference(digits: &str) -> bool {
    (2..=OCR_DIGITS_MAX).contains(&digits.len()) && is_luhn(digits)
}

/// The payment reference of an invoice of that number: its digits, a digit for the length, a check digit.
///
/// What is no digit is left out; of a number too long for a reference the last 23 digits are taken. The
/// result is always an [`is_ocr_reference`].
///
/// # Source
/// Bankgirot, OCR-referenskontroll, "variabel längd": the last digit is the mod-10 check digit, the one
/// before it the last digit of how long the whole reference is.
pub fn ocr_reference(number: &str) -> String {
    let digits = digits(number);
    let kept = &digits[digits.len().saturating_sub(OCR_DIGITS_MAX - 2)..];
    let unchecked = format!("{kept}{}", (kept.len() + 2) % 10);
    let check = (0..10).map(|digit| format!("{unchecked}{digit}")).find(|whole| is_luhn(whole));
    check.expect("each digit changes the sum by another amount, so one of ten makes it a multiple of ten")
}

/// A GTIN of 8, 12, 13 or 14 digits with its check digit.
///
/// # Source
/// GS1 General Specifications, 7.9.1: weights 3 and 1 from the right, mod 10.
pub fn is_gtin(digits: &str) -> bool {
    if !matches!(digits.len(), 8 | 12 | 13 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let weighed = digits.bytes().rev().enumerate().map(|(place, byte)| {
        let digit = u32::from(byte - b'0');
        if place % 2 == 0 { digit } else { digit * 3 }
    });
    weighed.sum::<u32>().is_multiple_of(10)
}

/// The digits of `text`, its separators left out.
pub fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_digit_is_found() {
        assert!(is_organisation_number("5510000119"));
        assert!(!is_organisation_number("5510000118"));
        assert!(is_bankgiro("9991233") && !is_bankgiro("9991234"));
    }

    #[test]
    fn two_neighbours_that_change_places_are_found() {
        assert!(is_ocr_reference("26051284"));
        assert!(!is_ocr_reference("62051284"));
    }

    #[test]
    fn a_misread_gtin_is_found() {
        assert!(is_gtin("2000003629565") && is_gtin("4012345001235"));
        assert!(!is_gtin("2090003629565"));
    }

    #[test]
    fn a_reference_says_how_long_it_is() {
        // 1042, then 6 since it is six digits long; 1 0 4 2 6 weighed 2 1 2 1 2 come to 15, and 5 makes it 20.
        assert_eq!(ocr_reference("1042"), "104265");
        assert_eq!(ocr_reference("F 2026-10877"), "20261087710");
        for number in ["", "7", "12345678", "9223372036854775807", &"9".repeat(40)] {
            let reference = ocr_reference(number);
            assert!(is_ocr_reference(&reference), "{reference}");
            let length = reference.len() % 10;
            assert!(reference[..reference.len() - 1].ends_with(&length.to_string()), "{reference}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        assert!(!is_luhn("") && !is_luhn("0") && !is_luhn("55100001é9"));
    }
}
