//! Calling an order off.

use events::{order::Order, order::OrderStatus, order::Party, stock::Stock, values::OrderId};

use super::{OrderCommand, Transitions, answer};
use crate::domain::{
    Answer, Command, Stop, Unit, access,
    stock::{Promise, StockCommand},
};

/// Nobody will deliver it; what was promised is available again. Members of the restaurant while it
/// is placed; members of the supplier and ADMIN until it is delivered.
#[derive(Clone, Debug)]
pub struct CancelOrder {
    /// Which.
    pub order_id: OrderId,
    /// Why.
    pub reason: String,
}

impl Command for CancelOrder {
    fn operation(&self) -> &'static str {
        "cancel_order"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let order = unit.existing::<Order>("order", self.order_id)?;
        let sides = access::sides_of(unit, self.order_id, &order.state)?;
        unit.match_revision(order.revision)?;
        // Who works for both sides acts for the one that still may.
        let by = match (sides.restaurant, order.state.status) {
            (true, OrderStatus::Placed) => Party::Restaurant,
            _ => sides.party(),
        };
        let cancel = OrderCommand::Cancel { by, reason: self.reason.clone(), now: unit.now() };
        let cancelled = unit.decide::<Order>(self.order_id, order.state.concerns(), cancel)?;
        settle_stock(unit, self.order_id, &order.state, |line| vec![StockCommand::Release(line)])?;
        Ok(answer(self.order_id, &cancelled))
    }
}

/// Does to the stock of every line what `of` says of the quantity that the line was promised.
pub(super) fn settle_stock(
    unit: &mut Unit<'_>,
    order_id: OrderId,
    order: &Order,
    of: impl Fn(Promise) -> Vec<StockCommand>,
) -> Result<(), Stop> {
    for line in &order.lines {
        unit.want::<Stock>(line.ordered.product_id);
    }
    unit.wanted()?;
    for line in &order.lines {
        let (line_id, quantity) = (line.ordered.line_id, line.ordered.quantity);
        for command in of(Promise { order_id, line_id, quantity }) {
            unit.decide::<Stock>(line.ordered.product_id, order.concerns(), command)?;
        }
    }
    Ok(())
}
