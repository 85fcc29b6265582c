//! From the cells of a row to a line or a charge.

use rust_decimal::Decimal;

use super::{
    table::{Item, Tables},
    token::Token,
    units,
};
use crate::{
    checksum,
    invoice::{AllowanceCharge, Effect, Field, Invoice, Line, Text},
    money,
};

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

pub(super) fn minor(token: &Token) -> Option<Field<i64>> {
    token.number.and_then(money::minor).map(|value| token.field(value))
}

fn rate(item: &Item) -> Option<Field<Decimal>> {
    let token = item.vat.as_ref()?;
    token.percent.or(token.number).map(|rate| token.field(rate))
}

fn text(tokens: &[Token]) -> Text {
    let first = tokens.first()?;
    let mut whole = first.clone();
    let mut joined = first.text.clone();
    for pair in tokens.windows(2) {
        let (before, token) = (&pair[0], &pair[1]);
        // "12-" at the end of a row and "pack" in the next are one word.
        let is_split =
            before.text.ends_with('-') && before.text.len() > 1 && token.area.top > before.area.middle();
        if !is_split {
            joined.push(' ');
        }
        joined.push_str(&token.text);
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
