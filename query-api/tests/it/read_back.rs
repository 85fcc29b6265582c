//! What goes out is read back by the engine that reads what comes in: nothing may be lost on the way.

use std::{
    io::{ErrorKind, Write as _},
    process::{Command, Stdio},
};

use events::{order::PaymentMethod, restaurant::Restaurant, supplier::Supplier, values::Quantity};
use invoicing::{
    Invoice, Received,
    invoice::{Field, Source, Text},
    money, page, receive,
    rules::{self, Level, closure},
    xml::Document,
};
use proptest::{prelude::*, test_runner::Config};
use query_api::documents::{InvoiceDocument, PayToKind, Trade, invoice_pdf, peppol_xml};
use rust_decimal::Decimal;
use uuid::{Builder, Uuid, Version};

use crate::{
    fixtures::{Story, Wanted, restaurant_details, supplier_details, wanted},
    world::id,
};

/// An order that was delivered, as far as it matters here.
#[derive(Clone, Debug)]
struct Case {
    order_id: Uuid,
    number: i64,
    lines: Vec<Wanted>,
    units: Vec<&'static str>,
    /// In thousandths, of each line.
    delivered: Vec<i64>,
    /// Whether the seller has a GLN, the buyer a GLN, the buyer a VAT number; and with a GLN, whether the seller
    /// has an organisation number too, and the buyer.
    numbers: [bool; 5],
    /// Whether the seller has a bankgiro, a plusgiro, an IBAN.
    accounts: [bool; 3],
    paid_by: PaymentMethod,
}

impl Case {
    fn document(&self) -> InvoiceDocument {
        let some = |wanted: bool, number: &str| wanted.then(|| number.to_owned());
        let mut seller = supplier_details("Grönsakskompaniet Påhittet AB");
        seller.gln = some(self.numbers[0], "7300010000001");
        seller.org_number = some(!self.numbers[0] || self.numbers[3], "551000-0119");
        seller.bankgiro = some(self.accounts[0], "9991233");
        seller.plusgiro = some(self.accounts[1], "9000001");
        seller.iban = some(self.accounts[2], "SE3550000000054910000003");
        let mut buyer = restaurant_details("Bistro Äppelträdet Exempel AB");
        buyer.gln = some(self.numbers[1], "7350000000009");
        buyer.org_number = some(!self.numbers[1] || self.numbers[4], "5510000598");
        buyer.vat_number = some(self.numbers[2], "SE551000059801");
        let mut story = Story::placed(50, id(20), id(10), &self.lines)
            .between(seller.clone(), buyer.clone())
            .confirmed()
            .delivered(self.number, &self.delivered);
        story.order.state.payment_method = self.paid_by;
        for (line, unit) in story.order.state.lines.iter_mut().zip(&self.units) {
            (*unit).clone_into(&mut line.ordered.unit);
        }
        let trade = Trade {
            order_id: self.order_id.into(),
            order: story.order,
            supplier: Supplier { details: seller, ..Supplier::default() },
            restaurant: Restaurant { details: buyer, ..Restaurant::default() },
        };
        InvoiceDocument::of(&trade).expect("something was delivered")
    }
}

const UNITS: [&str; 6] = ["KGM", "H87", "LTR", "XCT", "XBX", "XPK"];
const NAMES: [&str; 8] = [
    "Tomat kvist klass 1 Sverige",
    "Öl mellan 33 cl",
    "Gurka svensk 12-pack",
    "Servetter vita",
    "Nötfärs 2,5kg 12 %",
    "Crème fraîche 34 %",
    "Lammstek benfri ca 1,8 kg/st, vakuumförpackad, KRAV-märkt",
    "Pant & emballage",
];
const RATES: [i32; 4] = [0, 600, 1200, 2500];

prop_compose! {
    fn any_line()(
        name in 0..NAMES.len(),
        unit in 0..UNITS.len(),
        thousandths in prop_oneof![(1..400_i64).prop_map(|units| units * 1_000), 1..99_999_i64],
        price_minor in prop_oneof![9 => 1..60_000_i64, 1 => 60_000..2_000_000_i64],
        rate in 0..RATES.len(),
        part in prop_oneof![6 => Just(100_i64), 2 => 1..100_i64, 1 => Just(0_i64)],
    ) -> (Wanted, &'static str, i64) {
        let line = wanted(NAMES[name], thousandths, price_minor, RATES[rate]);
        (line, UNITS[unit], thousandths * part / 100)
    }
}

prop_compose! {
    fn any_case()(
        order_id in any::<[u8; 16]>(),
        number in prop_oneof![1..100_000_i64, Just(i64::MAX)],
        lines in prop_oneof![prop::collection::vec(any_line(), 1..9), prop::collection::vec(any_line(), 34)],
        numbers in any::<[bool; 5]>(),
        accounts in any::<[bool; 3]>(),
        paid_by in prop_oneof![4 => Just(PaymentMethod::Invoice), 1 => Just(PaymentMethod::Card), 1 => Just(PaymentMethod::Cash)],
    ) -> Case {
        let delivered: Vec<i64> = lines.iter().map(|line| line.2).collect();
        let units = lines.iter().map(|line| line.1).collect();
        let lines = lines.into_iter().map(|line| line.0).collect();
        let order_id = Builder::from_custom_bytes(order_id).with_version(Version::SortRand).into_uuid();
        Case { order_id, number, lines, units, delivered, numbers, accounts, paid_by }
    }
}

fn any_delivery() -> impl Strategy<Value = Case> {
    any_case().prop_filter("something is delivered", |case| case.delivered.iter().any(|part| *part > 0))
}

/// A page takes a while to write and to read: a failing one is made smaller for some seconds only.
fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, max_shrink_iters: 12, ..Config::default() }
}

/// Text and text, absent and absent.
fn says(found: &Text, expected: Option<&str>) -> bool {
    found.as_ref().map(|field| field.value.as_str()) == expected
}

fn minor(found: Option<&Field<i64>>) -> i64 {
    found.map_or(0, |field| field.value)
}

fn quantity(found: Quantity) -> Decimal {
    money::from_thousandths(found.0)
}

fn per_cent(basis_points: i32) -> Decimal {
    Decimal::new(basis_points.into(), 2)
}

/// What both forms of an invoice must say.
fn same_amounts(read: &Invoice, sent: &InvoiceDocument) -> Result<(), TestCaseError> {
    prop_assert!(says(&read.number, Some(&sent.number.to_string())), "{:?}", read.number);
    let dates = [&read.issue_date, &read.due_date, &read.delivery_date];
    let dates = dates.map(|date| date.as_ref().map(|date| date.value));
    prop_assert_eq!(dates, [sent.issue_date, sent.due_date, sent.delivery_date].map(Some));
    let order = sent.order_id.to_string();
    prop_assert!(says(&read.references.order, Some(&order)), "{:?}", read.references);
    prop_assert!(says(&read.currency, Some("SEK")));
    prop_assert_eq!(read.lines.len(), sent.lines.len());
    for (read, sent) in read.lines.iter().zip(&sent.lines) {
        prop_assert!(says(&read.name, Some(&sent.name)), "{:?} for {}", &read.name, &sent.name);
        prop_assert!(says(&read.seller_item_id, Some(&sent.sku)), "{:?}", &read.seller_item_id);
        prop_assert_eq!(read.quantity.value, quantity(sent.qty));
        prop_assert_eq!(read.net_price.value, money::decimal(sent.unit_price_cents));
        prop_assert_eq!(read.net_minor.value, sent.net_cents);
        let rate = read.vat_rate.as_ref().map(|rate| rate.value);
        prop_assert_eq!(rate, Some(per_cent(sent.tax_rate.basis_points())));
    }
    let rows = |rows: Vec<(Option<Decimal>, i64, i64)>| {
        let mut rows = rows;
        rows.sort_unstable();
        rows
    };
    let found = read.vat.iter().map(|row| {
        let rate = row.rate.as_ref().map(|rate| rate.value);
        (rate, row.taxable_minor.value, row.tax_minor.value)
    });
    let expected = sent
        .vat
        .iter()
        .map(|row| (Some(per_cent(row.tax_rate.basis_points())), row.net_cents, row.tax_cents));
    prop_assert_eq!(rows(found.collect()), rows(expected.collect()));
    let totals = &read.totals;
    prop_assert_eq!(minor(totals.net_minor.as_ref()), sent.net_cents);
    prop_assert_eq!(minor(totals.vat_minor.as_ref()), sent.tax_cents);
    prop_assert_eq!(minor(totals.payable_minor.as_ref()), sent.total_cents);
    prop_assert_eq!(closure(read), vec![]);
    Ok(())
}

/// The accounts and the reference, as `(branch, account)` of each.
fn same_payments(read: &Invoice, sent: &InvoiceDocument) -> Result<(), TestCaseError> {
    let found: Vec<(Option<&str>, Option<&str>)> = read
        .payments
        .iter()
        .filter(|payment| payment.account.is_some())
        .map(|payment| {
            (payment.branch.as_deref().map(String::as_str), payment.account.as_deref().map(String::as_str))
        })
        .collect();
    let expected: Vec<(Option<&str>, Option<&str>)> = sent
        .pay_to
        .iter()
        .map(|pay_to| {
            let branch = match pay_to.kind {
                PayToKind::Bankgiro => Some("SE:BANKGIRO"),
                PayToKind::Plusgiro => Some("SE:PLUSGIRO"),
                PayToKind::Iban => None,
            };
            (branch, Some(pay_to.account.as_str()))
        })
        .collect();
    prop_assert_eq!(found, expected);
    let is_stated =
        |payment: &invoicing::invoice::Payment| says(&payment.reference, Some(&sent.payment_reference));
    prop_assert!(!read.payments.is_empty() && read.payments.iter().all(is_stated), "{:?}", read.payments);
    Ok(())
}

fn structured(xml: &str) -> Box<Document> {
    match receive(xml.as_bytes()) {
        Ok(Received::Structured(document)) => document,
        other => panic!("{other:?}\n{xml}"),
    }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn the_xml_says_all_that_was_invoiced_and_breaks_no_rule(case in any_delivery()) {
        let sent = case.document();
        prop_assert_eq!(sent.peppol_ready(), Ok(()));
        let document = structured(&peppol_xml(&sent).unwrap());
        let broken: Vec<_> =
            rules::check(&document).into_iter().filter(|finding| finding.level == Level::Fatal).collect();
        prop_assert_eq!(broken, vec![]);
        let read = &document.invoice;
        same_amounts(read, &sent)?;
        same_payments(read, &sent)?;
        for (read, sent) in read.lines.iter().zip(&sent.lines) {
            prop_assert!(says(&read.order_line_reference, Some(&sent.line_id.to_string())));
            prop_assert!(says(&read.unit, Some(&sent.unit)));
        }
        prop_assert_eq!(minor(read.totals.lines_minor.as_ref()), sent.net_cents);
        prop_assert_eq!(minor(read.totals.gross_minor.as_ref()), sent.total_cents);
        prop_assert_eq!(read.tax_point_date.as_ref().map(|date| date.value), Some(sent.tax_point_date));
        for (read, sent) in [(&read.seller, &sent.seller), (&read.buyer, &sent.buyer)] {
            prop_assert!(says(&read.name, Some(&sent.name)));
            prop_assert!(says(&read.vat_id, sent.vat_number.as_deref()));
            let digits = sent.org_number.as_deref().map(invoicing::checksum::digits);
            prop_assert!(says(&read.legal_id, digits.as_deref()));
            let endpoint = sent.gln.as_ref().or(digits.as_ref()).map(String::as_str);
            prop_assert!(says(&read.endpoint, endpoint));
        }
    }
}

/// The words of a PDF, by poppler; `None` where it is not installed.
fn words(pdf: &[u8]) -> Option<Vec<page::Page>> {
    let started = Command::new("pdftotext")
        .args(["-bbox", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = match started {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("skipped: pdftotext (poppler-utils) is not installed");
            return None;
        }
        started => started.unwrap(),
    };
    // It reads to the end before it writes: neither waits for the other.
    child.stdin.take().unwrap().write_all(pdf).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(page::from_bbox(&String::from_utf8(output.stdout).unwrap()).unwrap())
}

proptest! {
    #![proptest_config(cases(10))]

    #[test]
    fn the_page_says_all_that_was_invoiced(case in any_delivery()) {
        let sent = case.document();
        let pdf = invoice_pdf(&sent).unwrap();
        let is_page = matches!(receive(&pdf), Ok(Received::Pages { note: None }));
        prop_assert!(is_page);
        let Some(pages) = words(&pdf) else { return Ok(()) };
        let read = page::read(&pages, Source::Text).expect("an invoice");
        same_amounts(&read, &sent)?;
        // Where one side has numbers that the other lacks, a page reader may take the buyer's for the seller's: it
        // must notice, and leave the invoice to a person.
        let doubts = page::gate::doubts(&read);
        if sent.seller.org_number.is_some() && sent.buyer.org_number.is_some() {
            prop_assert_eq!(doubts, vec![]);
            prop_assert!(says(&read.seller.vat_id, sent.seller.vat_number.as_deref()));
        } else {
            let is_known = says(&read.seller.vat_id, sent.seller.vat_number.as_deref());
            prop_assert!(doubts.iter().all(|doubt| *doubt == page::gate::Doubt::UnknownSeller), "{:?}", doubts);
            prop_assert!(is_known || !doubts.is_empty(), "a wrong seller passes: {:?}", read.seller);
        }
        // A page reader takes the first account that it finds; IBANs it leaves.
        let [payment] = &read.payments[..] else { panic!("one payment: {:?}", read.payments) };
        prop_assert!(says(&payment.reference, Some(&sent.payment_reference)));
        let first = sent.pay_to.iter().find(|pay_to| pay_to.kind != PayToKind::Iban);
        prop_assert!(says(&payment.account, first.map(|pay_to| pay_to.account.as_str())));
        for (read, sent) in [(&read.seller, &sent.seller), (&read.buyer, &sent.buyer)] {
            prop_assert!(says(&read.name, Some(&sent.name)), "{:?}", read);
        }
    }
}
