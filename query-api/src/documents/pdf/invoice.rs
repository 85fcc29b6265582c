//! The invoice as a form.
//!
//! # Source
//! Mervärdesskattelagen (2023:200) 17 kap. 24 §: what an invoice must state.

use super::{
    form::{Align, Column, Form},
    swedish::{account, amount, foot, money, payment, quantity, rate, side, unit},
};
use crate::documents::InvoiceDocument;

pub(super) const COLUMNS: [Column; 7] = [
    Column { title: "Art.nr", width: 76.0, align: Align::Left },
    Column { title: "Benämning", width: 169.28, align: Align::Left },
    Column { title: "Antal", width: 56.0, align: Align::Right },
    Column { title: "Enhet", width: 40.0, align: Align::Left },
    Column { title: "À-pris", width: 62.0, align: Align::Right },
    Column { title: "Moms", width: 38.0, align: Align::Right },
    Column { title: "Belopp", width: 58.0, align: Align::Right },
];

pub(super) fn form(invoice: &InvoiceDocument) -> Form {
    Form {
        title: "Faktura",
        number: invoice.number.to_string(),
        from: side("Säljare", &invoice.seller),
        to: side("Köpare", &invoice.buyer),
        facts: facts(invoice),
        columns: COLUMNS.to_vec(),
        rows: rows(invoice),
        groups: groups(invoice),
        sums: vec![
            ("Netto", amount(invoice.net_cents)),
            ("Moms", amount(invoice.tax_cents)),
            ("Att betala", money(invoice.total_cents, invoice.currency)),
        ],
        notes: vec![format!(
            "Ange OCR-nummer {} vid betalning. Alla belopp är i {}; priser och radbelopp är exklusive moms.",
            invoice.payment_reference, invoice.currency
        )],
        foot: foot(&invoice.seller),
    }
}

fn facts(invoice: &InvoiceDocument) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Fakturanummer", invoice.number.to_string()),
        ("Fakturadatum", invoice.issue_date.to_string()),
        ("Leveransdatum", invoice.delivery_date.to_string()),
        ("Förfallodatum", invoice.due_date.to_string()),
        ("Betalningsvillkor", payment(invoice.payment_method, invoice.issue_date, invoice.due_date)),
        ("Order", invoice.order_id.to_string()),
        ("OCR-nummer", invoice.payment_reference.clone()),
    ];
    facts.extend(invoice.pay_to.iter().map(account));
    facts
}

fn rows(invoice: &InvoiceDocument) -> Vec<Vec<String>> {
    let row = |line: &crate::documents::InvoiceLine| {
        vec![
            line.sku.clone(),
            line.name.clone(),
            quantity(line.qty),
            unit(&line.unit).to_owned(),
            amount(line.unit_price_cents),
            rate(line.tax_rate),
            amount(line.net_cents),
        ]
    };
    invoice.lines.iter().map(row).collect()
}

fn groups(invoice: &InvoiceDocument) -> Vec<[String; 3]> {
    let head = ["Momssats", "Underlag", "Moms"].map(ToOwned::to_owned);
    let groups = invoice.vat.iter();
    let rows = groups.map(|group| [rate(group.tax_rate), amount(group.net_cents), amount(group.tax_cents)]);
    std::iter::once(head).chain(rows).collect()
}
