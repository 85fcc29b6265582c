//! The lines of an invoice, over all its pages.

use rust_decimal::Decimal;

use super::{
    cells::{self, Cell},
    columns::{Columns, is_number},
    labels,
    lexicon::{Label, Role, normal},
    rows::{Row, Sheet},
    token::Token,
    units,
};
use crate::{
    checksum,
    invoice::{AllowanceCharge, Effect, Field, Invoice, Line, Text},
    money,
};

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
        let head = sheet.rows.iter().enumerate().find_map(|(index, row)| {
            Columns::of_head(row, sheet.rows.get(index + 1)).map(|columns| (index, columns))
        });
        let (start, body, columns) = match (head, running.take()) {
            (Some((index, columns)), _) => (index, index + 1, columns),
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
    let (head, mut columns) = rows
        .iter()
        .enumerate()
        .find_map(|(index, row)| Some((index, Columns::of_head(row, rows.get(index + 1))?)))?;
    let end = (head + 1..rows.len()).find(|index| ends_table(&rows[*index])).unwrap_or(rows.len());
    columns.calibrate(&rows[head + 1..end], sheet.height);
    Some((columns, &rows[head + 1..end]))
}

/// One row by itself.
pub(super) fn item(row: &Row, columns: &Columns, height: i32) -> Item {
    part(row, columns, height).item
}

/// Whether quantity times price, less the discount, is the amount.
pub(super) fn adds_up(item: &Item) -> bool {
    let (Some(quantity), Some(price), Some(amount)) = (&item.quantity, &item.price, &item.amount) else {
        return false;
    };
    let amounts = quantity.number.zip(price.number).zip(amount.number.and_then(money::minor));
    amounts.is_some_and(|((quantity, price), net_minor)| fits(item, (quantity, price, net_minor)))
}

/// The same of numbers that may be other readings.
fn fits(item: &Item, (quantity, price, net_minor): (Decimal, Decimal, i64)) -> bool {
    let off = discount(item, quantity, price, net_minor).map_or(0, |off| off.amount_minor.value);
    gross_minor(item, quantity, price).is_some_and(|gross| gross - off == net_minor)
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
    for token in texts {
        let is_after_quantity = item.quantity.as_ref().is_some_and(|quantity| {
            let gap = quantity.gap_to(&token);
            (0..height * 4).contains(&gap)
        });
        let role = columns.textual(&token, height);
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

/// Puts the items into the invoice: lines, and what has no quantity and no price as charges.
pub(super) fn fill(tables: Tables, invoice: &mut Invoice) {
    for item in tables.items {
        let Some(amount) = item.amount.as_ref().and_then(minor) else { continue };
        match (&item.quantity, &item.price) {
            (Some(quantity), Some(price)) => {
                let (quantity, price) = (quantity.clone(), price.clone());
                invoice.lines.extend(line(&item, &quantity, &price, amount, invoice.lines.len()));
            }
            (None, None) => invoice.allowances_charges.push(charge(&item, amount)),
            // Half a line is none: the document will not add up, and a person looks at it.
            _ => {}
        }
    }
    // With one rate in the whole document, a line that does not print it has it.
    if let [row] = invoice.vat.as_slice() {
        for line in invoice.lines.iter_mut().filter(|line| line.vat_rate.is_none()) {
            line.vat_rate.clone_from(&row.rate);
        }
    }
    invoice.allowances_charges.sort_by_key(|change| change.effect == Effect::Charge);
}

pub(super) fn minor(token: &Token) -> Option<Field<i64>> {
    token.number.and_then(money::minor).map(|value| token.field(value))
}

fn rate(item: &Item) -> Option<Field<Decimal>> {
    let token = item.vat.as_ref()?;
    token.percent.or(token.number).map(|rate| token.field(rate))
}

fn text(tokens: &[Token]) -> Text {
    let first = tokens.first()?;
    let joined = tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ");
    let mut whole = first.clone();
    for token in &tokens[1..] {
        whole.area = whole.area.around(token.area);
        whole.confidence = whole.confidence.min(token.confidence);
        whole.agreed &= token.agreed;
    }
    Some(whole.field(joined))
}

fn line(item: &Item, quantity: &Token, price: &Token, net: Field<i64>, index: usize) -> Option<Line> {
    let (count, unit_price, net) = readings(item, quantity, price, net)?;
    Some(Line {
        id: (index + 1).to_string(),
        name: text(&item.cell.name),
        description: text(&item.cell.description),
        seller_item_id: text(&item.number),
        buyer_item_id: None,
        standard_item_id: item.cell.gtin.as_ref().map(gtin),
        standard_item_scheme: item.cell.gtin.is_some().then(|| "0160".to_owned()),
        quantity: quantity.field(count),
        unit: unit(item, quantity),
        net_price: price.field(unit_price),
        base_quantity: price.per.map(|units| price.field(units)),
        allowances_charges: discount(item, count, unit_price, net.value).into_iter().collect(),
        net_minor: net,
        vat_category: None,
        vat_rate: rate(item),
        order_line_reference: None,
    })
}

fn unit(item: &Item, quantity: &Token) -> Text {
    let glued = || quantity.unit.map(|code| quantity.field(code.to_owned()));
    let beside = item.unit.as_ref().and_then(|unit| Some(unit.field(units::code(&unit.text)?.to_owned())));
    beside.or_else(glued)
}

/// A GTIN with a wrong check digit was misread.
fn gtin(token: &Token) -> Field<String> {
    let mut field = token.field(token.text.clone());
    if !checksum::is_gtin(&token.text) {
        field.confidence /= 2;
    }
    field
}

/// The numbers of a line as read. Where they do not fit each other, those that another pass read, if
/// just one choice among them fits: nothing is made up to make a line come out.
fn readings(
    item: &Item,
    quantity: &Token,
    price: &Token,
    net: Field<i64>,
) -> Option<(Decimal, Decimal, Field<i64>)> {
    let read = (quantity.number?, price.number?, net.value);
    let choices = |token: &Token| -> Vec<Decimal> {
        let mut choices = vec![];
        for choice in token.number.iter().chain(&token.alternatives) {
            if !choices.contains(choice) {
                choices.push(*choice);
            }
        }
        choices
    };
    let nets: Vec<i64> = match &item.amount {
        Some(amount) => choices(amount).into_iter().filter_map(money::minor).collect(),
        None => vec![net.value],
    };
    if fits(item, read) {
        return Some((read.0, read.1, net));
    }
    let counts = choices(quantity);
    let prices = choices(price);
    let all = counts.iter().flat_map(|count| prices.iter().map(move |price| (*count, *price)));
    let mut fitting = all
        .flat_map(|(count, price)| nets.iter().map(move |net| (count, price, *net)))
        .filter(|choice| choice.2 != 0 && fits(item, *choice));
    let (found, other) = (fitting.next(), fitting.next());
    let (count, price, net_minor) = found.filter(|_| other.is_none()).unwrap_or(read);
    Some((count, price, net.map(|_| net_minor)))
}

/// Before the discount; a price may be for many units.
fn gross_minor(item: &Item, quantity: Decimal, price: Decimal) -> Option<i64> {
    let units = item.price.as_ref().and_then(|price| price.per).unwrap_or(Decimal::ONE);
    money::minor(quantity.checked_mul(price)?.checked_div(units)?)
}

/// A discount in per cent, or the amount that the line needs to add up; a number that is neither stays
/// an amount, and the line does not add up.
fn discount(item: &Item, quantity: Decimal, price: Decimal, net_minor: i64) -> Option<AllowanceCharge> {
    let token = item.discount.as_ref()?;
    let printed = token.percent.or(token.number)?;
    if printed.is_zero() {
        return None;
    }
    let gross_minor = gross_minor(item, quantity, price)?;
    let as_percent = money::percentage_minor(gross_minor, printed.abs())?;
    let as_amount = money::minor(printed.abs())?;
    let is_percent = token.percent.is_some()
        || (gross_minor - as_percent == net_minor && gross_minor - as_amount != net_minor);
    Some(AllowanceCharge {
        effect: Effect::Allowance,
        amount_minor: token.field(if is_percent { as_percent } else { as_amount }),
        base_minor: Some(gross_minor),
        percent: is_percent.then(|| printed.abs()),
        reason: None,
        reason_code: None,
        vat_category: None,
        vat_rate: None,
    })
}

fn charge(item: &Item, amount: Field<i64>) -> AllowanceCharge {
    let words: Vec<Token> = item.number.iter().chain(&item.cell.name).cloned().collect();
    AllowanceCharge {
        effect: if amount.value < 0 { Effect::Allowance } else { Effect::Charge },
        amount_minor: amount.map(i64::abs),
        base_minor: None,
        percent: None,
        reason: text(&words),
        reason_code: None,
        vat_category: None,
        vat_rate: rate(item).map(|rate| rate.value),
    }
}
