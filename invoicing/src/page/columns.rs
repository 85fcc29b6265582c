//! The head of a table, and what stands under it.

use std::ops::Range;

use rust_decimal::Decimal;

use super::{
    lexicon::{Role, column, exact_column},
    rows::Row,
    token::Token,
};
use crate::invoice::{Area, Source};

/// The most words that name one column.
const PHRASE_MAX: usize = 3;

/// What the numbers of a column share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    Right,
    Left,
    Middle,
    /// No edge with their head: they stand anywhere between its left edge and the next head.
    Slot,
}

/// One column of a table.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub role: Role,
    /// Of its head.
    pub area: Area,
    edge: Edge,
    /// Where that edge is.
    at: i32,
    /// Where the next head begins.
    end: i32,
    /// Around all of those.
    around: Option<Area>,
}

/// The columns of a table, from left to right.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub columns: Vec<Column>,
    /// How many rows the head has, from the one that it was found by.
    pub depth: usize,
}

impl Columns {
    /// The head that a row is, alone or with the one above or below it. `None` for a row that is none.
    ///
    /// Heads are set in two rows where one is long: "Lev." over "antal", all others beside the upper or the
    /// lower of them.
    pub fn of_head(rows: &[Row], index: usize) -> Option<Self> {
        let row = &rows[index];
        let mut columns = heads(row);
        if columns.len() < 2 {
            return None;
        }
        let above = index.checked_sub(1).map(|above| (&rows[above], row));
        let below = rows.get(index + 1).map(|below| (row, below));
        let mut depth = 1;
        for (rows, pair) in [(2, below), (1, above)] {
            let Some((upper, lower)) = pair else { continue };
            if !is_one_head(upper, lower) {
                continue;
            }
            let both = heads(&stacked(upper, lower));
            let is_better = both.len() > columns.len() || !is_table(&columns);
            if is_better || (both.len() == columns.len() && width(&both) > width(&columns)) {
                (columns, depth) = (both, rows);
            }
        }
        if !is_table(&columns) {
            return None;
        }
        columns.sort_by_key(|column| column.area.left);
        settle_names(&mut columns);
        let starts: Vec<i32> = columns.iter().skip(1).map(|column| column.area.left).collect();
        for (column, next) in columns.iter_mut().zip(starts) {
            column.end = next;
        }
        Some(Self { columns, depth })
    }

    /// Looks which edge the numbers below share with each head, and where it really is.
    pub fn calibrate(&mut self, rows: &[Row], height: i32) {
        for index in 0..self.columns.len() {
            if !self.columns[index].role.is_numeric() {
                continue;
            }
            let head = self.columns[index].area;
            let fits =
                |edge: Edge, area: Area| (edge_of(edge, area) - edge_of(edge, head)).abs() * 10 < height * 6;
            let mut best = (0_usize, Edge::Right, head.right);
            for edge in [Edge::Right, Edge::Left, Edge::Middle] {
                let numbers = rows.iter().flat_map(|row| &row.tokens).filter(|token| is_number(token));
                let mut places: Vec<i32> = numbers
                    .filter_map(|token| {
                        let areas = [token.area, token.area_with_unit];
                        areas.into_iter().find(|area| fits(edge, *area)).map(|area| edge_of(edge, area))
                    })
                    .collect();
                places.sort_unstable();
                if places.len() > best.0 {
                    best = (places.len(), edge, places[places.len() / 2]);
                }
            }
            let numbers = rows.iter().flat_map(|row| &row.tokens).filter(|token| is_number(token));
            let areas = numbers.clone().map(|token| token.area).filter(|area| fits(best.1, *area));
            let around = areas.reduce(Area::around);
            let column = &mut self.columns[index];
            // A head at the left of its column and numbers at the right share an edge by chance alone. In scans,
            // where rules and stains are numbers, too, one shared edge is enough.
            let under = numbers.filter(|token| column.holds(token.area, height));
            if under.filter(|token| best.0 == 0 || token.source == Source::Text).count() > best.0 {
                best.1 = Edge::Slot;
            }
            (column.edge, column.at, column.around) = (best.1, best.2, around);
        }
    }

    /// Around all numbers that were seen in a column.
    pub fn seen_areas(&self, role: Role) -> Option<Area> {
        self.columns.iter().find(|column| column.role == role)?.around
    }

    /// The numeric column that a number stands in.
    pub fn numeric(&self, token: &Token, height: i32) -> Option<Role> {
        let numeric = self.columns.iter().filter(|column| column.role.is_numeric());
        let off = |column: &Column| match column.edge {
            Edge::Slot if column.holds(token.area, height) => height / 2,
            Edge::Slot => height,
            edge => {
                let areas = [token.area, token.area_with_unit];
                let places = areas.map(|area| (edge_of(edge, area) - column.at).abs());
                places[0].min(places[1])
            }
        };
        let nearest = numeric.min_by_key(|column| off(column))?;
        (off(nearest) * 10 < height * 8).then_some(nearest.role)
    }

    /// The column that a text stands in, which is part of `phrase`: the one whose head alone is over the phrase,
    /// else the last that begins at or before the text.
    pub fn textual(&self, token: &Token, phrase: Area, height: i32) -> Option<Role> {
        let textual = |column: &&Column| !column.role.is_numeric();
        let is_over = |column: &&Column| {
            column.area.left < phrase.right && phrase.left < column.area.right && token.source == Source::Text
        };
        let mut over = self.columns.iter().filter(is_over);
        if let (Some(only), None) = (over.next(), over.next())
            && textual(&only)
        {
            return Some(only.role);
        }
        let begins = |column: &&Column| column.area.left - height * 7 / 10 <= token.area.left;
        self.columns
            .iter()
            .filter(textual)
            .rfind(begins)
            .or_else(|| self.columns.iter().find(textual))
            .map(|column| column.role)
    }
}

impl Column {
    /// Whether something stands between the left edge of the head and the next one.
    fn holds(&self, area: Area, height: i32) -> bool {
        self.area.left - height / 2 <= i32::midpoint(area.left, area.right) && area.right <= self.end
    }
}

fn edge_of(edge: Edge, area: Area) -> i32 {
    match edge {
        Edge::Right | Edge::Slot => area.right,
        Edge::Left => area.left,
        Edge::Middle => i32::midpoint(area.left, area.right),
    }
}

/// Whether a token counts something or is a rate.
pub(super) fn is_number(token: &Token) -> bool {
    token.number.or(token.percent).is_some_and(|number: Decimal| number.scale() <= 6)
}

/// Whether two rows may be one head: near, and without numbers.
fn is_one_head(upper: &Row, lower: &Row) -> bool {
    let is_near = lower.area.top - upper.area.bottom < upper.area.height() / 2;
    is_near && ![upper, lower].iter().any(|row| row.tokens.iter().any(is_number))
}

/// How much of the page the heads take: the more of two rows is known, the more.
fn width(columns: &[Column]) -> i32 {
    columns.iter().map(|column| column.area.right - column.area.left).sum()
}

/// Words below joined to those that they stand under: "Lev." and "antal", "Pris exkl." and "moms".
fn stacked(row: &Row, below: &Row) -> Row {
    let mut joined = row.clone();
    let mut rest = below.tokens.clone();
    join_phrases(&mut joined.tokens, &mut rest);
    for token in &rest {
        let over = joined
            .tokens
            .iter_mut()
            .find(|over| over.area.left < token.area.right && token.area.left < over.area.right);
        match over {
            Some(over) => {
                over.text.push_str(&token.text);
                over.area = over.area.around(token.area);
            }
            None => joined.tokens.push(token.clone()),
        }
    }
    joined.tokens.sort_by_key(|token| token.area.left);
    joined
}

/// Joins several words that stand close together to those under them, where that names a column.
fn join_phrases(upper: &mut Vec<Token>, lower: &mut Vec<Token>) {
    let mut index = 0;
    while index < upper.len() {
        let longest = PHRASE_MAX.min(upper.len() - index);
        let found = (1..=longest).rev().find_map(|length| {
            let words = &upper[index..index + length];
            let area = words[1..].iter().fold(words[0].area, |area, token| area.around(token.area));
            phrases_under(lower, area).into_iter().find_map(|under| {
                let texts = words.iter().chain(&lower[under.clone()]).map(|token| token.text.as_str());
                let phrase: String = texts.collect();
                let is_one = length + under.len() > 2 && !under.is_empty() && are_close(words);
                let area = lower[under.clone()].iter().fold(area, |area, token| area.around(token.area));
                (is_one && column(&phrase).is_some()).then_some((length, phrase, area, under))
            })
        });
        if let Some((length, text, area, under)) = found {
            lower.drain(under);
            let first = upper[index].clone();
            upper.splice(index..index + length, [Token { text, area, ..first }]);
        }
        index += 1;
    }
}

/// The words under an area, with those that are set close to them, and without.
fn phrases_under(lower: &[Token], area: Area) -> [Range<usize>; 4] {
    let is_under = |token: &Token| token.area.left < area.right && area.left < token.area.right;
    let Some(mut start) = lower.iter().position(is_under) else { return [0..0, 0..0, 0..0, 0..0] };
    let mut end = start + lower[start..].iter().take_while(|token| is_under(token)).count();
    let alone = start..end;
    while start > 0 && are_close(&lower[start - 1..=start]) {
        start -= 1;
    }
    while end < lower.len() && are_close(&lower[end - 1..=end]) {
        end += 1;
    }
    // The next column may be as close as the next word.
    [start..end, start..alone.end, alone.start..end, alone]
}

fn is_table(columns: &[Column]) -> bool {
    let has = |role| columns.iter().any(|column| column.role == role);
    columns.len() >= 3 && has(Role::Amount) && (has(Role::Quantity) || has(Role::Price))
}

/// Longest phrases first, so that "Unit price" is a price and not a unit.
fn heads(row: &Row) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let mut index = 0;
    while index < row.tokens.len() {
        let longest = PHRASE_MAX.min(row.tokens.len() - index);
        let found = (1..=longest).rev().find_map(|length| {
            let words = &row.tokens[index..index + length];
            let phrase: String = words.iter().map(|token| token.text.as_str()).collect();
            // "Pris" and "Enhet" side by side are two columns, nearly spelt like one.
            let are_columns = length > 1 && words.iter().all(|token| column(&token.text).is_some());
            let role = if are_columns { exact_column(&phrase) } else { column(&phrase) };
            role.filter(|_| are_close(words)).map(|role| (role, length))
        });
        let Some((role, length)) = found else {
            index += 1;
            continue;
        };
        let words = &row.tokens[index..index + length];
        let area = words[1..].iter().fold(words[0].area, |area, token| area.around(token.area));
        if !columns.iter().any(|column| column.role == role && role != Role::Name) {
            let end = i32::MAX;
            columns.push(Column { role, area, edge: Edge::Right, at: area.right, end, around: None });
        }
        index += length;
    }
    columns
}

/// Whether words are set as one phrase.
fn are_close(words: &[Token]) -> bool {
    words.windows(2).all(|pair| {
        let sign = pair[0].sign_width().max(pair[1].sign_width());
        // Boxes of a text layer are exact, and columns may be set as close as a sign and a half.
        let tenths = if pair[0].source == Source::Ocr { 20 } else { 14 };
        pair[0].gap_to(&pair[1]) * 10 < sign * tenths
    })
}

/// "Item" names goods, unless there is a "Description" as well: then it numbers them.
fn settle_names(columns: &mut Vec<Column>) {
    let names = columns.iter().filter(|column| column.role == Role::Name).count();
    if names == 0 {
        if let Some(item) = columns.iter_mut().find(|column| column.role == Role::Item) {
            item.role = Role::Name;
        }
    } else if names > 1 {
        let has_item = columns.iter().any(|column| column.role == Role::Item);
        let first = columns.iter().position(|column| column.role == Role::Name).expect("there are two");
        if has_item {
            let mut seen = false;
            columns.retain(|column| column.role != Role::Name || !std::mem::replace(&mut seen, true));
        } else {
            columns[first].role = Role::Item;
        }
    }
}
