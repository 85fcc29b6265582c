//! The texts of a line: its own row's, and those of rows above and below.

use crate::checksum;

use super::{
    lexicon::normal,
    table::{Item, Part},
    token::Token,
};

/// What stands in the text columns of one line.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    /// The first row, and those that it was wrapped into.
    pub name: Vec<Token>,
    /// The rows after that.
    pub description: Vec<Token>,
    /// A GTIN, in a column of its own or behind the word EAN.
    pub gtin: Option<Token>,
}

impl Cell {
    /// One more word of the row.
    pub fn push(&mut self, token: Token) {
        self.name.push(token);
    }
}

/// Gives every row of text to the line that it belongs to.
///
/// Cells are set in the middle of their row, so a name may begin above the row of its numbers: a row of
/// text belongs to the line that it is nearer to.
pub(super) fn join(parts: &[Part], height: i32) -> Vec<Item> {
    let starts: Vec<usize> = (0..parts.len()).filter(|index| parts[*index].has_amount()).collect();
    let Some((first, last)) = starts.first().copied().zip(starts.last().copied()) else { return Vec::new() };
    let mut owner: Vec<Option<usize>> = vec![None; parts.len()];
    for start in &starts {
        owner[*start] = Some(*start);
    }
    for index in nearest_above(parts, first, height) {
        owner[index] = Some(first);
    }
    for pair in starts.windows(2) {
        let split = split(parts, pair[0], pair[1]);
        for (index, owner) in owner.iter_mut().enumerate().take(pair[1]).skip(pair[0] + 1) {
            *owner = Some(if index < split { pair[0] } else { pair[1] });
        }
    }
    for index in last + 1..parts.len() {
        if parts[index].top - parts[index - 1].bottom > height {
            break;
        }
        owner[index] = Some(last);
    }
    let mut items: Vec<Item> = Vec::new();
    let widest = parts.iter().flat_map(|part| &part.item.cell.name).map(|token| token.area.right).max();
    for start in starts {
        let rows: Vec<usize> = (0..parts.len()).filter(|index| owner[*index] == Some(start)).collect();
        let mut item = parts[start].item.clone();
        item.number = rows.iter().flat_map(|index| parts[*index].item.number.clone()).collect();
        let texts = rows.iter().map(|index| parts[*index].item.cell.name.clone());
        let gtin = rows.iter().find_map(|index| parts[*index].item.cell.gtin.clone());
        item.cell = cell(texts.collect(), gtin, widest.unwrap_or_default());
        items.push(item);
    }
    items
}

/// Rows of text directly above the first line, if it has no text of its own, or about as many below as above:
/// its numbers are set in the middle.
fn nearest_above(parts: &[Part], first: usize, height: i32) -> Vec<usize> {
    let has_name = !parts[first].item.cell.name.is_empty();
    let gap_max = if has_name { height / 2 } else { height };
    let is_next = |index: &usize| parts[index + 1].top - parts[*index].bottom < gap_max;
    let above: Vec<usize> = (0..first).rev().take_while(is_next).collect();
    let is_text_below = |index: &usize| {
        !parts[*index].has_amount() && parts[*index].top - parts[index - 1].bottom < height / 2
    };
    let below = (first + 1..parts.len()).take_while(is_text_below).count();
    let is_in_the_middle = above.len() == below || above.len() == below + 1;
    if !has_name || is_in_the_middle { above } else { Vec::new() }
}

/// The first row between two lines that belongs to the lower one: behind the widest gap.
fn split(parts: &[Part], above: usize, below: usize) -> usize {
    let lacks_name = |index: usize| parts[index].item.cell.name.is_empty();
    let rows = below - above - 1;
    let earliest = above + 1 + usize::from(lacks_name(above) && rows > usize::from(lacks_name(below)));
    let latest = below - usize::from(lacks_name(below) && rows > 0);
    let gap = |index: usize| parts[index].top - parts[index - 1].bottom;
    let mut best = latest.max(above + 1);
    for index in (earliest..=latest).rev() {
        // A row less apart than a seventh more is as near: it stays with the line above.
        if gap(index) * 7 > gap(best) * 8 {
            best = index;
        }
    }
    best
}

fn cell(rows: Vec<Vec<Token>>, gtin: Option<Token>, right_edge: i32) -> Cell {
    let mut cell = Cell { gtin, ..Cell::default() };
    for row in rows.into_iter().filter(|row| !row.is_empty()) {
        let Some(first) = row.first() else { continue };
        let is_wrapped = cell.name.last().is_none_or(|last| {
            let needed = first.area.right - first.area.left + last.sign_width();
            cell.description.is_empty() && last.area.right + needed > right_edge && !first.text.ends_with(':')
        });
        if is_wrapped {
            cell.name.extend(row);
        } else {
            cell.description.extend(row);
        }
    }
    cell
}

/// Where "EAN" stands; a scan may have one sign of it wrong, but hardly before a right check digit.
pub(super) fn gtin_label(tokens: &[Token]) -> Option<usize> {
    let is_label = |text: &str| matches!(normal(text).as_str(), "ean" | "gtin" | "eankod");
    let is_nearly = |text: &str| strsim::levenshtein(&normal(text), "ean") == 1;
    (0..tokens.len()).find(|index| {
        let is_before_gtin = tokens.get(index + 1).is_some_and(|next| checksum::is_gtin(&next.text));
        is_label(&tokens[*index].text) || (is_before_gtin && is_nearly(&tokens[*index].text))
    })
}

/// As many digits as a GTIN has.
pub(super) fn is_gtin(text: &str) -> bool {
    matches!(text.len(), 8 | 12 | 13 | 14) && text.bytes().all(|byte| byte.is_ascii_digit())
}
