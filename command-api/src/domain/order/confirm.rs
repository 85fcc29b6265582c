//! The supplier's answer: it will deliver, or not.

use events::{order::Order, values::OrderId};

use super::{OrderCommand, Transitions, answer};
use crate::domain::{Answer, Command, Stop, Unit, access, refusal::Refusal, stock::StockCommand};

/// The supplier will deliver; its members and ADMIN.
#[derive(Clone, Debug)]
pub struct ConfirmOrder {
    /// Which.
    pub order_id: OrderId,
}

/// The supplier will not deliver; what was promised is available again. Its members and ADMIN.
#[derive(Clone, Debug)]
pub struct RejectOrder {
    /// Which.
    pub order_id: OrderId,
    /// Why.
    pub reason: String,
}

impl Command for ConfirmOrder {
    fn operation(&self) -> &'static str {
        "confirm_order"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let order = order_as_supplier(unit, self.order_id)?;
        let confirm = OrderCommand::Confirm { now: unit.now() };
        Ok(answer(self.order_id, &*unit.decide::<Order>(self.order_id, order.state.concerns(), confirm)?))
    }
}

impl Command for RejectOrder {
    fn operation(&self) -> &'static str {
        "reject_order"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let order = order_as_supplier(unit, self.order_id)?;
        let reject = OrderCommand::Reject { reason: self.reason.clone(), now: unit.now() };
        let rejected = unit.decide::<Order>(self.order_id, order.state.concerns(), reject)?;
        super::cancel::settle_stock(unit, self.order_id, &order.state, |line| {
            vec![StockCommand::Release(line)]
        })?;
        Ok(answer(self.order_id, &rejected))
    }
}

/// The order, if the caller works for its supplier; its restaurant may see it but not do this.
pub(super) fn order_as_supplier(
    unit: &mut Unit<'_>,
    id: OrderId,
) -> Result<std::sync::Arc<events::Folded<Order>>, Stop> {
    let order = unit.existing::<Order>("order", id)?;
    let sides = access::sides_of(unit, id, &order.state)?;
    if !(sides.supplier || sides.admin) {
        return Err(Refusal::Forbidden { needed: "only a member of the supplier or an ADMIN" }.into());
    }
    unit.match_revision(order.revision)?;
    Ok(order)
}
