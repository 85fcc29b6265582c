//! Sums and VAT of the document.

use rust_decimal::Decimal;

use super::{
    labels,
    lexicon::Label,
    lines::minor,
    rows::{Row, Sheet},
    table::Tables,
    token::Token,
};
use crate::{
    invoice::{Field, Invoice, Source, Totals, VatRow},
    money,
};

/// Everything labelled as a sum outside the table; a later one of a kind replaces an earlier, as sums
/// that are carried over come before those that count.
///
/// Returns what is said of the VAT at single rates without the amount that it is on.
pub(super) fn read(sheets: &[Sheet], tables: &Tables, invoice: &mut Invoice) -> Vec<RateVat> {
    let mut totals = Totals::default();
    let mut at_rates: Vec<RateVat> = Vec::new();
    let mut weak: Option<Field<i64>> = None;
    for (sheet, table) in sheets.iter().zip(&tables.rows) {
        for index in (0..sheet.rows.len()).filter(|index| !table.contains(index)) {
            let is_after = index >= table.end;
            let row = &sheet.rows[index];
            for (found, tokens) in labels::beside(row) {
                if found.label == Label::Vat && is_after {
                    // "Moms 6 % på 1 862,25: 111,74" is a row of VAT, and no sum.
                    if tokens.iter().any(|token| token.percent.is_some()) && vat_row(&tokens).is_some() {
                        continue;
                    }
                    if let Some(at_rate) = at_rate(&tokens) {
                        at_rates.push(at_rate);
                        continue;
                    }
                }
                let left = || amount_before(row, found).filter(|_| is_after);
                let Some(amount) = amount(&tokens).or_else(left) else { continue };
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
                invoice.vat.extend(vat_row(&row.tokens.iter().collect::<Vec<_>>()));
            }
        }
    }
    totals.payable_minor = totals.payable_minor.or(weak).or_else(|| totals.gross_minor.clone());
    complete(&mut totals, &invoice.vat);
    if totals.vat_minor.is_none() {
        let sum = at_rates.iter().map(|at_rate| at_rate.tax_minor.value).sum();
        totals.vat_minor = at_rates.first().map(|at_rate| at_rate.tax_minor.clone().map(|_| sum));
    }
    invoice.vat.extend(only_rate(&totals).filter(|_| invoice.vat.is_empty()));
    invoice.totals = totals;
    at_rates
}

/// "Varav moms 12 %" and its amount, without what it is on.
pub(super) struct RateVat {
    rate: Field<Decimal>,
    tax_minor: Field<i64>,
}

fn at_rate(tokens: &[&Token]) -> Option<RateVat> {
    let rate = tokens.iter().find_map(|token| token.percent.map(|rate| token.field(rate)))?;
    let amounts = tokens.iter().filter(|token| token.percent.is_none() && token.number.is_some());
    let only = (amounts.count() == 1).then(|| amount(tokens)).flatten()?;
    Some(RateVat { rate, tax_minor: only })
}

/// Rows of VAT from what is said of each rate, each on the lines and charges that state its rate. Only where
/// all state one, and where the VAT of each rate comes out: otherwise the rows stay away.
pub(super) fn complete_rates(invoice: &mut Invoice, at_rates: Vec<RateVat>) {
    let lines = invoice
        .lines
        .iter()
        .map(|line| (line.vat_rate.as_ref().map(|rate| rate.value), line.net_minor.value));
    let changes = invoice.allowances_charges.iter();
    let changes = changes.filter_map(|change| Some((change.vat_rate, change.signed_minor()?)));
    let parts: Vec<(Option<Decimal>, i64)> = lines.chain(changes).collect();
    if !invoice.vat.is_empty() || parts.iter().any(|(rate, _)| rate.is_none()) {
        return;
    }
    let row = |at_rate: RateVat| {
        let of_rate = parts.iter().filter(|(rate, _)| *rate == Some(at_rate.rate.value));
        let base = of_rate.map(|(_, net)| *net).sum();
        let fits = money::percentage_minor(base, at_rate.rate.value) == Some(at_rate.tax_minor.value);
        let taxable_minor = at_rate.tax_minor.clone().map(|_| base);
        let (rate, tax_minor) = (Some(at_rate.rate), at_rate.tax_minor);
        fits.then_some(VatRow { category: None, rate, taxable_minor, tax_minor })
    };
    let rows: Option<Vec<VatRow>> = at_rates.into_iter().map(row).collect();
    invoice.vat = rows.unwrap_or_default();
}

/// The amount right before a label that nothing stands behind: some tables are set the other way round.
fn amount_before(row: &Row, found: labels::Found) -> Option<Field<i64>> {
    let is_last = row.tokens[found.end..].iter().all(|token| labels::is_currency(&token.text));
    let before = row.tokens[..found.start].iter().rfind(|token| !labels::is_currency(&token.text))?;
    let is_amount = before.number.is_some_and(|number| number.scale() == 2);
    minor(before).filter(|_| is_last && is_amount)
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

/// Two amounts of which one is the VAT on the other, with nothing but a rate and words between them.
fn vat_row(tokens: &[&Token]) -> Option<VatRow> {
    let is_amount = |token: &&&Token| token.number.is_some_and(|number| number.scale() == 2);
    let printed = tokens.iter().find_map(|token| token.percent.map(|rate| (token, rate)));
    let amounts: Vec<&Token> = tokens.iter().filter(is_amount).copied().collect();
    for pair in amounts.windows(2) {
        let found = match printed {
            Some((token, rate)) => {
                in_order(pair[0], pair[1], rate, 100).map(|amounts| (amounts, token.field(rate)))
            }
            None => lost_rate(pair[0], pair[1]),
        };
        let Some(((taxable, tax), rate)) = found else { continue };
        let (taxable_minor, tax_minor) = (minor(taxable)?, minor(tax)?);
        return Some(VatRow { category: None, rate: Some(rate), taxable_minor, tax_minor });
    }
    None
}

/// The one Swedish rate that makes the pair come out to the öre.
fn lost_rate<'a>(one: &'a Token, other: &'a Token) -> Option<((&'a Token, &'a Token), Field<Decimal>)> {
    if one.source != Source::Ocr {
        return None;
    }
    let mut found = RATES.iter().filter_map(|rate| {
        let rate = Decimal::from(*rate);
        let amounts = in_order(one, other, rate, 1)?;
        Some((amounts, amounts.0.field(rate)))
    });
    let (first, second) = (found.next(), found.next());
    first.filter(|((base, _), _)| second.is_none() && base.number.is_some_and(|base| base >= Decimal::ONE))
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
