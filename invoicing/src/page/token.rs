//! Words joined to what people see as one: "1 182,60", "25 %".

use rust_decimal::Decimal;

use super::{
    Page, Word,
    numbers::{self, DecimalMark},
    tsv::as_it_came,
    units,
};
use crate::invoice::{Area, Evidence, Field, Source};

/// A word, or several that are one number.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub text: String,
    pub area: Area,
    /// With the unit right behind it: "8 st" is set as one.
    pub area_with_unit: Area,
    pub page: u32,
    /// The page's own: evidence is where people see it, on the page before it was straightened.
    pub fall: i64,
    pub source: Source,
    pub confidence: u16,
    pub agreed: bool,
    /// What it counts, unless it is a percentage.
    pub number: Option<Decimal>,
    pub percent: Option<Decimal>,
    /// How many units a price is for: "1 585,00/365".
    pub per: Option<Decimal>,
    /// The code of a unit that is set without a space: "12,5kg".
    pub unit: Option<&'static str>,
    /// What other passes read.
    pub others: Vec<String>,
    /// What it counts by another pass, or with a decimal mark that OCR may have lost.
    pub alternatives: Vec<Decimal>,
}

impl Token {
    /// A value read from here. What two passes disagree on is worth no more than half.
    pub fn field<T>(&self, value: T) -> Field<T> {
        let most = u32::from(self.source.confidence_max());
        let sure = u16::try_from(u32::from(self.confidence) * most / 1000).unwrap_or(0);
        let confidence = if self.agreed { sure } else { sure.min(500) };
        let evidence = Some(Evidence { page: self.page, area: as_it_came(self.area, self.fall) });
        Field { value, source: self.source, confidence, evidence }
    }

    /// The average width of one of its signs.
    pub fn sign_width(&self) -> i32 {
        let signs = i32::try_from(self.text.chars().count()).unwrap_or(i32::MAX).max(1);
        ((self.area.right - self.area.left) / signs).max(1)
    }

    /// From the right edge to the left edge of the next.
    pub fn gap_to(&self, next: &Self) -> i32 {
        next.area.left - self.area.right
    }

    /// Set close enough to `next` to be one with it.
    fn is_close_to(&self, next: &Self, spacing: Spacing) -> bool {
        let sign = if next.text.chars().count() >= 3 { next.sign_width() } else { self.sign_width() };
        let gap = self.gap_to(next);
        gap * 10 < sign.max(200) * spacing.sign_tenths && gap > -sign
    }
}

/// How far apart the parts of one number are set at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spacing {
    /// In tenths of the width of a sign.
    sign_tenths: i32,
}

impl Spacing {
    /// A space is half as wide as a digit, or as wide in a font whose signs are all of one width. What is set
    /// further apart stands in two columns.
    pub fn of(words: &[Word], source: Source) -> Self {
        let sign_tenths = match (source, is_monospaced(words, source)) {
            // Boxes of a scan end where the ink does, and a 1 has little of it.
            (Source::Ocr, true) => 18,
            (Source::Ocr, false) => 13,
            (_, true) => 11,
            (_, false) => 9,
        };
        Self { sign_tenths }
    }
}

/// Whether most words are as wide for each of their signs: by the middle half of them, since titles and
/// footnotes are set in other sizes. Measured: at most 4 % in monospaced scans, and at least 10 % in others.
fn is_monospaced(words: &[Word], source: Source) -> bool {
    let signs = |word: &Word| i32::try_from(word.text.chars().count()).unwrap_or(i32::MAX);
    let long = words.iter().filter(|word| signs(word) >= 4 && word.area.height() > 0);
    // Boxes of a text layer are as high as the font, so that its size cancels out.
    let height = |word: &Word| if source == Source::Ocr { 1 } else { word.area.height() };
    let wide = |word: &Word| {
        i64::from(word.area.right - word.area.left) * 1000
            / (i64::from(signs(word)) * i64::from(height(word)))
    };
    let mut widths: Vec<i64> = long.map(wide).collect();
    widths.sort_unstable();
    let at = |quarter: usize| widths.get(widths.len() * quarter / 4).copied().unwrap_or_default();
    (at(3) - at(1)) * 100 <= at(2) * 6
}

/// Tokens of words that stand in one row, from left to right.
pub(super) fn tokens(
    words: &[&Word],
    page: &Page,
    source: Source,
    (mark, spacing): (DecimalMark, Spacing),
) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for word in words {
        let next = token(word, page, source, mark);
        match tokens.last_mut() {
            Some(last) if joins(last, &next, spacing) => {
                last.alternatives = joined_alternatives(last, &next, mark);
                last.text = format!("{} {}", last.text, next.text);
                last.area = last.area.around(next.area);
                last.confidence = last.confidence.min(next.confidence);
                last.agreed &= next.agreed;
                let per = numbers::parse_per(&last.text, mark);
                last.number = numbers::parse(&last.text, mark).or(per.map(|(price, _)| price));
                last.per = per.map(|(_, units)| units);
                last.percent = numbers::parse_percent(&last.text, mark);
                last.area_with_unit = last.area;
            }
            _ => tokens.push(next),
        }
    }
    for index in 1..tokens.len() {
        let (before, rest) = tokens.split_at_mut(index);
        let (number, unit) = (&mut before[index - 1], &rest[0]);
        if number.number.is_some() && units::code(&unit.text).is_some() && number.is_close_to(unit, spacing) {
            number.area_with_unit = number.area.around(unit.area);
        }
    }
    tokens
}

fn token(word: &Word, page: &Page, source: Source, mark: DecimalMark) -> Token {
    let per = numbers::parse_per(&word.text, mark);
    let glued = glued_unit(&word.text, mark);
    let plain =
        numbers::parse(&word.text, mark).or(per.map(|(price, _)| price)).or(glued.map(|(count, _)| count));
    let number = plain.or_else(|| {
        // A comma in a scan is often taken for a colon.
        let is_scan = source == Source::Ocr && word.text.matches([':', ';']).count() == 1;
        is_scan.then(|| numbers::parse(&word.text.replace([':', ';'], ","), mark)).flatten()
    });
    let others = word.others.iter().filter_map(|other| numbers::parse(other, mark));
    // Small and low as it is, the decimal mark is what scans lose first.
    let unmarked = number.filter(|number| source == Source::Ocr && number.scale() == 0);
    let marked =
        unmarked.filter(|number| *number >= Decimal::ONE_HUNDRED).map(|number| number / Decimal::ONE_HUNDRED);
    Token {
        alternatives: others.chain(marked).collect(),
        text: word.text.clone(),
        others: word.others.clone(),
        area: word.area,
        area_with_unit: word.area,
        page: page.number,
        fall: page.fall,
        source,
        confidence: word.confidence,
        agreed: word.agreed,
        number,
        percent: numbers::parse_percent(&word.text, mark),
        per: per.map(|(_, units)| units),
        unit: glued.map(|(_, unit)| unit),
    }
}

/// "12,5kg" as 12.5 and its unit.
fn glued_unit(text: &str, mark: DecimalMark) -> Option<(Decimal, &'static str)> {
    let at = text.find(char::is_alphabetic)?;
    Some((numbers::parse(&text[..at], mark)?, units::code(&text[at..])?))
}

/// "1" and another reading of "182,60".
fn joined_alternatives(last: &Token, next: &Token, mark: DecimalMark) -> Vec<Decimal> {
    let tails = next.others.iter().map(|other| format!("{} {other}", last.text));
    let heads = last.others.iter().map(|other| format!("{other} {}", next.text));
    // A closer look reads the whole number at once.
    let whole = next.others.iter().filter(|other| other.contains(' ')).cloned();
    tails.chain(heads).chain(whole).filter_map(|text| numbers::parse(&text, mark)).collect()
}

/// "1" and "182,60", or "25" and "%".
fn joins(last: &Token, next: &Token, spacing: Spacing) -> bool {
    if last.number.is_none() || !last.is_close_to(next, spacing) {
        return false;
    }
    if next.text == "%" {
        return true;
    }
    let leading = last.text.trim_start_matches(['-', '−', '$']);
    let first = leading.split(' ').next().unwrap_or_default();
    let is_leading = (1..=3).contains(&first.len())
        && leading.split(' ').skip(1).all(|group| group.len() == 3)
        && leading.bytes().all(|byte| byte.is_ascii_digit() || byte == b' ');
    let whole = next.text.split([',', '.']).next().unwrap_or_default();
    is_leading && whole.len() == 3 && next.number.is_some() && whole.bytes().all(|byte| byte.is_ascii_digit())
}
