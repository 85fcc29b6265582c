//! The receipt as a form.

use super::{
    form::{Align, Column, Form},
    swedish::{day, foot, money, quantity, quantity_or_dash, side, status, unit},
};
use crate::documents::{ReceiptDocument, ReceiptLine};

const COLUMNS: [Column; 7] = [
    Column { title: "Art.nr", width: 70.0, align: Align::Left },
    Column { title: "Benämning", width: 142.28, align: Align::Left },
    Column { title: "Enhet", width: 40.0, align: Align::Left },
    Column { title: "Beställt", width: 54.0, align: Align::Right },
    Column { title: "Levererat", width: 54.0, align: Align::Right },
    Column { title: "Mottaget", width: 54.0, align: Align::Right },
    Column { title: "Reklamation", width: 85.0, align: Align::Left },
];

pub(super) fn form(receipt: &ReceiptDocument) -> Form {
    let mut sums = vec![("Beställt", money(receipt.ordered_total_cents, receipt.currency))];
    if let Some(delivered) = receipt.delivered_total_cents {
        sums.push(("Levererat", money(delivered, receipt.currency)));
    }
    Form {
        title: "Kvitto",
        number: receipt.order_id.to_string(),
        from: side("Säljare", &receipt.seller),
        to: side("Köpare", &receipt.buyer),
        facts: facts(receipt),
        columns: COLUMNS.to_vec(),
        rows: receipt.lines.iter().map(row).collect(),
        groups: Vec::new(),
        sums,
        notes: vec!["Belopp är inklusive moms; före leverans är momsen en uppskattning.".to_owned()],
        foot: foot(&receipt.seller),
    }
}

fn facts(receipt: &ReceiptDocument) -> Vec<(&'static str, String)> {
    let known = |moment: Option<_>| moment.map_or_else(|| "–".to_owned(), day);
    vec![
        ("Beställd", day(receipt.placed_at)),
        ("Status", status(receipt.status).to_owned()),
        ("Levererad", known(receipt.delivered_at)),
        ("Mottagen", known(receipt.received_at)),
        ("Fakturanummer", receipt.invoice_number.map_or_else(|| "–".to_owned(), |number| number.to_string())),
        ("Reklamationer", receipt.claims.to_string()),
    ]
}

fn row(line: &ReceiptLine) -> Vec<String> {
    let claim = line.claim.as_ref().map(|claim| {
        let reason = claim.reason.as_deref().unwrap_or_default();
        format!("{} {reason}", quantity(claim.qty))
    });
    vec![
        line.sku.clone(),
        line.name.clone(),
        unit(&line.unit).to_owned(),
        quantity(line.ordered_qty),
        quantity_or_dash(line.delivered_qty),
        quantity_or_dash(line.received_qty),
        claim.unwrap_or_default(),
    ]
}
