//! The restaurant's word on what it received.

use events::{
    order::{Order, OrderStatus, ReceivedLine},
    values::{LineId, OrderId, Quantity},
};

use super::{OrderCommand, Transitions, answer, deliver::merge_stated};
use crate::domain::{Answer, Command, Stop, Unit, access, invoice, refusal::Refusal};

/// It was received: the lines named as stated, all others as delivered. Less than delivered is a
/// claim. Once. Members of the restaurant and ADMIN.
#[derive(Clone, Debug)]
pub struct ConfirmDelivery {
    /// Which.
    pub order_id: OrderId,
    /// What was not received as delivered.
    pub lines: Vec<LineReceipt>,
}

/// How much of a line was received.
#[derive(Clone, Debug)]
pub struct LineReceipt {
    /// Which line.
    pub line_id: LineId,
    /// How much; at most what was delivered.
    pub received: Quantity,
    /// What was wrong with the rest.
    pub reason: Option<String>,
}

impl Command for ConfirmDelivery {
    fn operation(&self) -> &'static str {
        "confirm_delivery"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.order_id;
        let order = unit.existing::<Order>("order", id)?;
        let sides = access::sides_of(unit, id, &order.state)?;
        if !(sides.restaurant || sides.admin) {
            return Err(Refusal::Forbidden { needed: "only a member of the restaurant or an ADMIN" }.into());
        }
        unit.match_revision(order.revision)?;
        order.state.in_state(OrderStatus::Delivered, "confirm delivery of")?;
        let lines = self.received_lines(&order.state)?;
        let confirm = OrderCommand::ConfirmDelivery { lines, now: unit.now() };
        let confirmed = unit.decide::<Order>(id, order.state.concerns(), confirm)?;
        invoice::receipt_came(unit, id)?;
        Ok(answer(id, &confirmed))
    }
}

impl ConfirmDelivery {
    fn received_lines(&self, order: &Order) -> Result<Vec<ReceivedLine>, Refusal> {
        let delivered = order.lines.iter().map(|line| {
            (line.ordered.line_id, line.delivered.map_or(Quantity::ZERO, |delivered| delivered.quantity))
        });
        let limits: Vec<_> = delivered.collect();
        let stated = self.lines.iter().map(|line| (line.line_id, line.received));
        let quantities =
            merge_stated(&limits, stated, "received_qty", "exceeds_delivered", "more than was delivered")?;
        let reason_of = |line_id: LineId| {
            let line = self.lines.iter().find(|line| line.line_id == line_id);
            line.and_then(|line| line.reason.clone())
        };
        Ok(std::iter::zip(limits, quantities)
            .map(|((line_id, _), quantity)| ReceivedLine { line_id, quantity, reason: reason_of(line_id) })
            .collect())
    }
}
