//! Words at one height are a row.

use super::{
    Page, Word,
    numbers::DecimalMark,
    token::{Spacing, Token, tokens},
};
use crate::invoice::{Area, Source};

/// One row of a page.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// From left to right, at least one.
    pub tokens: Vec<Token>,
    pub area: Area,
}

/// One page as rows.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    /// From the top.
    pub rows: Vec<Row>,
    /// Height of most words.
    pub height: i32,
}

/// Sorts the page's words into rows.
pub(super) fn sheet(page: &Page, source: Source) -> Sheet {
    let mark = DecimalMark::of(page.words.iter().map(|word| word.text.as_str()));
    let height = usual_height(&page.words);
    let capital = capital_height(&page.words).unwrap_or(height);
    let mut words: Vec<&Word> = page.words.iter().collect();
    words.sort_by_key(|word| (middle(word, source, capital), word.area.left));
    let mut rows: Vec<(i32, Vec<&Word>)> = Vec::new();
    for word in words {
        let at = middle(word, source, capital);
        match rows.last_mut() {
            // Less than half of a height apart is the same row; cells of a table are at least one apart.
            Some((row, members)) if (at - *row).abs() * 100 < height * 45 => {
                let count = i32::try_from(members.len()).unwrap_or(i32::MAX - 1);
                *row += (at - *row) / (count + 1);
                members.push(word);
            }
            _ => rows.push((at, vec![word])),
        }
    }
    let spacing = Spacing::of(&page.words, source);
    let row = |(_, mut members): (i32, Vec<&Word>)| {
        members.sort_by_key(|word| word.area.left);
        let area = members.iter().skip(1).fold(members[0].area, |area, word| area.around(word.area));
        Row { tokens: tokens(&members, page, source, (mark, spacing)), area }
    };
    Sheet { rows: rows.into_iter().map(row).collect(), height }
}

/// Boxes of a text layer have the font's height. Those of OCR hug the signs, and are often too tall on
/// one side: the higher of what the upper and the lower edge say is where the word stands.
fn middle(word: &Word, source: Source, capital: i32) -> i32 {
    if source != Source::Ocr {
        return word.area.middle();
    }
    let has_tail = word.text.contains(['g', 'j', 'p', 'q', 'y', ',', ';', 'Q', '(', ')', '/']);
    let base = word.area.bottom - if has_tail { capital / 4 } else { 0 };
    base.min(word.area.top + capital) - capital / 2
}

/// Height of digits, as high as capitals.
fn capital_height(words: &[Word]) -> Option<i32> {
    let is_tall = |word: &&Word| {
        word.text.len() > 1 && word.text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    let mut heights: Vec<i32> = words.iter().filter(is_tall).map(|word| word.area.height()).collect();
    heights.sort_unstable();
    heights.get(heights.len() / 2).copied()
}

fn usual_height(words: &[Word]) -> i32 {
    let mut heights: Vec<i32> =
        words.iter().filter(|word| word.text.chars().count() > 1).map(|word| word.area.height()).collect();
    heights.sort_unstable();
    heights.get(heights.len() / 2).copied().unwrap_or(1000).max(100)
}
