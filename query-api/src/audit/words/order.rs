//! Orders in words.

use events::{
    RecordedEvent,
    order::{OrderEvent, OrderInvoice, Party, PaymentMethod},
    values::Quantity,
};

use super::{Told, amount_of, because, counted, money};
use crate::audit::names::Names;

pub(super) fn tell(event: &OrderEvent, recorded: &RecordedEvent, names: &Names) -> Told {
    let currency = names.currency_of(recorded.stream_id);
    match event {
        OrderEvent::OrderPlaced {
            restaurant_id,
            supplier_id,
            lines,
            total_minor,
            payment_method,
            requested_delivery_date,
            ..
        } => {
            let (buyer, seller) = (names.organisation(restaurant_id.0), names.organisation(supplier_id.0));
            let day = requested_delivery_date.map_or_else(String::new, |day| format!(", wanted on {day}"));
            let (count, total) = (counted(lines.len(), "line"), money(*total_minor, currency));
            let how = by(*payment_method);
            let told = Told::plain(format!(
                "Ordered {count} from {seller} for {buyer}: {total} with VAT, to be paid {how}{day}."
            ));
            lines.iter().fold(told, |told, line| {
                let (amount, price) =
                    (amount_of(line.quantity, &line.unit), money(line.unit_price_minor, currency));
                told.with(&line.name, None, format!("{amount} at {price}"))
            })
        }
        OrderEvent::OrderConfirmed { .. } => Told::plain("Confirmed the order: it will be delivered."),
        OrderEvent::OrderRejected { reason, .. } => {
            Told::plain(format!("Rejected the order{}.", because(Some(reason))))
        }
        OrderEvent::OrderCancelled { by, reason, .. } => {
            let side = match by {
                Party::Restaurant => "for the restaurant",
                Party::Supplier => "for the supplier",
                Party::Admin => "as an administrator",
            };
            Told::plain(format!("Cancelled the order {side}{}.", because(Some(reason))))
        }
        OrderEvent::DeliveryMarked { lines, invoice, .. } => {
            let invoiced = invoice.as_deref().map_or_else(
                || "; nothing was delivered, so there is no invoice".to_owned(),
                |invoice| invoiced(invoice, currency),
            );
            let delivered = lines.iter().map(|line| (line.line_id, line.quantity));
            let short = short_of(delivered.clone().map(|(id, quantity)| (names.line(id).quantity, quantity)));
            let told = Told::plain(format!("Marked the order as delivered{short}{invoiced}."));
            delivered.fold(told, |told, (id, quantity)| {
                let line = names.line(id);
                told.with(
                    &line.name,
                    Some(amount_of(line.quantity, &line.unit)),
                    amount_of(quantity, &line.unit),
                )
            })
        }
        OrderEvent::DeliveryConfirmed { lines, .. } => {
            let short =
                short_of(lines.iter().map(|line| (names.line(line.line_id).delivered, line.quantity)));
            let told = Told::plain(format!("Confirmed what was received{short}."));
            lines.iter().fold(told, |told, line| {
                let known = names.line(line.line_id);
                let delivered = amount_of(known.delivered, &known.unit);
                let received = amount_of(line.quantity, &known.unit);
                let claim = because(line.reason.as_deref());
                told.with(&known.name, Some(delivered), format!("{received}{claim}"))
            })
        }
    }
}

fn by(method: PaymentMethod) -> &'static str {
    match method {
        PaymentMethod::Invoice => "by invoice",
        PaymentMethod::Card => "by card",
        PaymentMethod::Cash => "in cash",
    }
}

fn invoiced(invoice: &OrderInvoice, currency: events::values::Currency) -> String {
    let (number, total) = (invoice.number, money(invoice.total_minor, currency));
    format!("; invoice {number} over {total} with VAT")
}

/// `, 2 lines short`, or nothing, of pairs of what was expected and what came.
fn short_of(lines: impl Iterator<Item = (Quantity, Quantity)>) -> String {
    match lines.filter(|(expected, came)| came < expected).count() {
        0 => String::new(),
        short => format!(", {} short", counted(short, "line")),
    }
}
