//! The lines of an invoice, over all its pages.

use super::{
    cells::{self, Cell},
    columns::{Columns, is_number},
    labels,
    lexicon::{Label, Role, normal},
    rows::{Row, Sheet},
    token::Token,
    units,
};
use crate::invoice::Area;

/// The numbers of one row of the table, and its texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Item {
    pub quantity: Option<Token>,
    pub price: Option<Token>,
    pub discount: Option<Token>,
    pub vat: Option<Token>,
    pub amount: Option<Token>,
    pub unit: Option<Token>,
    pub number: Vec<Token>,
    pub cell: Cell,
}

/// What was found of a table, page by page.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    /// In reading order.
    pub items: Vec<Item>,
    /// By sheet: the rows that belong to the table, its head included.
    pub rows: Vec<std::ops::Range<usize>>,
}

/// Finds the table on each sheet. One that does not end goes on at the top of the next.
pub(super) fn read(sheets: &[Sheet]) -> Tables {
    let mut tables = Tables::default();
    let mut running: Option<Columns> = None;
    for sheet in sheets {
        // Where a table goes on, its head is repeated above what ends it or not at all: a sentence at the foot,
        // "priser och belopp exklusive moms", names as many columns as a head does.
        let until = running.as_ref().and_then(|_| sheet.rows.iter().position(ends_table));
        let head = (0..until.map_or(sheet.rows.len(), |until| until + 1))
            .find_map(|index| Columns::of_head(&sheet.rows, index).map(|columns| (index, columns)));
        let (start, body, columns) = match (head, running.take()) {
            (Some((index, columns)), _) => (index, index + columns.depth, columns),
            (None, Some(columns)) => (0, 0, columns),
            (None, None) => {
                tables.rows.push(0..0);
                continue;
            }
        };
        let (end, has_ended) = read_sheet(sheet, body, columns.clone(), &mut tables.items);
        tables.rows.push(start..end);
        running = (!has_ended).then_some(columns);
    }
    tables
}

/// The row after the last, and whether the table ends there.
fn read_sheet(sheet: &Sheet, body: usize, mut columns: Columns, items: &mut Vec<Item>) -> (usize, bool) {
    let stop = (body..sheet.rows.len()).find(|index| ends_table(&sheet.rows[*index]));
    let rows = &sheet.rows[body..stop.unwrap_or(sheet.rows.len())];
    columns.calibrate(rows, sheet.height);
    let is_line = |row: &&Row| !is_carried_over(row) && !is_foot(row);
    let parts: Vec<Part> = rows.iter().filter(is_line).map(|row| part(row, &columns, sheet.height)).collect();
    items.extend(cells::join(&parts, sheet.height));
    // What stands below the last line of a page that goes on is its foot.
    let last = rows.iter().rposition(|row| is_line(&row) && part(row, &columns, sheet.height).has_amount());
    let end = stop.unwrap_or(body + last.map_or(0, |last| last + 1));
    let is_paid =
        sheet.rows[end..].iter().flat_map(labels::in_row).any(|found| found.label == Label::Payable);
    (end, is_paid)
}

/// The columns of a sheet's own table, and its rows.
pub(super) fn columns_and_rows(sheet: &Sheet) -> Option<(Columns, &[Row])> {
    let rows = &sheet.rows;
    let (head, mut columns) =
        (0..rows.len()).find_map(|index| Some((index, Columns::of_head(rows, index)?)))?;
    let body = (head + columns.depth).min(rows.len());
    let end = (body..rows.len()).find(|index| ends_table(&rows[*index])).unwrap_or(rows.len());
    columns.calibrate(&rows[body..end], sheet.height);
    Some((columns, &rows[body..end]))
}

/// One row by itself.
pub(super) fn item(row: &Row, columns: &Columns, height: i32) -> Item {
    part(row, columns, height).item
}

/// A row of the table: numbers, texts, or both.
pub(super) struct Part {
    pub item: Item,
    pub top: i32,
    pub bottom: i32,
}

impl Part {
    /// Whether it starts a line or a charge, and is not more text of one.
    pub fn has_amount(&self) -> bool {
        self.item.amount.is_some()
    }
}

fn part(row: &Row, columns: &Columns, height: i32) -> Part {
    let mut item = Item::default();
    let mut texts: Vec<Token> = Vec::new();
    for token in row.tokens.iter().filter(|token| !labels::is_currency(&token.text)) {
        let role = is_number(token).then(|| columns.numeric(token, height)).flatten();
        let slot = match role {
            Some(Role::Quantity) if token.number.is_some() && token.per.is_none() => &mut item.quantity,
            // "10kg" is a quantity, or part of a name.
            _ if token.unit.is_some() => {
                texts.push(token.clone());
                continue;
            }
            Some(Role::Price) if token.number.is_some() => &mut item.price,
            Some(Role::Discount) => &mut item.discount,
            Some(Role::Vat) => &mut item.vat,
            Some(Role::Amount) if token.number.is_some() => &mut item.amount,
            _ => {
                texts.push(token.clone());
                continue;
            }
        };
        if let Some(earlier) = slot.replace(token.clone()) {
            texts.push(earlier);
        }
    }
    let phrases = phrases(&texts, height);
    for (token, phrase) in texts.into_iter().zip(phrases) {
        let is_after_quantity =
            item.quantity.as_ref().filter(|quantity| quantity.unit.is_none()).is_some_and(|quantity| {
                let gap = quantity.gap_to(&token);
                let is_between = |other: &&Token| {
                    quantity.area.right <= other.area.left && other.area.right <= token.area.left
                };
                (0..height * 4).contains(&gap) && !row.tokens.iter().any(|other| is_between(&other))
            });
        let role = columns.textual(&token, phrase, height);
        let is_unit = units::code(&token.text).is_some() && (is_after_quantity || role == Some(Role::Unit));
        match role {
            _ if is_unit && item.unit.is_none() => item.unit = Some(token),
            Some(Role::Unit) if item.quantity.is_some() && item.unit.is_none() => item.unit = Some(token),
            Some(Role::Item) => item.number.push(token),
            Some(Role::Gtin) => item.cell.gtin = Some(token),
            Some(Role::RowNumber) if token.number.is_some() => {}
            _ => item.cell.push(token),
        }
    }
    if let Some(at) = cells::gtin_label(&item.cell.name) {
        let labelled = item.cell.name.split_off(at);
        item.cell.gtin = labelled.into_iter().nth(1).filter(|token| cells::is_gtin(&token.text));
    }
    Part { item, top: row.area.top, bottom: row.area.bottom }
}

/// For each text the area of the words that are set as close to it as words of one phrase.
fn phrases(texts: &[Token], height: i32) -> Vec<Area> {
    let mut areas: Vec<Area> = texts.iter().map(|token| token.area).collect();
    let is_close = |index: usize| texts[index - 1].gap_to(&texts[index]) * 10 < height * 7;
    for index in 1..areas.len() {
        if is_close(index) {
            areas[index] = areas[index].around(areas[index - 1]);
        }
    }
    for index in (1..areas.len()).rev() {
        if is_close(index) {
            areas[index - 1] = areas[index];
        }
    }
    areas
}

/// Registrations and accounts stand at the foot of a page, on every page.
fn is_foot(row: &Row) -> bool {
    labels::in_row(row).iter().any(|found| {
        matches!(
            found.label,
            Label::LegalId | Label::VatId | Label::Bankgiro | Label::Plusgiro | Label::PaymentReference
        )
    })
}

/// A sum that goes over to the next page, or came from the one before.
fn is_carried_over(row: &Row) -> bool {
    const CARRIED: [&str; 9] = [
        "transporteras",
        "atttransportera",
        "transporttill",
        "transportfran",
        "ingaendetransport",
        "utgaendetransport",
        "carriedforward",
        "broughtforward",
        "overfort",
    ];
    let text: String = row.tokens.iter().map(|token| normal(&token.text)).collect();
    CARRIED.iter().any(|carried| text.contains(carried))
}

/// Sums, VAT and terms come after the lines.
fn ends_table(row: &Row) -> bool {
    const ENDS: [&str; 5] =
        ["momssats", "momsspecifikation", "momsunderlag", "betalningsvillkor", "momsredovisning"];
    if row.tokens.iter().any(|token| ENDS.contains(&normal(&token.text).as_str())) {
        return true;
    }
    let first = labels::in_row(row).into_iter().next();
    first.is_some_and(|found| {
        let is_sum = matches!(
            found.label,
            Label::Net | Label::Payable | Label::Gross | Label::Total | Label::Rounding | Label::Vat
        );
        let has_amount = row.tokens.iter().any(|token| token.number.is_some());
        // A product may be called "Total …": a sum has nothing but its label before its amount.
        is_sum && has_amount && found.is_whole_text(row)
    })
}
