//! The ledger of what has been invoiced of an order, in words.

use events::billing::BillingEvent;
use invoicing::invoice::Kind;

use super::{Told, amount_of, counted};
use crate::audit::names::Names;

pub(super) fn tell(event: &BillingEvent, names: &Names) -> Told {
    match event {
        BillingEvent::OrderBilled { invoice_id, kind, lines } => {
            let invoice = names.invoice(invoice_id.0);
            let count = counted(lines.len(), "line");
            let told = Told::plain(match kind {
                Kind::Invoice => format!("Booked {count} of the order as invoiced by {invoice}."),
                Kind::CreditNote => format!("Booked {count} of the order as credited by {invoice}."),
            });
            lines.iter().fold(told, |told, line| {
                let known = names.line(line.line_id);
                told.with(&known.name, None, amount_of(line.quantity, &known.unit))
            })
        }
        BillingEvent::BillingReleased { invoice_id } => {
            Told::plain(format!("Freed what {} had claimed.", names.invoice(invoice_id.0)))
        }
        BillingEvent::ReceiptAwaited { invoice_id } => Told::plain(format!(
            "Let {} wait for the restaurant to say what it received.",
            names.invoice(invoice_id.0)
        )),
        BillingEvent::ReceiptNoLongerAwaited { invoice_id } => {
            Told::plain(format!("No longer let {} wait for a receipt.", names.invoice(invoice_id.0)))
        }
    }
}
