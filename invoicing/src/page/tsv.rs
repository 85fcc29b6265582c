//! Word boxes as `tesseract … tsv` writes them.

use super::{Page, WORDS_MAX, Word, units};
use crate::invoice::Area;

/// The level of words in tesseract's table.
const WORD_LEVEL: &str = "5";

/// What rules of tables are read as.
const RULES: [char; 17] =
    ['|', '<', '>', '«', '»', '[', ']', '{', '}', '_', '—', '=', '\\', '\'', '‘', '’', '~'];

/// One page of a scan at `dpi` points per inch, straightened: its rows are level.
pub fn from_tsv(tsv: &str, number: u32, dpi: u32) -> Page {
    let mut words = Vec::new();
    let mut slopes = Vec::new();
    let mut line: Option<(String, Area, Area)> = None;
    for row in tsv.lines().skip(1) {
        let cells: Vec<&str> = row.split('\t').collect();
        let Some(word) = word(&cells, dpi) else { continue };
        let (word, unit) = without_unit(word);
        let key = cells[1..5].join(".");
        line = match line {
            Some((same, first, last)) if same == key => {
                Some((same, first, if word.area.left > last.left { word.area } else { last }))
            }
            other => {
                slopes.extend(other.and_then(slope));
                Some((key, word.area, word.area))
            }
        };
        if words.len() < WORDS_MAX {
            words.push(word);
            words.extend(unit);
        }
    }
    slopes.extend(line.and_then(slope));
    let fall = straighten(&mut words, slopes);
    Page { number, words, fall, ..Page::default() }
}

fn word(cells: &[&str], dpi: u32) -> Option<Word> {
    let [level, _, _, _, _, _, left, top, width, height, confidence, text] = *cells else { return None };
    let text = text.trim().trim_matches(RULES).trim();
    if level != WORD_LEVEL || text.is_empty() {
        return None;
    }
    let scale = |pixels: &str| -> Option<i32> {
        let pixels: i64 = pixels.parse().ok()?;
        i32::try_from(pixels.checked_mul(7200)? / i64::from(dpi)).ok()
    };
    let (left, top, width, height) = (scale(left)?, scale(top)?, scale(width)?, scale(height)?);
    let whole = confidence.split('.').next()?.parse::<u16>().ok()?;
    let area = Area { left, top, right: left.checked_add(width)?, bottom: top.checked_add(height)? };
    let text = unglued(text);
    Some(Word { text, area, confidence: whole.min(100) * 10, agreed: true, others: Vec::new() })
}

/// A bracket that was never opened is a rule beside a number: "219,00)".
fn unglued(text: &str) -> String {
    let closes =
        text.ends_with(')') && !text.contains('(') && text.starts_with(|sign: char| sign.is_ascii_digit());
    if closes { text.trim_end_matches([')', ' ']).to_owned() } else { text.to_owned() }
}

/// "6|st" and "24/st" are a number and a unit with a rule between.
fn without_unit(word: Word) -> (Word, Option<Word>) {
    let Some(at) = word.text.find(|sign: char| !(sign.is_ascii_digit() || matches!(sign, ',' | '.'))) else {
        return (word, None);
    };
    let unit = word.text[at..].trim_start_matches(|sign: char| !sign.is_alphanumeric());
    if at == 0 || units::code(unit).is_none() {
        return (word, None);
    }
    let all = i32::try_from(word.text.chars().count()).unwrap_or(i32::MAX);
    let own = i32::try_from(unit.chars().count()).unwrap_or(0);
    let middle = word.area.right - (word.area.right - word.area.left) / all * own;
    let unit = Word { text: unit.to_owned(), area: Area { left: middle, ..word.area }, ..word.clone() };
    let sign = (word.area.right - word.area.left) / all;
    let area = Area { right: middle - sign / 2, ..word.area };
    (Word { text: word.text[..at].to_owned(), area, ..word }, Some(unit))
}

/// Rise in millionths of the run, of lines that are long enough to tell.
fn slope((_, first, last): (String, Area, Area)) -> Option<i64> {
    const RUN_MIN: i32 = 15_000;
    let run = last.left - first.left;
    (run >= RUN_MIN).then(|| i64::from(last.bottom - first.bottom) * 1_000_000 / i64::from(run))
}

/// Levels the rows by the median of the slopes, which it returns.
fn straighten(words: &mut [Word], mut slopes: Vec<i64>) -> i64 {
    if slopes.is_empty() {
        return 0;
    }
    slopes.sort_unstable();
    let fall = slopes[slopes.len() / 2];
    for word in words {
        let by = fall_at(word.area.left, fall);
        word.area.top -= by;
        word.area.bottom -= by;
    }
    fall
}

/// Where an area of the straightened page was before.
pub(super) fn as_it_came(area: Area, fall: i64) -> Area {
    let by = fall_at(area.left, fall);
    Area { top: area.top + by, bottom: area.bottom + by, ..area }
}

/// How much lower than at the left edge of the page a row is at `left`.
fn fall_at(left: i32, fall: i64) -> i32 {
    i32::try_from(i64::from(left) * fall / 1_000_000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: u32, left: i32, top: i32, text: &str) -> String {
        format!("5\t1\t1\t1\t{line}\t1\t{left}\t{top}\t60\t30\t96.3\t{text}\n")
    }

    #[test]
    fn a_skewed_row_is_level_afterwards() {
        let tsv = format!("head\n{}{}", row(1, 100, 200, "Lök"), row(1, 1100, 210, "97,00"));
        let page = from_tsv(&tsv, 1, 300);
        assert_eq!(page.words[0].text, "Lök");
        assert!((page.words[0].area.top - page.words[1].area.top).abs() <= 1);
        assert_eq!(page.words[1].confidence, 960);
        let came = page.as_it_came(page.words[1].area);
        assert_eq!((came.left, came.top), (1100 * 24, 210 * 24));
    }

    #[test]
    fn rules_between_numbers_and_units_are_no_signs() {
        let page =
            from_tsv(&format!("head\n{}{}", row(1, 100, 200, "6|st"), row(1, 300, 200, "219,00)")), 1, 300);
        let texts: Vec<&str> = page.words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["6", "st", "219,00"]);
        assert!(page.words[0].area.right <= page.words[1].area.left);
    }

    #[test]
    fn what_is_no_word_is_left_out() {
        assert!(from_tsv("head\n4\t1\t1\t1\t1\t0\t1\t1\t1\t1\t-1\t\n", 1, 300).words.is_empty());
        assert!(from_tsv(&format!("head\n{}", row(1, 1, 1, "|")), 1, 300).words.is_empty());
    }
}
