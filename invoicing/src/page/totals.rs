//! Sums and VAT of the document.

use rust_decimal::Decimal;

use super::{
    labels,
    lexicon::Label,
    rows::{Row, Sheet},
    table::{Tables, minor},
    token::Token,
};
use crate::{
    invoice::{Field, Invoice, Source, Totals, VatRow},
    money,
};

/// Everything labelled as a sum outside the table; a later one of a kind replaces an earlier, as sums
/// that are carried over come before those that count.
pub(super) fn read(sheets: &[Sheet], tables: &Tables, invoice: &mut Invoice) {
    let mut totals = Totals::default();
    let mut weak: Option<Field<i64>> = None;
    for (sheet, table) in sheets.iter().zip(&tables.rows) {
        for index in (0..sheet.rows.len()).filter(|index| !table.contains(index)) {
            let is_after = index >= table.end;
            for (found, tokens) in labels::beside(&sheet.rows[index]) {
                let Some(amount) = amount(&tokens) else { continue };
                let slot = match found.label {
                    Label::Payable => &mut totals.payable_minor,
                    _ if !is_after => continue,
                    Label::Net => &mut totals.net_minor,
                    Label::Vat => &mut totals.vat_minor,
                    Label::Rounding => &mut totals.rounding_minor,
                    Label::Gross => &mut totals.gross_minor,
                    Label::Prepaid => &mut totals.prepaid_minor,
                    Label::Total => &mut weak,
                    _ => continue,
                };
                *slot = Some(amount);
            }
            if is_after {
                invoice.vat.extend(vat_row(&sheet.rows[index]));
            }
        }
    }
    totals.payable_minor = totals.payable_minor.or(weak).or_else(|| totals.gross_minor.clone());
    complete(&mut totals, &invoice.vat);
    invoice.vat.extend(only_rate(&totals).filter(|_| invoice.vat.is_empty()));
    invoice.totals = totals;
}

/// The first number that is no percentage.
fn amount(tokens: &[&Token]) -> Option<Field<i64>> {
    let is_part = |token: &&&Token| token.percent.is_none() && !labels::is_currency(&token.text);
    let first = tokens.iter().find(is_part)?;
    minor(first)
}

/// A VAT in rows only, and a net in rows only, are their sums.
fn complete(totals: &mut Totals, rows: &[VatRow]) {
    let sum = |of: fn(&VatRow) -> &Field<i64>| {
        let first = of(rows.first()?);
        let value = rows.iter().map(|row| of(row).value).sum();
        Some(first.clone().map(|_| value))
    };
    if totals.vat_minor.is_none() {
        totals.vat_minor = sum(|row| &row.tax_minor);
    }
    if totals.net_minor.is_none() {
        totals.net_minor = sum(|row| &row.taxable_minor);
    }
}

/// The one Swedish rate that the document's VAT is of its net, where no row says so.
fn only_rate(totals: &Totals) -> Option<VatRow> {
    let (net, vat) = (totals.net_minor.as_ref()?, totals.vat_minor.as_ref()?);
    let fits = |rate: &&i64| money::percentage_minor(net.value, Decimal::from(**rate)) == Some(vat.value);
    let mut rates = RATES.iter().filter(fits);
    let (rate, other) = (rates.next()?, rates.next());
    let row = VatRow {
        category: None,
        rate: Some(vat.clone().map(|_| Decimal::from(*rate))),
        taxable_minor: net.clone(),
        tax_minor: vat.clone(),
    };
    (other.is_none() && vat.value > 0).then_some(row)
}

/// Rates that a pair of numbers is tried with when a scan lost the rate beside them.
const RATES: [i64; 3] = [6, 12, 25];

/// Two amounts side by side of which one is the VAT on the other.
fn vat_row(row: &Row) -> Option<VatRow> {
    let is_amount = |token: &Token| token.number.is_some_and(|number| number.scale() == 2);
    let printed = row.tokens.iter().find_map(|token| token.percent.map(|rate| (token, rate)));
    let pairs = row.tokens.windows(2).filter(|pair| pair.iter().all(is_amount));
    for pair in pairs {
        let found = match printed {
            Some((token, rate)) => {
                in_order(&pair[0], &pair[1], rate, 100).map(|amounts| (amounts, token.field(rate)))
            }
            None => lost_rate(pair),
        };
        let Some(((taxable, tax), rate)) = found else { continue };
        let (taxable_minor, tax_minor) = (minor(taxable)?, minor(tax)?);
        return Some(VatRow { category: None, rate: Some(rate), taxable_minor, tax_minor });
    }
    None
}

/// The one Swedish rate that makes the pair come out to the öre.
fn lost_rate(pair: &[Token]) -> Option<((&Token, &Token), Field<Decimal>)> {
    if pair[0].source != Source::Ocr {
        return None;
    }
    let mut found = RATES.iter().filter_map(|rate| {
        let rate = Decimal::from(*rate);
        let amounts = in_order(&pair[0], &pair[1], rate, 1)?;
        Some((amounts, amounts.0.field(rate)))
    });
    let (first, other) = (found.next(), found.next());
    first.filter(|((base, _), _)| other.is_none() && base.number.is_some_and(|base| base >= Decimal::ONE))
}

/// Which of the two is the base; a row in which neither fits is not read as VAT.
fn in_order<'a>(
    first: &'a Token,
    second: &'a Token,
    rate: Decimal,
    slack_minor: i64,
) -> Option<(&'a Token, &'a Token)> {
    let fits = |base: &Token, tax: &Token| {
        let (base, tax) = (base.number.and_then(money::minor), tax.number.and_then(money::minor));
        base.zip(tax)
            .and_then(|(base, tax)| Some((money::percentage_minor(base, rate)? - tax).abs() < slack_minor))
            .unwrap_or(false)
    };
    if fits(first, second) {
        return Some((first, second));
    }
    fits(second, first).then_some((second, first))
}
