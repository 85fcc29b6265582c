//! Stock of one product: what is on hand, and what of it orders have been promised.

use chrono::NaiveDate;
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
        /// The last day that what came can be sold on, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_on: Option<NaiveDate>,
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// On the shelf, promised goods included.
    pub on_hand: Quantity,
    /// Promised to orders that are not yet delivered.
    pub allocated: Quantity,
    /// What of that expires, and when: sorted by day, each day once, at most [`LOTS_MAX`]. The rest keeps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lots: Vec<Lot>,
}

/// So many days are told apart; beyond that, the first two count as one.
pub const LOTS_MAX: usize = 50;

/// What expires on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// The last day that it can be sold on.
    pub expires_on: NaiveDate,
    /// How much of it.
    pub quantity: Quantity,
}

impl Stock {
    /// What can be sold from that day on, for rules of prices to go by: what has expired cannot, and what is promised
    /// is in it, as its orders are in what is expected to sell.
    pub fn sellable(&self, today: NaiveDate) -> pricing::StockOnHand {
        let (expired, lots): (Vec<&Lot>, Vec<&Lot>) =
            self.lots.iter().partition(|lot| lot.expires_on < today);
        let expired: i64 = expired.iter().map(|lot| lot.quantity.0).sum();
        let lots =
            lots.iter().map(|lot| pricing::Lot { expires_on: lot.expires_on, quantity: lot.quantity.0 });
        pricing::StockOnHand { sellable: (self.on_hand.0 - expired).max(0), lots: lots.collect() }
    }

    /// As goods leave a shelf: what expires first goes first.
    fn left(&mut self, quantity: Quantity) {
        self.on_hand = self.on_hand - quantity;
        take(&mut self.lots, quantity);
    }

    fn came(&mut self, quantity: Quantity, expires_on: Option<NaiveDate>) {
        self.on_hand = self.on_hand + quantity;
        let Some(expires_on) = expires_on else { return };
        match self.lots.binary_search_by_key(&expires_on, |lot| lot.expires_on) {
            Ok(place) => self.lots[place].quantity = self.lots[place].quantity + quantity,
            Err(place) => self.lots.insert(place, Lot { expires_on, quantity }),
        }
        if self.lots.len() > LOTS_MAX {
            // The first are the likeliest to have expired already.
            let first = self.lots.remove(0);
            self.lots[0].quantity = self.lots[0].quantity + first.quantity;
        }
    }

    /// What can still be ordered.
    pub fn available(&self) -> Quantity {
        self.on_hand - self.allocated
    }
}

impl Fold for Stock {
    type Event = StockEvent;
    const KIND: StreamKind = StreamKind::Stock;
    /// 2: what expires.
    const STATE_VERSION: i32 = 2;

    fn apply(&mut self, event: &StockEvent) {
        match event {
            StockEvent::StockAdjusted { change, .. } if change.0 < 0 => self.left(Quantity(-change.0)),
            StockEvent::StockAdjusted { change, expires_on, .. } => self.came(*change, *expires_on),
            StockEvent::StockCounted { counted, .. } if *counted < self.on_hand => {
                self.left(self.on_hand - *counted);
            }
            StockEvent::StockCounted { counted, .. } => self.on_hand = *counted,
            StockEvent::StockAllocated { quantity, .. } => self.allocated = self.allocated + *quantity,
            StockEvent::StockReleased { quantity, .. } => self.allocated = self.allocated - *quantity,
            StockEvent::StockShipped { quantity, .. } => {
                self.allocated = self.allocated - *quantity;
                self.left(*quantity);
            }
            StockEvent::StockFellLow { .. } => {}
        }
    }
}

/// Takes so much from what expires first; what is left of it came without a day.
fn take(lots: &mut Vec<Lot>, quantity: Quantity) {
    let mut rest = quantity;
    while let Some(first) = lots.first_mut() {
        if rest < first.quantity {
            first.quantity = first.quantity - rest;
            return;
        }
        rest = rest - first.quantity;
        lots.remove(0);
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

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Days, Utc};
    use pricing::{Aim, Because, Expected, Guardrail, Inputs, Limits, Rule, RuleKind, Standing};
    use uuid::Uuid;

    use super::*;

    fn day(days: u64) -> NaiveDate {
        "2026-11-20".parse::<NaiveDate>().expect("a day") + Days::new(days)
    }

    fn at() -> DateTime<Utc> {
        "2026-11-20T12:00:00Z".parse().expect("a time")
    }

    /// Ten a day are expected to sell.
    fn propose(stock: &Stock, kind: RuleKind) -> pricing::Proposal {
        let standing = Standing {
            base_minor: 1_000,
            current_minor: 1_000,
            day_start_minor: 1_000,
            ..Standing::default()
        };
        let inputs = Inputs {
            at: at(),
            today: day(0),
            standing,
            stock: stock.sellable(day(0)),
            demand: Some(pricing::DemandIndex { index_bps: 14_000, orders: 9, age_hours: 1 }),
            expected: Some(Expected {
                run_id: Uuid::nil(),
                age_hours: 1,
                is_drifting: false,
                sums: (1..=14).map(|days| days * 10_000).collect(),
            }),
            ..Inputs::default()
        };
        let limits = Limits {
            floor_minor: 100,
            ceiling_minor: None,
            day_up_max_bps: 1_000,
            day_down_max_bps: 5_000,
            hysteresis_bps: 0,
            round_to_minor: 1,
        };
        pricing::propose(&inputs, &[Rule { id: Uuid::nil(), revision: 1, kind, limits }])
    }

    fn expiry() -> RuleKind {
        RuleKind::Expiry { aim: Aim::Waste, elasticity_thousandths: 1_000, down_max_bps: 5_000 }
    }

    fn demand_index() -> RuleKind {
        RuleKind::DemandIndex {
            dead_band_bps: 1_500,
            step_up_max_bps: 300,
            step_down_max_bps: 300,
            cover_days: 2,
        }
    }

    fn stock(on_hand: i64, allocated: i64, lots: &[(NaiveDate, i64)]) -> Stock {
        let lot =
            |&(expires_on, units): &(NaiveDate, i64)| Lot { expires_on, quantity: Quantity::units(units) };
        Stock {
            on_hand: Quantity::units(on_hand),
            allocated: Quantity::units(allocated),
            lots: lots.iter().map(lot).collect(),
        }
    }

    #[test]
    fn what_is_promised_counts_with_what_is_expected_of_the_same_orders() {
        // 24 expire by tomorrow and 20 are expected to sell; that 10 of those are ordered already changes neither.
        let promised = stock(24, 10, &[(day(1), 24)]);
        let because = Because::Expiring { by: day(1), quantity: 24_000, expected: 20_000 };
        assert_eq!(propose(&promised, expiry()).adjustments[0].because, because);
        // As many as two days are expected to take.
        assert_eq!(propose(&stock(20, 15, &[]), demand_index()).guardrails, [Guardrail::StockLasts]);
    }

    #[test]
    fn what_has_expired_neither_keeps_a_promise_nor_can_be_sold() {
        let yesterday = day(0).pred_opt().expect("there is one");
        let spoilt = stock(54, 30, &[(yesterday, 30), (day(1), 24)]);
        let because = Because::Expiring { by: day(1), quantity: 24_000, expected: 20_000 };
        assert_eq!(propose(&spoilt, expiry()).adjustments[0].because, because);
        let wanted = stock(40, 0, &[(yesterday, 30)]);
        assert_eq!(propose(&wanted, demand_index()).new_minor, 1_030);
    }
}
