//! The head of a table, and what stands under it.

use rust_decimal::Decimal;

use super::{
    lexicon::{Role, column},
    rows::Row,
    token::Token,
};
use crate::invoice::Area;

/// The most words that name one column.
const PHRASE_MAX: usize = 3;

/// Which edge the numbers of a column share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    Right,
    Left,
    Middle,
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
    /// How many numbers were seen to share it.
    seen: usize,
    /// Around all of those.
    around: Option<Area>,
}

/// The columns of a table, from left to right.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub columns: Vec<Column>,
}

impl Columns {
    /// The head that this row, or this one and the next, is. `None` for a row that is none.
    pub fn of_head(row: &Row, below: Option<&Row>) -> Option<Self> {
        let mut columns = heads(row);
        if columns.len() >= 2
            && let Some(below) = below.filter(|below| is_more_head(row, below))
        {
            let both = heads(&stacked(row, below));
            if both.len() >= columns.len() {
                columns = both;
            }
        }
        if !is_table(&columns) {
            return None;
        }
        columns.sort_by_key(|column| column.area.left);
        settle_names(&mut columns);
        Some(Self { columns })
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
            let areas = numbers.map(|token| token.area).filter(|area| fits(best.1, *area));
            let around = areas.reduce(Area::around);
            let column = &mut self.columns[index];
            (column.seen, column.edge, column.at, column.around) = (best.0, best.1, best.2, around);
        }
    }

    /// Around all numbers that were seen in a column.
    pub fn seen_areas(&self, role: Role) -> Option<Area> {
        self.columns.iter().find(|column| column.role == role)?.around
    }

    /// The numeric column that a number stands in.
    pub fn numeric(&self, token: &Token, height: i32) -> Option<Role> {
        let numeric = self.columns.iter().filter(|column| column.role.is_numeric());
        let off = |column: &Column| {
            [token.area, token.area_with_unit]
                .map(|area| (edge_of(column.edge, area) - column.at).abs())
                .into_iter()
                .min()
                .unwrap_or(i32::MAX)
        };
        let nearest = numeric.clone().min_by_key(|column| off(column))?;
        if off(nearest) * 10 < height * 8 {
            return Some(nearest.role);
        }
        // Numbers under a head that shares no edge with them: what begins under it, before the next head.
        let (index, column) = self.columns.iter().enumerate().rfind(|(_, column)| {
            column.area.left - height / 2 <= token.area.left.midpoint(token.area.right)
        })?;
        let next = self.columns.get(index + 1).map_or(i32::MAX, |next| next.area.left);
        (column.role.is_numeric() && column.seen == 0 && token.area.right <= next).then_some(column.role)
    }

    /// The column that a text stands in: the last that begins at or before it.
    pub fn textual(&self, token: &Token, height: i32) -> Option<Role> {
        let textual = |column: &&Column| !column.role.is_numeric();
        let begins = |column: &&Column| column.area.left - height * 7 / 10 <= token.area.left;
        self.columns
            .iter()
            .filter(textual)
            .rfind(begins)
            .or_else(|| self.columns.iter().find(textual))
            .map(|column| column.role)
    }
}

fn edge_of(edge: Edge, area: Area) -> i32 {
    match edge {
        Edge::Right => area.right,
        Edge::Left => area.left,
        Edge::Middle => i32::midpoint(area.left, area.right),
    }
}

/// Whether a token counts something or is a rate.
pub(super) fn is_number(token: &Token) -> bool {
    token.number.or(token.percent).is_some_and(|number: Decimal| number.scale() <= 6)
}

/// The rest of a head that is set in two rows: near, without numbers, and under the first.
fn is_more_head(row: &Row, below: &Row) -> bool {
    let is_near = below.area.top - row.area.bottom < row.area.height() / 2;
    is_near && !below.tokens.iter().any(is_number)
}

/// Words below joined to those that they stand under: "Lev." and "antal".
fn stacked(row: &Row, below: &Row) -> Row {
    let mut joined = row.clone();
    for token in &below.tokens {
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
            let is_close = words.windows(2).all(|pair| pair[0].gap_to(&pair[1]) < row_gap(pair));
            let phrase: String = words.iter().map(|token| token.text.as_str()).collect();
            is_close.then(|| column(&phrase)).flatten().map(|role| (role, length))
        });
        let Some((role, length)) = found else {
            index += 1;
            continue;
        };
        let words = &row.tokens[index..index + length];
        let area = words[1..].iter().fold(words[0].area, |area, token| area.around(token.area));
        if !columns.iter().any(|column| column.role == role && role != Role::Name) {
            columns.push(Column { role, area, edge: Edge::Right, at: area.right, seen: 0, around: None });
        }
        index += length;
    }
    columns
}

fn row_gap(pair: &[Token]) -> i32 {
    pair[0].sign_width().max(pair[1].sign_width()) * 2
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
