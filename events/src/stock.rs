//! Stock of one product: what is on hand, and what of it orders have been promised.

use serde::{Deserialize, Serialize};

use crate::{
    envelope::StreamKind,
    fold::Fold,
    values::{LineId, OrderId, Quantity, SupplierId},
};

/// What happens to a product's stock. The stream has the product's id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StockEvent {
    /// Goods came or went beside orders.
    StockAdjusted {
        /// Whose stock it is.
        supplier_id: SupplierId,
        /// More (above zero) or less.
        change: Quantity,
        /// Why.
        reason: String,
    },
    /// Somebody counted what is on the shelf, promised goods included.
    StockCounted {
        /// Whose stock it is.
        supplier_id: SupplierId,
        /// What was found.
        counted: Quantity,
        /// Why.
        reason: String,
    },
    /// Promised to an order line; no longer available.
    StockAllocated {
        /// To which order.
        order_id: OrderId,
        /// To which of its lines.
        line_id: LineId,
        /// How much.
        quantity: Quantity,
    },
    /// The promise, or what is left of it, is void; available again.
    StockReleased {
        /// From which order.
        order_id: OrderId,
        /// From which of its lines.
        line_id: LineId,
        /// How much.
        quantity: Quantity,
    },
    /// The promise was kept: the goods left.
    StockShipped {
        /// To which order.
        order_id: OrderId,
        /// To which of its lines.
        line_id: LineId,
        /// How much.
        quantity: Quantity,
    },
    /// What is available fell to or below what counts as low.
    StockFellLow {
        /// Whose stock it is.
        supplier_id: SupplierId,
        /// What is available.
        available: Quantity,
        /// What counts as low.
        low_stock_at: Quantity,
    },
}

/// Stock as its events leave it. Never negative, never promised beyond what is on hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// On the shelf, promised goods included.
    pub on_hand: Quantity,
    /// Promised to orders that are not yet delivered.
    pub allocated: Quantity,
}

impl Stock {
    /// What can still be ordered.
    pub fn available(&self) -> Quantity {
        self.on_hand - self.allocated
    }
}

impl Fold for Stock {
    type Event = StockEvent;
    const KIND: StreamKind = StreamKind::Stock;

    fn apply(&mut self, event: &StockEvent) {
        match event {
            StockEvent::StockAdjusted { change, .. } => self.on_hand = self.on_hand + *change,
            StockEvent::StockCounted { counted, .. } => self.on_hand = *counted,
            StockEvent::StockAllocated { quantity, .. } => self.allocated = self.allocated + *quantity,
            StockEvent::StockReleased { quantity, .. } => self.allocated = self.allocated - *quantity,
            StockEvent::StockShipped { quantity, .. } => {
                self.allocated = self.allocated - *quantity;
                self.on_hand = self.on_hand - *quantity;
            }
            StockEvent::StockFellLow { .. } => {}
        }
    }
}

impl cqrs_es::DomainEvent for StockEvent {
    fn event_type(&self) -> String {
        match self {
            Self::StockAdjusted { .. } => "StockAdjusted",
            Self::StockCounted { .. } => "StockCounted",
            Self::StockAllocated { .. } => "StockAllocated",
            Self::StockReleased { .. } => "StockReleased",
            Self::StockShipped { .. } => "StockShipped",
            Self::StockFellLow { .. } => "StockFellLow",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
