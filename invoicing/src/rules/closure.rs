//! Whether a document adds up. It is what makes a page that was only read trustworthy.

use rust_decimal::Decimal;

use crate::{
    invoice::{Effect, Field, Invoice, VatRow},
    money,
};

/// One sum that is not what its parts come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The published rule.
    pub rule: &'static str,
    /// How far off.
    pub grade: Grade,
    /// The line, where one is meant.
    pub line: Option<String>,
    /// Stated minus computed, in minor units.
    pub difference_minor: i64,
}

/// How far off a sum is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// The published rule lets it pass; it is noted.
    WithinSlack,
    /// Wrong, or missing.
    Broken,
}

/// PEPPOL-EN16931-R120 lets a line be off by this, in minor units.
const LINE_SLACK_MINOR: i64 = 2;
/// BR-CO-17 and BR-S-08 let VAT and its base be off by less than one unit of the currency.
const VAT_SLACK_MINOR: i64 = 100;

/// Every sum of the document that does not come out exactly; empty when all do.
///
/// Absent and zero are the same, but for the totals that every invoice must state: net and payable.
///
/// # Source
/// EN 16931 BR-CO-10 to BR-CO-17, BR-S-08; PEPPOL-EN16931-R120.
pub fn closure(invoice: &Invoice) -> Vec<Fault> {
    let mut faults = Faults::default();
    lines(invoice, &mut faults);
    totals(invoice, &mut faults);
    vat(invoice, &mut faults);
    faults.0
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    /// Notes `stated` − `computed`; below `slack` it passes. `None` stands for what does not fit.
    fn compare(&mut self, rule: &'static str, line: Option<&str>, sums: (i64, Option<i64>), slack: i64) {
        let (stated, computed) = sums;
        let difference = computed.and_then(|computed| stated.checked_sub(computed));
        let grade = match difference {
            Some(0) => return,
            Some(difference) if difference.abs() < slack => Grade::WithinSlack,
            _ => Grade::Broken,
        };
        let line = line.map(ToOwned::to_owned);
        self.0.push(Fault { rule, grade, line, difference_minor: difference.unwrap_or(stated) });
    }
}

fn value(field: Option<&Field<i64>>) -> i64 {
    field.map_or(0, |field| field.value)
}

fn lines(invoice: &Invoice, faults: &mut Faults) {
    for line in &invoice.lines {
        let sums = (line.net_minor.value, line.computed_net_minor());
        faults.compare("PEPPOL-EN16931-R120", Some(&line.id), sums, LINE_SLACK_MINOR + 1);
    }
}

fn sum(amounts: impl IntoIterator<Item = i64>) -> Option<i64> {
    amounts.into_iter().try_fold(0_i64, i64::checked_add)
}

fn document_level(invoice: &Invoice, effect: Effect) -> Option<i64> {
    let of_effect = invoice.allowances_charges.iter().filter(|change| change.effect == effect);
    sum(of_effect.map(|change| change.amount_minor.value))
}

fn totals(invoice: &Invoice, faults: &mut Faults) {
    let totals = &invoice.totals;
    let lines = invoice.lines_net_minor();
    if let Some(stated) = &totals.lines_minor {
        faults.compare("BR-CO-10", None, (stated.value, lines), 0);
    }
    let (allowances, charges) =
        (document_level(invoice, Effect::Allowance), document_level(invoice, Effect::Charge));
    // Pages do not print these sums; XML that has parts must state the sum.
    if invoice.syntax.is_some() {
        faults.compare("BR-CO-11", None, (value(totals.allowances_minor.as_ref()), allowances), 0);
        faults.compare("BR-CO-12", None, (value(totals.charges_minor.as_ref()), charges), 0);
    }
    let (Some(net), Some(payable)) = (&totals.net_minor, &totals.payable_minor) else {
        faults.0.push(Fault { rule: "BR-CO-13", grade: Grade::Broken, line: None, difference_minor: 0 });
        return;
    };
    let computed = lines
        .zip(charges)
        .zip(allowances)
        .and_then(|((lines, charges), allowances)| lines.checked_add(charges)?.checked_sub(allowances));
    faults.compare("BR-CO-13", None, (net.value, computed), 0);
    let gross = net.value.checked_add(value(totals.vat_minor.as_ref()));
    if let Some(stated) = &totals.gross_minor {
        faults.compare("BR-CO-15", None, (stated.value, gross), 0);
    }
    let computed = gross
        .and_then(|gross| gross.checked_sub(value(totals.prepaid_minor.as_ref())))
        .and_then(|rest| rest.checked_add(value(totals.rounding_minor.as_ref())));
    faults.compare("BR-CO-16", None, (payable.value, computed), 0);
}

fn vat(invoice: &Invoice, faults: &mut Faults) {
    if invoice.vat.is_empty() && invoice.totals.vat_minor.is_none() {
        return;
    }
    let taxes = sum(invoice.vat.iter().map(|row| row.tax_minor.value));
    let stated = value(invoice.totals.vat_minor.as_ref());
    // A page may state its VAT in one sum only: then there are no rows to add.
    if !invoice.vat.is_empty() {
        faults.compare("BR-CO-14", None, (stated, taxes), 0);
    }
    vat_bases(invoice, faults);
    for row in &invoice.vat {
        let rate = row.rate.as_ref().map_or(Decimal::ZERO, |rate| rate.value);
        let tax = money::percentage_minor(row.taxable_minor.value, rate);
        faults.compare("BR-CO-17", None, (row.tax_minor.value, tax), VAT_SLACK_MINOR);
        if states_every_rate(invoice) {
            faults.compare(
                "BR-S-08",
                None,
                (row.taxable_minor.value, base_of(invoice, row)),
                VAT_SLACK_MINOR,
            );
        }
    }
}

/// Each rate stands there once, and all of them together tax what is sold: a row that came twice would tax it twice,
/// and each by itself would still be right.
fn vat_bases(invoice: &Invoice, faults: &mut Faults) {
    if invoice.vat.is_empty() {
        return;
    }
    let mut seen: Vec<(Option<&str>, Option<Decimal>)> = Vec::new();
    for row in &invoice.vat {
        let key = (row.category.as_deref(), row.rate.as_ref().map(|rate| rate.value.normalize()));
        if seen.contains(&key) {
            faults.0.push(Fault {
                rule: "BR-CO-18",
                grade: Grade::Broken,
                line: None,
                difference_minor: row.tax_minor.value,
            });
        }
        seen.push(key);
    }
    let Some(net) = &invoice.totals.net_minor else { return };
    // A page may print the rows of what is taxed and leave out the rest.
    let is_all = invoice.syntax.is_some() || states_every_rate(invoice);
    let bases = sum(invoice.vat.iter().map(|row| row.taxable_minor.value));
    if is_all || bases.is_none_or(|bases| bases > net.value) {
        faults.compare("BR-S-08", None, (bases.unwrap_or(i64::MAX), Some(net.value)), VAT_SLACK_MINOR);
    }
}

/// Whether each line, allowance and charge says its rate, so that bases can be added up.
fn states_every_rate(invoice: &Invoice) -> bool {
    !invoice.lines.is_empty()
        && invoice.lines.iter().all(|line| line.vat_rate.is_some())
        && invoice.allowances_charges.iter().all(|change| change.vat_rate.is_some())
}

fn base_of(invoice: &Invoice, row: &VatRow) -> Option<i64> {
    let rate = row.rate.as_ref().map(|rate| rate.value);
    let is_of_row = |category: Option<&str>, own: Option<Decimal>| {
        own == rate && row.category.as_deref().zip(category).is_none_or(|(row, own)| row == own)
    };
    let lines = invoice
        .lines
        .iter()
        .filter(|line| {
            let category = line.vat_category.as_ref().map(|category| category.value.as_str());
            is_of_row(category, line.vat_rate.as_ref().map(|rate| rate.value))
        })
        .map(|line| Some(line.net_minor.value));
    let changes = invoice
        .allowances_charges
        .iter()
        .filter(|change| is_of_row(change.vat_category.as_deref(), change.vat_rate))
        .map(crate::invoice::AllowanceCharge::signed_minor);
    lines.chain(changes).try_fold(0_i64, |sum, part| sum.checked_add(part?))
}
