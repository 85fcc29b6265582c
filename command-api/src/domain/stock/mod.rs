//! Stock: never promised beyond what is on hand.

mod adjust;

pub use adjust::{AdjustStock, StockChange};

use chrono::NaiveDate;
use events::{
    stock::{Stock, StockEvent},
    values::{LineId, OrderId, Quantity, SupplierId},
};

use super::{Decide, refusal::Refusal};

/// What can be asked of a product's stock.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is documented at the event that it leads to")]
pub enum StockCommand {
    Adjust {
        supplier_id: SupplierId,
        change: Quantity,
        reason: String,
        expires_on: Option<NaiveDate>,
        low_stock_at: Quantity,
    },
    Count {
        supplier_id: SupplierId,
        counted: Quantity,
        reason: String,
        low_stock_at: Quantity,
    },
    /// The caller has made sure, for all lines of its order, that there is enough.
    Allocate {
        supplier_id: SupplierId,
        line: Promise,
        low_stock_at: Quantity,
    },
    Release(Promise),
    Ship(Promise),
}

/// So much for that line of that order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The order.
    pub order_id: OrderId,
    /// Its line.
    pub line_id: LineId,
    /// How much.
    pub quantity: Quantity,
}

impl Decide for Stock {
    type Command = StockCommand;

    fn decide(&self, command: StockCommand) -> Result<Vec<StockEvent>, Refusal> {
        Ok(match command {
            StockCommand::Adjust { change, .. } if change == Quantity::ZERO => vec![],
            StockCommand::Adjust { supplier_id, change, reason, expires_on, low_stock_at } => {
                self.covers_promises(self.on_hand + change)?;
                self.and_fell_low(
                    StockEvent::StockAdjusted { supplier_id, change, reason, expires_on },
                    supplier_id,
                    low_stock_at,
                )
            }
            StockCommand::Count { counted, .. } if counted == self.on_hand => vec![],
            StockCommand::Count { supplier_id, counted, reason, low_stock_at } => {
                self.covers_promises(counted)?;
                self.and_fell_low(
                    StockEvent::StockCounted { supplier_id, counted, reason },
                    supplier_id,
                    low_stock_at,
                )
            }
            StockCommand::Allocate { supplier_id, line, low_stock_at } => {
                if line.quantity > self.available() {
                    return Err(self.promised(self.on_hand));
                }
                let Promise { order_id, line_id, quantity } = line;
                self.and_fell_low(
                    StockEvent::StockAllocated { order_id, line_id, quantity },
                    supplier_id,
                    low_stock_at,
                )
            }
            StockCommand::Release(line) | StockCommand::Ship(line) if line.quantity == Quantity::ZERO => {
                vec![]
            }
            StockCommand::Release(Promise { order_id, line_id, quantity }) => {
                vec![StockEvent::StockReleased { order_id, line_id, quantity }]
            }
            StockCommand::Ship(Promise { order_id, line_id, quantity }) => {
                vec![StockEvent::StockShipped { order_id, line_id, quantity }]
            }
        })
    }
}

/// What watches over every change of stock.
trait Watched {
    fn covers_promises(&self, on_hand: Quantity) -> Result<(), Refusal>;
    fn promised(&self, on_hand: Quantity) -> Refusal;
    fn and_fell_low(
        &self,
        event: StockEvent,
        supplier_id: SupplierId,
        low_stock_at: Quantity,
    ) -> Vec<StockEvent>;
}

impl Watched for Stock {
    fn covers_promises(&self, on_hand: Quantity) -> Result<(), Refusal> {
        if on_hand < self.allocated { Err(self.promised(on_hand)) } else { Ok(()) }
    }

    fn promised(&self, on_hand: Quantity) -> Refusal {
        Refusal::StockPromised { allocated: self.allocated, on_hand }
    }

    /// Adds that it fell low, if it does by this event and was not low before.
    fn and_fell_low(
        &self,
        event: StockEvent,
        supplier_id: SupplierId,
        low_stock_at: Quantity,
    ) -> Vec<StockEvent> {
        let mut after = self.clone();
        events::Fold::apply(&mut after, &event);
        let fell_low = self.available() > low_stock_at && after.available() <= low_stock_at;
        let available = after.available();
        let low = fell_low.then_some(StockEvent::StockFellLow { supplier_id, available, low_stock_at });
        [event].into_iter().chain(low).collect()
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::domain::aggregate::AggregateOf;

    type Scenario = TestFramework<AggregateOf<Stock>>;

    const LOW: Quantity = Quantity::units(5);

    fn promise(quantity: i64) -> Promise {
        let id = Uuid::from_u128(7);
        Promise { order_id: OrderId(id), line_id: LineId(id), quantity: Quantity::units(quantity) }
    }

    fn counted(units: i64) -> StockEvent {
        StockEvent::StockCounted {
            supplier_id: SupplierId::default(),
            counted: Quantity::units(units),
            reason: "count".to_owned(),
        }
    }

    fn allocated(units: i64) -> StockEvent {
        let Promise { order_id, line_id, quantity } = promise(units);
        StockEvent::StockAllocated { order_id, line_id, quantity }
    }

    fn allocate(units: i64) -> StockCommand {
        StockCommand::Allocate { supplier_id: SupplierId::default(), line: promise(units), low_stock_at: LOW }
    }

    #[test]
    fn what_is_promised_cannot_be_promised_again() {
        Scenario::with(()).given(vec![counted(10), allocated(8)]).when(allocate(3)).then_expect_error(
            Refusal::StockPromised { allocated: Quantity::units(8), on_hand: Quantity::units(10) },
        );
    }

    #[test]
    fn falling_to_the_low_mark_is_told_once() {
        let fell_low = StockEvent::StockFellLow {
            supplier_id: SupplierId::default(),
            available: Quantity::units(5),
            low_stock_at: LOW,
        };
        Scenario::with(())
            .given(vec![counted(10)])
            .when(allocate(5))
            .then_expect_events(vec![allocated(5), fell_low]);
        Scenario::with(())
            .given(vec![counted(10), allocated(5)])
            .when(allocate(1))
            .then_expect_events(vec![allocated(1)]);
    }

    #[test]
    fn counting_less_than_is_promised_is_refused() {
        let count = StockCommand::Count {
            supplier_id: SupplierId::default(),
            counted: Quantity::units(2),
            reason: "count".to_owned(),
            low_stock_at: LOW,
        };
        Scenario::with(()).given(vec![counted(10), allocated(3)]).when(count).then_expect_error(
            Refusal::StockPromised { allocated: Quantity::units(3), on_hand: Quantity::units(2) },
        );
    }

    proptest! {
        /// Whatever is asked for in whatever order, nothing is promised that is not on hand.
        #[test]
        fn stock_is_never_negative_or_oversold(asked in prop::collection::vec((0..3u8, -20..20i64), 0..60)) {
            let mut stock = Stock::default();
            let mut open = 0;
            for (what, units) in asked {
                let supplier_id = SupplierId::default();
                let reason = String::new();
                let command = match what {
                    0 => StockCommand::Adjust {
                        supplier_id, change: Quantity::units(units), reason, expires_on: None, low_stock_at: LOW,
                    },
                    1 => allocate(units.abs() + 1),
                    // Orders give back and ship only what they were promised.
                    _ if open == 0 => continue,
                    _ if units % 2 == 0 => StockCommand::Release(promise(open)),
                    _ => StockCommand::Ship(promise(open)),
                };
                let is_promise = matches!(command, StockCommand::Allocate { .. });
                let ends_promise = matches!(command, StockCommand::Release(_) | StockCommand::Ship(_));
                if let Ok(events) = stock.decide(command) {
                    for event in &events {
                        events::Fold::apply(&mut stock, event);
                    }
                    if is_promise { open += units.abs() + 1; }
                    if ends_promise { open = 0; }
                }
                prop_assert!(stock.available() >= Quantity::ZERO && stock.allocated >= Quantity::ZERO);
                prop_assert_eq!(stock.allocated, Quantity::units(open));
            }
        }
    }
}
