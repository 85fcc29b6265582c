//! One case each.

use rust_decimal::Decimal;

use super::{GOODS, add_up, charge, classes, invoice, order, received, text};
use crate::{
    invoice::{Field, Payment},
    matching::{Class, ExpectedVat, KnownSeller, Ledger, PlannedCharge, Policy, Status, Verdict, reconcile},
    rules::rates::GoodsClass,
};

#[test]
fn what_was_ordered_and_received_is_matched() {
    let order = order(&GOODS);
    let outcome = reconcile(&invoice(&GOODS), &order, &received(&order), &Policy::default());
    assert_eq!((outcome.verdict, outcome.variances), (Verdict::Matched, vec![]));
    assert_eq!(outcome.expected_net_minor, 20_000 + 43_625 + 99);
}

#[test]
fn nothing_received_is_said_once_for_each_line() {
    let order = order(&GOODS);
    let outcome = reconcile(&invoice(&GOODS), &order, &Ledger::default(), &Policy::default());
    assert_eq!(classes(&outcome), [Class::InvoicedBeforeReceipt; 3]);
    assert_eq!(outcome.status(), Status::UnderQuery);
}

#[test]
fn what_another_invoice_took_cannot_be_taken_again() {
    let order = order(&GOODS);
    let mut ledger = received(&order);
    ledger.line_mut("1").invoiced_thousandths = 2_000;
    let outcome = reconcile(&invoice(&GOODS), &order, &ledger, &Policy::default());
    assert!(classes(&outcome).contains(&Class::QuantityOverReceived));
    ledger.line_mut("1").credited_thousandths = 2_000;
    let outcome = reconcile(&invoice(&GOODS), &order, &ledger, &Policy::default());
    assert_eq!(outcome.verdict, Verdict::Matched);
}

#[test]
fn two_invoices_cannot_both_have_one_receipt() {
    let order = order(&GOODS);
    let (invoice, policy) = (invoice(&GOODS), Policy::default());
    let mut ledger = received(&order);
    let first = reconcile(&invoice, &order, &ledger, &policy);
    ledger.bill(&invoice, &first.links);
    let second = reconcile(&invoice, &order, &ledger, &policy);
    assert_eq!((first.verdict, second.verdict), (Verdict::Matched, Verdict::Mismatch));
    assert_eq!(classes(&second), [Class::QuantityOverReceived; 3]);
}

#[test]
fn a_weight_may_differ_from_the_order_and_not_from_the_receipt() {
    let goods = |thousandths| [(1, thousandths, 9_800)];
    let mut order = order(&goods(11_000));
    order.lines[0].unit = "KGM".to_owned();
    let weighed = |received: i64, invoiced: i64| {
        let mut ledger = Ledger::default();
        ledger.line_mut("1").received_thousandths = received;
        let mut invoice = invoice(&goods(invoiced));
        invoice.lines[0].unit = text("KGM");
        reconcile(&invoice, &order, &ledger, &Policy::default())
    };
    assert_eq!(weighed(12_000, 12_000).verdict, Verdict::Matched);
    assert_eq!(classes(&weighed(11_000, 11_001)), [Class::QuantityOverReceived]);
    assert_eq!(classes(&weighed(12_101, 12_101)), [Class::QuantityOverOrdered]);
}

#[test]
fn a_discount_that_was_agreed_and_left_out_is_named() {
    let mut order = order(&GOODS);
    order.lines[0].discount_per_cent = Decimal::TEN;
    let outcome = reconcile(&invoice(&GOODS), &order, &received(&order), &Policy::default());
    assert_eq!(classes(&outcome), [Class::MissingDiscount]);
    assert_eq!(outcome.variances[0].value_minor, 2_000);
}

#[test]
fn a_price_below_the_agreed_one_is_taken_and_noted() {
    let order = order(&[(1, 2_000, 10_000)]);
    let outcome = reconcile(&invoice(&[(1, 2_000, 9_000)]), &order, &received(&order), &Policy::default());
    assert_eq!((classes(&outcome), outcome.verdict), (vec![Class::PriceUnder], Verdict::MatchedWithVariance));
}

#[test]
fn a_planned_charge_passes_up_to_its_amount() {
    let mut order = order(&GOODS);
    order.charges.push(PlannedCharge { reason: "Pant".to_owned(), amount_max_minor: 5_000 });
    let with_deposit = |amount_minor| {
        let mut invoice = invoice(&GOODS);
        invoice.allowances_charges.push(charge("Pant", amount_minor));
        add_up(&mut invoice);
        reconcile(&invoice, &order, &received(&order), &Policy::default())
    };
    assert_eq!(with_deposit(5_000).verdict, Verdict::Matched);
    let outcome = with_deposit(5_001);
    assert_eq!((classes(&outcome), outcome.variances[0].value_minor), (vec![Class::UnplannedCharge], 1));
}

#[test]
fn the_day_of_delivery_decides_the_vat_rate() {
    let mut order = order(&GOODS);
    for line in &mut order.lines {
        line.vat = ExpectedVat::Class(GoodsClass::Food);
    }
    let delivered = |day: &str| {
        let mut invoice = invoice(&GOODS);
        invoice.issue_date = Some(Field::xml("2026-04-10".parse().unwrap()));
        invoice.delivery_date = Some(Field::xml(day.parse().unwrap()));
        classes(&reconcile(&invoice, &order, &received(&order), &Policy::default()))
    };
    assert_eq!(delivered("2026-03-31"), []);
    assert_eq!(delivered("2026-04-01"), [Class::VatRate; 3]);
}

#[test]
fn a_new_account_of_a_known_seller_never_passes() {
    let mut order = order(&GOODS);
    order.seller = Some(KnownSeller {
        vat_id: Some("SE551000011901".to_owned()),
        accounts: vec!["999-1233".to_owned()],
        ..KnownSeller::default()
    });
    let paid_to = |account: &str| {
        let mut invoice = invoice(&GOODS);
        invoice.seller.vat_id = text("SE551000011901");
        invoice.payments.push(Payment { account: text(account), ..Payment::default() });
        reconcile(&invoice, &order, &received(&order), &Policy::default()).verdict
    };
    assert_eq!(paid_to("9991233"), Verdict::Matched);
    assert_eq!(paid_to("9991241"), Verdict::Mismatch);
}

#[test]
fn without_numbers_names_are_assigned_and_look_alikes_are_asked_about() {
    let named = |names: [&str; 2]| {
        let goods = [(1, 2_000, 10_000), (2, 2_000, 10_000)];
        let (mut order, mut invoice) = (order(&goods), invoice(&goods));
        for (index, name) in names.into_iter().enumerate() {
            order.lines[index].name = name.to_owned();
            invoice.lines[index].name = text(&name.to_uppercase());
            invoice.lines[index].seller_item_id = None;
        }
        reconcile(&invoice, &order, &received(&order), &Policy::default())
    };
    assert_eq!(named(["Lök gul 5 kg", "Dill bunt"]).verdict, Verdict::Matched);
    let alike = named(["Lök gul 5 kg", "Lök gul 5 kg eko"]);
    assert_eq!(alike.verdict, Verdict::Review);
}

#[test]
fn a_number_of_other_goods_is_asked_about() {
    let order = order(&GOODS);
    let mut invoice = invoice(&GOODS);
    invoice.lines[0].buyer_item_id = None;
    invoice.lines[0].order_line_reference = text("2");
    invoice.lines[0].name = text("Något helt annat");
    let outcome = reconcile(&invoice, &order, &received(&order), &Policy::default());
    assert!(classes(&outcome).contains(&Class::AmbiguousLink));
    assert_ne!(outcome.verdict, Verdict::Matched);
}

#[test]
fn other_units_and_other_money_do_not_pass() {
    let order = order(&GOODS);
    let mut in_boxes = invoice(&GOODS);
    in_boxes.lines[0].unit = text("XBX");
    let outcome = reconcile(&in_boxes, &order, &received(&order), &Policy::default());
    assert_eq!(classes(&outcome), [Class::UnitMismatch]);
    let mut in_euro = invoice(&GOODS);
    in_euro.currency = text("EUR");
    let outcome = reconcile(&in_euro, &order, &received(&order), &Policy::default());
    assert_eq!(classes(&outcome), [Class::CurrencyMismatch]);
}
