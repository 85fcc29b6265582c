//! Known words, and what stands beside them.

use super::{
    lexicon::{Label, label},
    rows::{Row, Sheet},
    token::Token,
};

/// The most words of a label.
const PHRASE_MAX: usize = 4;

/// A label in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub label: Label,
    /// Its first word.
    pub start: usize,
    /// The word after its last.
    pub end: usize,
}

impl Found {
    /// Whether nothing but numbers, currencies and percentages stands beside it in the row.
    pub fn is_whole_text(&self, row: &Row) -> bool {
        row.tokens.iter().enumerate().all(|(index, token)| {
            (self.start..self.end).contains(&index)
                || token.number.is_some()
                || token.percent.is_some()
                || is_currency(&token.text)
        })
    }
}

/// The labels of a row, longest phrases first, from left to right.
pub(super) fn in_row(row: &Row) -> Vec<Found> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < row.tokens.len() {
        let longest = PHRASE_MAX.min(row.tokens.len() - start);
        let hit = (1..=longest).rev().find_map(|length| {
            let words = &row.tokens[start..start + length];
            let is_close = words
                .windows(2)
                .all(|pair| pair[0].gap_to(&pair[1]) < pair[0].sign_width().max(pair[1].sign_width()) * 2);
            // A colon ends a label.
            let is_one = words[..length - 1].iter().all(|token| !token.text.ends_with(':'));
            let phrase: String = words.iter().map(|token| token.text.as_str()).collect();
            (is_close && is_one).then(|| label(&phrase)).flatten().map(|label| (label, length))
        });
        if let Some((label, length)) = hit {
            found.push(Found { label, start, end: start + length });
            start += length;
        } else {
            start += 1;
        }
    }
    found
}

/// Tokens to the right of each label, up to the next label.
pub(super) fn beside(row: &Row) -> Vec<(Found, Vec<&Token>)> {
    let found = in_row(row);
    let end = |index: usize| found.get(index + 1).map_or(row.tokens.len(), |next| next.start);
    let tokens = |index: usize| {
        let label: &Found = &found[index];
        row.tokens[label.end..end(index)].iter().filter(|token| token.text != ":").collect()
    };
    (0..found.len()).map(|index| (found[index], tokens(index))).collect()
}

/// The same; where nothing stands beside a label, what stands below it. Not for sums: heads of tables
/// of VAT are labels, and what stands below them is none of them.
pub(super) fn beside_or_below(sheet: &Sheet, row: usize) -> Vec<(Label, Vec<&Token>)> {
    let tokens = &sheet.rows[row].tokens;
    let mut values = Vec::new();
    for (found, mut beside) in beside(&sheet.rows[row]) {
        if beside.is_empty() {
            let words = &tokens[found.start..found.end];
            let area = words[1..].iter().fold(words[0].area, |area, token| area.around(token.area));
            beside = below(sheet, row, area.left, area.right);
        }
        values.push((found.label, beside));
    }
    values
}

/// What begins under a label in the next row, if that row is near and no label itself.
fn below(sheet: &Sheet, row: usize, left: i32, right: i32) -> Vec<&Token> {
    let Some(next) = sheet.rows.get(row + 1) else { return Vec::new() };
    if next.area.top - sheet.rows[row].area.bottom > sheet.height || !in_row(next).is_empty() {
        return Vec::new();
    }
    next.tokens.iter().filter(|token| token.area.left < right && token.area.right > left).collect()
}

/// "SEK", "kr", "$".
pub(super) fn is_currency(text: &str) -> bool {
    currency(text).is_some()
}

/// ISO 4217 code of a printed currency.
pub(super) fn currency(text: &str) -> Option<&'static str> {
    Some(match text.trim_matches([':', '.']).to_uppercase().as_str() {
        "SEK" | "KR" | "KRONOR" => "SEK",
        "EUR" | "€" => "EUR",
        "USD" | "$" => "USD",
        "GBP" | "£" => "GBP",
        "NOK" => "NOK",
        "DKK" => "DKK",
        _ => return None,
    })
}
