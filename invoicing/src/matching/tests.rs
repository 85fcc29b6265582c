//! What holds for every invoice and every order.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{
    Class, Effect, ExpectedVat, KnownSeller, Ledger, Order, OrderLine, Outcome, PlannedCharge, Policy,
    Status, Verdict, reconcile, reconcile_with_credits,
};
use crate::{
    invoice::{AllowanceCharge, Effect as Sign, Field, Invoice, Kind, Line, Payment, Text, VatRow},
    money,
    rules::rates::GoodsClass,
};

#[expect(clippy::unnecessary_wraps, reason = "texts of an invoice may be absent")]
fn text(text: &str) -> Text {
    Some(Field::xml(text.to_owned()))
}

/// An order of goods: number, quantity in thousandths, price in minor units.
fn order(goods: &[(u32, i64, i64)]) -> Order {
    let line = |(number, quantity_thousandths, price_minor): &(u32, i64, i64)| OrderLine {
        id: number.to_string(),
        seller_item_id: Some(format!("A-{number}")),
        buyer_item_id: None,
        gtin: None,
        aliases: Vec::new(),
        name: format!("Vara {number}"),
        unit: "H87".to_owned(),
        quantity_thousandths: *quantity_thousandths,
        unit_price: money::decimal(*price_minor),
        base_quantity: Decimal::ONE,
        discount_per_cent: Decimal::ZERO,
        vat: ExpectedVat::Rate(Decimal::from(12)),
    };
    Order {
        id: "PO-1".to_owned(),
        currency: "SEK".to_owned(),
        seller: None,
        lines: goods.iter().map(line).collect(),
        charges: Vec::new(),
    }
}

/// All of the order received.
fn received(order: &Order) -> Ledger {
    let mut ledger = Ledger::default();
    for line in &order.lines {
        ledger.line_mut(&line.id).received_thousandths = line.quantity_thousandths;
    }
    ledger
}

/// An invoice of exactly these goods that adds up.
fn invoice(goods: &[(u32, i64, i64)]) -> Invoice {
    let line = |(number, quantity_thousandths, price_minor): &(u32, i64, i64)| {
        let (quantity, price) =
            (money::from_thousandths(*quantity_thousandths), money::decimal(*price_minor));
        Line {
            id: number.to_string(),
            name: text(&format!("Vara {number}")),
            description: None,
            seller_item_id: text(&format!("A-{number}")),
            buyer_item_id: None,
            standard_item_id: None,
            standard_item_scheme: None,
            quantity: Field::xml(quantity),
            unit: text("H87"),
            net_price: Field::xml(price),
            base_quantity: None,
            allowances_charges: Vec::new(),
            net_minor: Field::xml(money::minor(quantity * price).unwrap()),
            vat_category: text("S"),
            vat_rate: Some(Field::xml(Decimal::from(12))),
            order_line_reference: None,
        }
    };
    let mut invoice = Invoice {
        number: text("F-1"),
        currency: text("SEK"),
        lines: goods.iter().map(line).collect(),
        ..Invoice::default()
    };
    invoice.references.order = text("PO-1");
    add_up(&mut invoice);
    invoice
}

/// Sums and VAT from the lines and charges.
fn add_up(invoice: &mut Invoice) {
    let changes = invoice.allowances_charges.iter().map(|change| change.signed_minor().unwrap()).sum::<i64>();
    let net_minor = invoice.lines_net_minor().unwrap() + changes;
    let tax_minor = money::percentage_minor(net_minor, Decimal::from(12)).unwrap();
    invoice.vat = vec![VatRow {
        category: Some("S".to_owned()),
        rate: Some(Field::xml(Decimal::from(12))),
        taxable_minor: Field::xml(net_minor),
        tax_minor: Field::xml(tax_minor),
    }];
    invoice.totals.net_minor = Some(Field::xml(net_minor));
    invoice.totals.vat_minor = Some(Field::xml(tax_minor));
    invoice.totals.payable_minor = Some(Field::xml(net_minor + tax_minor));
}

fn charge(reason: &str, amount_minor: i64) -> AllowanceCharge {
    AllowanceCharge {
        effect: Sign::Charge,
        amount_minor: Field::xml(amount_minor),
        base_minor: None,
        percent: None,
        reason: text(reason),
        reason_code: None,
        vat_category: Some("S".to_owned()),
        vat_rate: Some(Decimal::from(12)),
    }
}

fn classes(outcome: &Outcome) -> Vec<Class> {
    outcome.variances.iter().map(|variance| variance.class).collect()
}

const GOODS: [(u32, i64, i64); 3] = [(1, 2_000, 10_000), (2, 12_500, 3_490), (3, 1_000, 99)];

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

fn goods() -> impl Strategy<Value = Vec<(u32, i64, i64)>> {
    let one = (1..200_000_i64, 1..500_000_i64);
    prop::collection::vec(one, 1..12).prop_map(|lines| {
        (1..).zip(lines).map(|(number, (quantity, price))| (number, quantity, price)).collect()
    })
}

fn net_of(outcome: &Outcome) -> i64 {
    let counted = outcome.variances.iter().filter(|variance| variance.counts_in_net);
    outcome.expected_net_minor + counted.map(|variance| variance.value_minor).sum::<i64>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// The order of lines, in the order and in the invoice, changes neither verdict nor links.
    #[test]
    fn the_order_of_lines_does_not_matter(goods in goods(), turn in 0..12_usize, keyed in any::<bool>()) {
        let order = order(&goods);
        let mut invoice = invoice(&goods);
        if !keyed {
            invoice.lines.iter_mut().for_each(|line| line.seller_item_id = None);
        }
        let ledger = received(&order);
        let first = reconcile(&invoice, &order, &ledger, &Policy::default());
        let mut turned = order.clone();
        turned.lines.rotate_left(turn % goods.len());
        invoice.lines.reverse();
        let second = reconcile(&invoice, &turned, &ledger, &Policy::default());
        prop_assert_eq!(first.verdict, second.verdict);
        let sorted = |outcome: &Outcome| {
            let mut links = outcome.links.clone();
            links.sort_by(|left, right| left.invoice_line.cmp(&right.invoice_line));
            links
        };
        prop_assert_eq!(sorted(&first), sorted(&second));
    }

    /// What was expected and what differs add up to what was invoiced, whatever differs.
    #[test]
    fn variances_add_up(ordered in goods(), invoiced in goods(), share in 0..1_500_i64, freight in 0..9_000_i64) {
        let order = order(&ordered);
        let mut ledger = Ledger::default();
        for line in &order.lines {
            ledger.line_mut(&line.id).received_thousandths = line.quantity_thousandths * share / 1_000;
        }
        let mut invoice = invoice(&invoiced);
        invoice.allowances_charges.push(charge("Frakt", freight));
        add_up(&mut invoice);
        let outcome = reconcile(&invoice, &order, &ledger, &Policy::default());
        prop_assert_eq!(net_of(&outcome), invoice.totals.net_minor.unwrap().value);
    }

    /// One öre more anywhere is seen.
    #[test]
    fn an_ore_changes_the_outcome(goods in goods(), place in 0..6_usize, line in 0..12_usize, up in any::<bool>()) {
        let order = order(&goods);
        let mut invoice = invoice(&goods);
        let by = if up { 1 } else { -1 };
        let line = line % goods.len();
        match place {
            0 => invoice.lines[line].net_minor.value += by,
            1 => invoice.totals.net_minor.as_mut().unwrap().value += by,
            2 => invoice.totals.vat_minor.as_mut().unwrap().value += by,
            3 => invoice.totals.payable_minor.as_mut().unwrap().value += by,
            4 => invoice.vat[0].tax_minor.value += by,
            _ => invoice.vat[0].taxable_minor.value += by,
        }
        let outcome = reconcile(&invoice, &order, &received(&order), &Policy::default());
        prop_assert_ne!(outcome.verdict, Verdict::Matched);
    }

    /// A credit for what was too much makes the invoice right.
    #[test]
    fn a_credit_cures(goods in goods(), line in 0..12_usize, missing in 1..1_000_i64) {
        let order = order(&goods);
        let line = line % goods.len();
        let (number, quantity, price) = goods[line];
        let missing = missing.min(quantity);
        let mut ledger = received(&order);
        ledger.line_mut(&number.to_string()).received_thousandths -= missing;
        let invoice = invoice(&goods);
        let policy = Policy::default();
        prop_assert_eq!(reconcile(&invoice, &order, &ledger, &policy).verdict, Verdict::Mismatch);
        let mut credit = super::tests::invoice(&[(number, missing, price)]);
        credit.kind = Kind::CreditNote;
        credit.number = text("K-1");
        credit.references.preceding = vec![Field::xml("F-1".to_owned())];
        let outcome = reconcile_with_credits(&invoice, std::slice::from_ref(&credit), &order, &ledger, &policy);
        prop_assert!(outcome.verdict.is_automatic(), "{:?}", outcome);
        credit.references.preceding.clear();
        let outcome = reconcile_with_credits(&invoice, &[credit], &order, &ledger, &policy);
        prop_assert_eq!(outcome.verdict, Verdict::Review);
    }

    /// More than was received never passes, by however little.
    #[test]
    fn more_than_received_never_passes(goods in goods(), line in 0..12_usize) {
        let order = order(&goods);
        let mut ledger = received(&order);
        let number = goods[line % goods.len()].0;
        ledger.line_mut(&number.to_string()).received_thousandths -= 1;
        let outcome = reconcile(&invoice(&goods), &order, &ledger, &Policy::default());
        prop_assert!(!outcome.verdict.is_automatic());
        prop_assert!(outcome.variances.iter().any(|variance| variance.effect == Effect::Blocks));
    }
}
