//! The supplier's word that it delivered, and the invoice that follows from it.

use std::collections::HashMap;

use events::{
    order::{DeliveredLine, Order, OrderInvoice, OrderStatus},
    restaurant::Restaurant,
    supplier::Supplier,
    values::{LineId, OrderId, Quantity, line_net_minor, vat_of},
};

use super::{OrderCommand, Transitions, answer, cancel::settle_stock, confirm::order_as_supplier};
use crate::domain::{
    Answer, Command, Concerns, Stop, Unit,
    refusal::{InvalidValue, Refusal},
    stock::{Promise, StockCommand},
    supplier::SupplierCommand,
};

/// It was delivered: the lines named as stated, all others as ordered. Short lines give back their
/// stock; VAT is fixed by the day; the invoice gets its number. Members of the supplier and ADMIN.
#[derive(Clone, Debug)]
pub struct MarkDelivered {
    /// Which.
    pub order_id: OrderId,
    /// What was not delivered as ordered.
    pub lines: Vec<LineDelivery>,
}

/// How much of a line was delivered.
#[derive(Clone, Debug)]
pub struct LineDelivery {
    /// Which line.
    pub line_id: LineId,
    /// How much; at most what was ordered.
    pub delivered: Quantity,
}

impl Command for MarkDelivered {
    fn operation(&self) -> &'static str {
        "mark_delivered"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.order_id;
        let order = order_as_supplier(unit, id)?;
        order.state.in_state(OrderStatus::Confirmed, "deliver")?;
        let stated = self.lines.iter().map(|line| (line.line_id, line.delivered));
        let lines = delivered_lines(unit, &order.state, &quantities(&order.state, stated)?);
        let invoice = number_invoice(unit, id, &order.state, &lines)?;
        let deliver = OrderCommand::MarkDelivered { lines: lines.clone(), invoice, now: unit.now() };
        let delivered = unit.decide::<Order>(id, order.state.concerns(), deliver)?;
        settle_stock(unit, id, &order.state, |promise| {
            let shipped = lines
                .iter()
                .find(|line| line.line_id == promise.line_id)
                .map_or(Quantity::ZERO, |l| l.quantity);
            vec![
                StockCommand::Ship(Promise { quantity: shipped, ..promise }),
                StockCommand::Release(Promise { quantity: promise.quantity - shipped, ..promise }),
            ]
        })?;
        Ok(answer(id, &delivered))
    }
}

/// The stated quantity of each line, in the order's order; the ordered one where nothing is stated.
fn quantities(
    order: &Order,
    stated: impl Iterator<Item = (LineId, Quantity)>,
) -> Result<Vec<Quantity>, Refusal> {
    let limits: Vec<_> =
        order.lines.iter().map(|line| (line.ordered.line_id, line.ordered.quantity)).collect();
    merge_stated(&limits, stated, "delivered_qty", "exceeds_ordered", "more than was ordered")
}

/// Stated quantities over known limits: what is not stated equals its limit, nothing exceeds it.
///
/// # Errors
/// All faults at once: an unknown line, one named twice, a quantity above its limit.
pub(super) fn merge_stated(
    limits: &[(LineId, Quantity)],
    stated: impl Iterator<Item = (LineId, Quantity)>,
    field: &str,
    exceeds_code: &'static str,
    exceeds: &str,
) -> Result<Vec<Quantity>, Refusal> {
    let mut faults = Vec::new();
    let mut fault = |at: usize, name: &str, code, message: String| {
        faults.push(InvalidValue { field: format!("lines[{at}].{name}"), code, message });
    };
    let mut by_line = HashMap::new();
    for (at, (line_id, quantity)) in stated.enumerate() {
        match limits.iter().find(|(limited, _)| *limited == line_id) {
            None => fault(at, "line_id", "unknown_line", format!("the order has no line {line_id}")),
            Some((_, limit)) if quantity > *limit => {
                fault(at, field, exceeds_code, format!("{quantity} is {exceeds} ({limit})"));
            }
            Some(_) if by_line.insert(line_id, quantity).is_some() => {
                fault(at, "line_id", "duplicate_line", "the line is named twice".to_owned());
            }
            Some(_) => {}
        }
    }
    if !faults.is_empty() {
        return Err(Refusal::Invalid(faults));
    }
    Ok(limits.iter().map(|(line_id, limit)| by_line.get(line_id).copied().unwrap_or(*limit)).collect())
}

/// Delivery is the tax point: its Swedish day fixes every rate.
fn delivered_lines(unit: &Unit<'_>, order: &Order, quantities: &[Quantity]) -> Vec<DeliveredLine> {
    let today = unit.today();
    let mut lines: Vec<DeliveredLine> = std::iter::zip(&order.lines, quantities)
        .map(|(line, &quantity)| DeliveredLine {
            line_id: line.ordered.line_id,
            quantity,
            tax_rate: line.ordered.tax.rate_on(today),
            net_minor: line_net_minor(line.ordered.unit_price_minor, quantity),
            tax_minor: 0,
        })
        .collect();
    let vat = vat_of(&lines.iter().map(|line| (line.net_minor, line.tax_rate)).collect::<Vec<_>>());
    for (line, tax_minor) in std::iter::zip(&mut lines, vat.line_tax_minor) {
        line.tax_minor = tax_minor;
    }
    lines
}

/// The next number of the supplier's series, unless nothing was delivered.
fn number_invoice(
    unit: &mut Unit<'_>,
    order_id: OrderId,
    order: &Order,
    lines: &[DeliveredLine],
) -> Result<Option<Box<OrderInvoice>>, Stop> {
    if lines.iter().all(|line| line.quantity == Quantity::ZERO) {
        return Ok(None);
    }
    let number = SupplierCommand::NumberInvoice { order_id };
    let supplier =
        unit.decide::<Supplier>(order.supplier_id, Concerns::supplier(order.supplier_id), number)?;
    let restaurant = unit.get::<Restaurant>(order.restaurant_id)?;
    let tax_minor: i64 = lines.iter().map(|line| line.tax_minor).sum();
    let net_minor: i64 = lines.iter().map(|line| line.net_minor).sum();
    Ok(Some(Box::new(OrderInvoice {
        number: supplier.state.invoices_numbered,
        issued_on: unit.today(),
        total_minor: net_minor + tax_minor,
        tax_minor,
        seller: supplier.state.details.clone().into(),
        buyer: restaurant.state.details.clone().into(),
    })))
}
