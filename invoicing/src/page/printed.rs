//! Pages for tests, drawn from text: each sign is six points wide and each row twelve points high.

use super::{Page, Word};
use crate::invoice::Area;

/// The page that shows `text`, its words where they stand in it.
pub(super) fn page(text: &str) -> Page {
    let mut words = Vec::new();
    for (row, line) in text.lines().enumerate() {
        let mut start = None;
        for (place, sign) in line.chars().chain([' ']).enumerate() {
            match (start, sign) {
                (None, sign) if sign != ' ' => start = Some(place),
                (Some(begin), ' ') => {
                    words.push(word(line, begin, place, row));
                    start = None;
                }
                _ => {}
            }
        }
    }
    Page { number: 1, words, ..Page::default() }
}

fn word(line: &str, begin: usize, end: usize, row: usize) -> Word {
    let at = |place: usize| i32::try_from(place).unwrap();
    let area = Area {
        left: at(begin) * 600,
        right: at(end) * 600,
        top: at(row) * 1200,
        bottom: at(row) * 1200 + 1100,
    };
    let text = line.chars().skip(begin).take(end - begin).collect();
    Word { text, area, confidence: 1000, agreed: true, others: Vec::new() }
}
