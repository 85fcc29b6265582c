//! Days as people print them.

use chrono::NaiveDate;

const MONTHS: [[&str; 3]; 12] = [
    ["januari", "january", "jan"],
    ["februari", "february", "feb"],
    ["mars", "march", "mar"],
    ["april", "april", "apr"],
    ["maj", "may", "maj"],
    ["juni", "june", "jun"],
    ["juli", "july", "jul"],
    ["augusti", "august", "aug"],
    ["september", "september", "sep"],
    ["oktober", "october", "okt"],
    ["november", "november", "nov"],
    ["december", "december", "dec"],
];

/// "2026-05-12", "20260512", "12.05.2026", "12/5/2026", "12 maj 2026", "Jan 1, 2022".
///
/// Where day and month could be either, `None`: a guess would be wrong half of the time.
pub(super) fn parse(text: &str) -> Option<NaiveDate> {
    let parts: Vec<String> = text
        .split(|sign: char| !sign.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(str::to_lowercase)
        .collect();
    let [first, second, third] = parts.as_slice() else {
        return match parts.as_slice() {
            [only] if only.len() == 8 => {
                NaiveDate::parse_from_str(only, "%Y%m%d").ok().filter(|date| is_likely(*date))
            }
            _ => None,
        };
    };
    let number = |part: &str| part.parse::<u32>().ok();
    let date = if first.len() == 4 {
        day(number(first)?, number(second)?, number(third)?)
    } else if let Some(month) = month(second) {
        day(number(third)?, month, number(first)?)
    } else if let Some(month) = month(first) {
        day(number(third)?, month, number(second)?)
    } else {
        let (first, second) = (number(first)?, number(second)?);
        match (first, second) {
            _ if third.len() != 4 => None,
            (13.., _) => day(number(third)?, second, first),
            (_, 13..) => day(number(third)?, first, second),
            // With points it is a day first everywhere; with strokes nobody knows, but for equal ones.
            _ if text.contains('.') || first == second => day(number(third)?, second, first),
            _ => None,
        }
    };
    date.filter(|date| is_likely(*date))
}

fn day(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

fn is_likely(date: NaiveDate) -> bool {
    use chrono::Datelike;
    (1990..2100).contains(&date.year())
}

fn month(name: &str) -> Option<u32> {
    let at =
        MONTHS.iter().position(|names| names.contains(&name) || (name == "oct" && names[1] == "october"))?;
    u32::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_printed() {
        let read = |text| parse(text).map(|date| date.to_string());
        for text in ["2026-05-12", "20260512", "12.05.2026", "12 maj 2026", "May 12, 2026", "2026/5/12"] {
            assert_eq!(read(text).as_deref(), Some("2026-05-12"), "{text}");
        }
        assert_eq!(read("31/01/2026").as_deref(), Some("2026-01-31"));
    }

    #[test]
    fn what_could_be_two_days_is_none() {
        assert_eq!(parse("05/06/2026"), None);
        assert_eq!(parse("2026-13-01"), None);
        assert_eq!(parse("10-2201"), None);
    }
}
