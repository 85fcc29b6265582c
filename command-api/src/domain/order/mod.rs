//! Orders.

mod cancel;
mod confirm;
mod confirm_delivery;
mod deliver;
mod place;
#[cfg(test)]
mod tests;

pub use cancel::CancelOrder;
pub use confirm::{ConfirmOrder, RejectOrder};
pub use confirm_delivery::{ConfirmDelivery, LineReceipt};
pub use deliver::{LineDelivery, MarkDelivered};
pub use place::PlaceOrder;

use chrono::{DateTime, Utc};
use events::{
    Folded,
    order::{DeliveredLine, Order, OrderEvent, OrderInvoice, OrderStatus, Party, ReceivedLine},
    resource::OrderResource,
    values::OrderId,
};

use super::{Decide, refusal::Refusal};
use crate::domain::{Answer, Concerns};

/// What can be asked of an order. Who may ask is settled before.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is documented at the event that it leads to")]
pub enum OrderCommand {
    /// The event itself: placing decides over the cart and the stock, not over an order.
    Place(Box<OrderEvent>),
    Confirm {
        now: DateTime<Utc>,
    },
    Reject {
        reason: String,
        now: DateTime<Utc>,
    },
    Cancel {
        by: Party,
        reason: String,
        now: DateTime<Utc>,
    },
    MarkDelivered {
        lines: Vec<DeliveredLine>,
        invoice: Option<Box<OrderInvoice>>,
        now: DateTime<Utc>,
    },
    ConfirmDelivery {
        lines: Vec<ReceivedLine>,
        now: DateTime<Utc>,
    },
}

impl Decide for Order {
    type Command = OrderCommand;

    fn decide(&self, command: OrderCommand) -> Result<Vec<OrderEvent>, Refusal> {
        use OrderCommand as C;
        use OrderStatus::{Confirmed, Delivered, Placed};
        Ok(match (command, self.status) {
            (C::Place(event), _) if self.lines.is_empty() => vec![*event],
            (C::Place(_), _) => return Err(self.not_possible("place")),
            (C::Confirm { now }, Placed) => vec![OrderEvent::OrderConfirmed { confirmed_at: now }],
            (C::Confirm { .. }, _) => return Err(self.not_possible("confirm")),
            (C::Reject { reason, now }, Placed) => {
                vec![OrderEvent::OrderRejected { reason, rejected_at: now }]
            }
            (C::Reject { .. }, _) => return Err(self.not_possible("reject")),
            (C::Cancel { by, reason, now }, Placed) => {
                vec![OrderEvent::OrderCancelled { by, reason, cancelled_at: now }]
            }
            // Once confirmed, the supplier has acted on it: only the supplier or an ADMIN may end it.
            (C::Cancel { by, reason, now }, Confirmed) if by != Party::Restaurant => {
                vec![OrderEvent::OrderCancelled { by, reason, cancelled_at: now }]
            }
            (C::Cancel { .. }, _) => return Err(self.not_possible("cancel")),
            (C::MarkDelivered { lines, invoice, now }, Confirmed) => {
                vec![OrderEvent::DeliveryMarked { lines, delivered_at: now, invoice }]
            }
            (C::MarkDelivered { .. }, _) => return Err(self.not_possible("deliver")),
            (C::ConfirmDelivery { lines, now }, Delivered) if self.received_at.is_none() => {
                vec![OrderEvent::DeliveryConfirmed { lines, received_at: now }]
            }
            (C::ConfirmDelivery { .. }, _) => return Err(self.not_possible("confirm delivery of")),
        })
    }
}

/// What an order's state does not allow, in the contract's words.
trait Transitions {
    fn not_possible(&self, attempted: &'static str) -> Refusal;
    fn in_state(&self, wanted: OrderStatus, attempted: &'static str) -> Result<(), Refusal>;
    fn concerns(&self) -> Concerns;
}

impl Transitions for Order {
    fn not_possible(&self, attempted: &'static str) -> Refusal {
        let state = if self.received_at.is_some() { "received" } else { self.status.name() };
        Refusal::InvalidTransition { what: "order", state, attempted }
    }

    /// Said before the values of the command are looked at: a wrong state is the first thing to know.
    fn in_state(&self, wanted: OrderStatus, attempted: &'static str) -> Result<(), Refusal> {
        if self.status == wanted { Ok(()) } else { Err(self.not_possible(attempted)) }
    }

    fn concerns(&self) -> Concerns {
        Concerns::both(self.supplier_id, self.restaurant_id)
    }
}

fn answer(id: OrderId, order: &Folded<Order>) -> Answer {
    Answer::ok(&OrderResource::of(id, order), order.revision)
}
