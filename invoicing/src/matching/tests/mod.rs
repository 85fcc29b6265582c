//! Orders and invoices for tests of matching.

mod cases;
mod hidden;
mod properties;

use rust_decimal::Decimal;

use super::{Class, ExpectedVat, Ledger, Order, OrderLine, Outcome};
use crate::{
    invoice::{AllowanceCharge, Effect as Sign, Field, Invoice, Line, Text, VatRow},
    money,
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
