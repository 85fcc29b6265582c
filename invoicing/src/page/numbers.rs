//! Numbers as people print them.

use std::str::FromStr;

use rust_decimal::Decimal;

/// Which sign divides kronor from öre on this page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DecimalMark {
    Comma,
    Point,
}

impl DecimalMark {
    /// The one that stands before two last digits more often.
    pub fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let (mut commas, mut points) = (0, 0);
        for text in texts {
            let text = text.trim_end_matches(|sign: char| !sign.is_ascii_digit());
            let Some((place, mark)) = text.char_indices().rev().nth(2) else { continue };
            let is_money = text[place + mark.len_utf8()..].bytes().all(|byte| byte.is_ascii_digit());
            match mark {
                ',' if is_money => commas += 1,
                '.' if is_money => points += 1,
                _ => {}
            }
        }
        if points > commas { Self::Point } else { Self::Comma }
    }

    fn sign(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Point => '.',
        }
    }
}

/// "1 182,60", "1.182,60", "$1,182.60", "-12,50", "12,50-", "(12.50)"; `None` for anything else.
pub(super) fn parse(text: &str, mark: DecimalMark) -> Option<Decimal> {
    let text: String = text.chars().filter(|sign| !sign.is_whitespace()).collect();
    let text = text.trim_start_matches(['$', '€', '£']).trim_end_matches(['$', '€', '£']);
    let text = text.strip_suffix(":-").or_else(|| text.strip_suffix(':')).unwrap_or(text);
    let lower = text.to_lowercase();
    let text = lower.trim_start_matches("sek").trim_end_matches("sek").trim_end_matches("kr");
    let (negative, text) = sign_of(text);
    if !text.bytes().next()?.is_ascii_digit() || !text.bytes().last()?.is_ascii_digit() {
        return None;
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'.' | b'\'')) {
        return None;
    }
    let plain = plain(text, mark)?;
    let number = Decimal::from_str(&plain).ok()?;
    Some(if negative { -number } else { number })
}

fn sign_of(text: &str) -> (bool, &str) {
    const MINUS: [char; 3] = ['-', '−', '–'];
    if let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        return (true, inner);
    }
    if let Some(rest) = text.strip_prefix(MINUS) {
        return (true, rest.trim_start_matches('$'));
    }
    text.strip_suffix(MINUS).map_or((false, text), |rest| (true, rest))
}

/// With a decimal point and nothing between the digits else.
fn plain(text: &str, mark: DecimalMark) -> Option<String> {
    let last = text.rfind([',', '.']);
    let kinds = (text.matches(',').count(), text.matches('.').count());
    let decimal_at = match (last, kinds) {
        (None, _) => None,
        (Some(at), (commas, points)) if commas > 0 && points > 0 => Some(at),
        // More than one of a kind divides thousands.
        (Some(_), (commas, points)) if commas + points > 1 => None,
        (Some(at), _) => {
            let is_other = !text[at..].starts_with(mark.sign());
            let groups = text.len() - at - 1 == 3 && at <= 3 && !text.starts_with('0');
            (!(is_other && groups)).then_some(at)
        }
    };
    let grouped = &text[..decimal_at.unwrap_or(text.len())];
    if !is_grouped(grouped) {
        return None;
    }
    let mut plain: String = grouped.chars().filter(char::is_ascii_digit).collect();
    if let Some(at) = decimal_at {
        plain.push('.');
        plain.push_str(&text[at + 1..]);
    }
    Some(plain)
}

/// No divisions, or three digits after each.
fn is_grouped(text: &str) -> bool {
    let mut parts = text.split([',', '.', '\'']);
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    rest.is_empty() || (first.len() <= 3 && rest.iter().all(|part| part.len() == 3))
}

/// "1 585,00/365": a price, and how many units it is for.
pub(super) fn parse_per(text: &str, mark: DecimalMark) -> Option<(Decimal, Decimal)> {
    let (price, units) = text.split_once('/')?;
    // Without a decimal mark before or with a zero after the stroke it is some other number: 08/00355.
    let is_price = price.contains(mark.sign()) && !units.starts_with('0');
    let units: u32 = units.trim().parse().ok().filter(|units| is_price && *units > 1)?;
    Some((parse(price, mark)?, Decimal::from(units)))
}

/// "6%", "25 %", "(0%)", "25,0%".
pub(super) fn parse_percent(text: &str, mark: DecimalMark) -> Option<Decimal> {
    let text = text.trim_matches(['(', ')', ':', ' ', '.', ';']);
    let number = parse(text.strip_suffix('%')?, mark)?;
    (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_printed() {
        let read = |text, mark| parse(text, mark).map(|number| number.to_string());
        let swedish = |text| read(text, DecimalMark::Comma);
        assert_eq!(swedish("1 182,60").as_deref(), Some("1182.60"));
        assert_eq!(swedish("1.182,60").as_deref(), Some("1182.60"));
        assert_eq!(swedish("11,384").as_deref(), Some("11.384"));
        assert_eq!(swedish("12,50-").as_deref(), Some("-12.50"));
        let english = |text| read(text, DecimalMark::Point);
        assert_eq!(english("$1,182.60").as_deref(), Some("1182.60"));
        assert_eq!(english("11,384").as_deref(), Some("11384"));
        assert_eq!(english("(12.50)").as_deref(), Some("-12.50"));
    }

    #[test]
    fn a_price_may_be_for_many() {
        let read =
            |text| parse_per(text, DecimalMark::Comma).map(|(price, units)| format!("{price} {units}"));
        assert_eq!(read("1 585,00/365").as_deref(), Some("1585.00 365"));
        for other in ["08/00355", "12/5", "1,00/x", "1,00/01", "1,00/1"] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "-", "2026-05-12", "10-2201", "6%", "1,23,4", "F2026", "12,", "2x5"] {
            assert_eq!(parse(text, DecimalMark::Comma), None, "{text}");
        }
    }

    #[test]
    fn the_page_tells_its_decimal_mark() {
        assert_eq!(DecimalMark::of(["12,50", "1.000,00"].into_iter()), DecimalMark::Comma);
        assert_eq!(DecimalMark::of(["$12.50", "11,384"].into_iter()), DecimalMark::Point);
    }
}
