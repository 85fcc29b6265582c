//! Documents that add up and ask for more all the same: none passes by itself.

use rust_decimal::Decimal;

use super::{GOODS, add_up, charge, invoice, order, received, text};
use crate::{
    invoice::{Effect as Sign, Field, Invoice, VatRow},
    matching::{Ledger, Policy, Verdict, reconcile},
};

#[track_caller]
fn is_stopped(document: &Invoice) {
    let order = order(&GOODS);
    let outcome = reconcile(document, &order, &received(&order), &Policy::default());
    assert!(!outcome.verdict.is_automatic(), "{:?}", outcome.variances);
}

fn net_minor(document: &Invoice) -> i64 {
    document.totals.net_minor.as_ref().unwrap().value
}

/// VAT rows as given (rate, base, VAT), and the totals that follow from them.
fn tax(document: &mut Invoice, rows: &[(i64, i64, i64)]) {
    let row = |(rate, taxable_minor, tax_minor): &(i64, i64, i64)| VatRow {
        category: Some("S".to_owned()),
        rate: Some(Field::xml(Decimal::from(*rate))),
        taxable_minor: Field::xml(*taxable_minor),
        tax_minor: Field::xml(*tax_minor),
    };
    document.vat = rows.iter().map(row).collect();
    let vat_minor: i64 = rows.iter().map(|(_, _, tax_minor)| tax_minor).sum();
    let net_minor = net_minor(document);
    document.totals.vat_minor = Some(Field::xml(vat_minor));
    document.totals.payable_minor = Some(Field::xml(net_minor + vat_minor));
}

#[test]
fn vat_of_changes_that_cancel_at_another_rate() {
    let mut document = invoice(&GOODS);
    let mut dear = charge("Frakt", 10_000_000);
    dear.vat_rate = Some(Decimal::from(25));
    let mut cheap = charge("Frakt", 10_000_000);
    (cheap.effect, cheap.vat_rate) = (Sign::Allowance, Some(Decimal::from(6)));
    document.allowances_charges = vec![dear, cheap];
    add_up(&mut document);
    let net = net_minor(&document);
    let own = crate::money::percentage_minor(net, Decimal::from(12)).unwrap();
    tax(&mut document, &[(12, net, own), (25, 10_000_000, 2_500_000), (6, -10_000_000, -600_000)]);
    is_stopped(&document);
}

#[test]
fn vat_of_lines_that_cancel_at_another_rate() {
    let mut document = invoice(&[&GOODS[..], &[(77, 1_000, 1_000_000), (78, -1_000, 1_000_000)]].concat());
    for (line, rate) in document.lines.iter_mut().skip(GOODS.len()).zip([25, 6]) {
        (line.seller_item_id, line.name) = (text("X"), text("Extra"));
        line.vat_rate = Some(Field::xml(Decimal::from(rate)));
    }
    let net = net_minor(&document);
    let own = crate::money::percentage_minor(net, Decimal::from(12)).unwrap();
    tax(&mut document, &[(12, net, own), (25, 1_000_000, 250_000), (6, -1_000_000, -60_000)]);
    is_stopped(&document);
}

#[test]
fn one_rate_that_is_taxed_twice() {
    let mut document = invoice(&GOODS);
    let net = net_minor(&document);
    let own = crate::money::percentage_minor(net, Decimal::from(12)).unwrap();
    tax(&mut document, &[(12, net, own), (12, net, own)]);
    is_stopped(&document);
}

#[test]
fn what_was_paid_beforehand_below_zero_and_above() {
    for prepaid_minor in [-500_000, 100] {
        let mut document = invoice(&GOODS);
        document.totals.prepaid_minor = Some(Field::xml(prepaid_minor));
        let payable = document.totals.payable_minor.as_mut().unwrap();
        payable.value -= prepaid_minor;
        is_stopped(&document);
    }
}

#[test]
fn goods_that_are_taken_back_by_an_invoice_open_nothing() {
    is_stopped(&invoice(&[(1, -989_000, 10_000)]));
    let order = order(&GOODS);
    let mut ledger = Ledger::default();
    let line = ledger.line_mut("1");
    (line.received_thousandths, line.credited_thousandths) = (2_000, 989_000);
    let more = invoice(&[(1, 900_000, 10_000)]);
    let outcome = reconcile(&more, &order, &ledger, &Policy::default());
    assert_eq!(outcome.verdict, Verdict::Mismatch);
}

#[test]
fn two_lines_of_one_id() {
    let mut document = invoice(&GOODS);
    document.lines[1].id = document.lines[0].id.clone();
    is_stopped(&document);
}

#[test]
fn money_for_no_goods() {
    let mut document = invoice(&GOODS);
    let line = &mut document.lines[0];
    line.quantity.value = Decimal::ZERO;
    line.allowances_charges = vec![charge("Avgift", 400)];
    line.net_minor.value = 400;
    add_up(&mut document);
    is_stopped(&document);
}

#[test]
fn quantities_beyond_all_bounds_are_an_answer_and_no_panic() {
    let mut document = invoice(&[(1, 1_000, 10_000), (1, 1_000, 10_000)]);
    document.lines[1].id = "2".to_owned();
    for line in &mut document.lines {
        line.quantity.value = Decimal::MAX;
        line.net_price.value = Decimal::ZERO;
        line.net_minor.value = 0;
    }
    add_up(&mut document);
    is_stopped(&document);
}
