//! Orders for a log: what a restaurant wants, and what becomes of it.

use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::DomainEvent as _;
use events::{
    Fold as _, NewEvent,
    canonical::canonical_json,
    order::{DeliveredLine, Order, OrderEvent, OrderedLine, Party, PaymentMethod, ReceivedLine},
    values::{
        CartId, CheckoutId, Currency, LineId, ProductId, Quantity, RestaurantId, SupplierId, Tax,
        TaxCategory, TaxRate,
    },
};
use platform::clock::{Clock as _, Ids as _};
use uuid::Uuid;

use crate::world::{World, fresh};

/// An order in the log.
pub struct Placed {
    pub id: Uuid,
    pub supplier_id: SupplierId,
    pub restaurant_id: RestaurantId,
    pub lines: Vec<(LineId, ProductId, Quantity)>,
    pub events: i64,
}

/// Products, by number, so that orders of a world concern the same.
pub fn product(number: u128) -> ProductId {
    ProductId(Uuid::from_u128(0xa000 + number))
}

pub fn restaurant(number: u128) -> RestaurantId {
    RestaurantId(Uuid::from_u128(0xb000 + number))
}

pub fn supplier(number: u128) -> SupplierId {
    SupplierId(Uuid::from_u128(0xc000 + number))
}

impl World {
    /// Restaurant, product and thousandths; for that day, or as soon as may be.
    pub async fn order(
        &self,
        restaurant_id: RestaurantId,
        wanted: &[(ProductId, i64)],
        day: Option<NaiveDate>,
    ) -> Placed {
        let lines = wanted.iter().map(|(product, quantity)| (LineId(fresh()), *product, Quantity(*quantity)));
        let mut order = Placed {
            id: fresh(),
            supplier_id: supplier(1),
            restaurant_id,
            lines: lines.collect(),
            events: 0,
        };
        let placed = OrderEvent::OrderPlaced {
            checkout_id: CheckoutId(fresh()),
            cart_id: CartId(fresh()),
            restaurant_id,
            supplier_id: order.supplier_id,
            lines: order.lines.iter().map(ordered).collect(),
            currency: Currency::SEK,
            total_minor: 0,
            tax_minor: 0,
            payment_method: PaymentMethod::Invoice,
            requested_delivery_date: day,
            note: None,
            placed_by: None,
            placed_at: self.clock.now(),
        };
        self.happens(&mut order, &placed).await;
        order
    }

    pub async fn cancel(&self, order: &mut Placed) {
        let (reason, cancelled_at) = ("we are closed".to_owned(), self.clock.now());
        self.happens(order, &OrderEvent::OrderCancelled { by: Party::Restaurant, reason, cancelled_at })
            .await;
    }

    /// That much of every line, at most what was ordered.
    pub async fn deliver(&self, order: &mut Placed, most: i64) {
        let delivered = |(line_id, _, ordered): &(LineId, ProductId, Quantity)| DeliveredLine {
            line_id: *line_id,
            quantity: Quantity(ordered.0.min(most)),
            tax_rate: TaxRate::try_new(600).unwrap(),
            net_minor: 0,
            tax_minor: 0,
        };
        let lines = order.lines.iter().map(delivered).collect();
        let delivered_at = self.clock.now();
        self.happens(order, &OrderEvent::DeliveryMarked { lines, delivered_at, invoice: None }).await;
    }

    pub async fn receive(&self, order: &mut Placed, most: i64, received_at: DateTime<Utc>) {
        let received = |(line_id, _, ordered): &(LineId, ProductId, Quantity)| ReceivedLine {
            line_id: *line_id,
            quantity: Quantity(ordered.0.min(most)),
            reason: None,
        };
        let lines = order.lines.iter().map(received).collect();
        self.happens(order, &OrderEvent::DeliveryConfirmed { lines, received_at }).await;
    }

    async fn happens(&self, order: &mut Placed, event: &OrderEvent) {
        order.events += 1;
        let recorded = NewEvent {
            event_id: fresh(),
            stream: Order::stream(order.id),
            sequence: order.events,
            event_type: event.event_type(),
            event_version: "1".to_owned(),
            payload: canonical_json(event),
            metadata: "{}".to_owned(),
            recorded_at: self.clock.now(),
            command_id: self.ids.next(),
            actor: "system:test".to_owned(),
            supplier_id: Some(order.supplier_id),
            restaurant_id: Some(order.restaurant_id),
        };
        self.append(vec![recorded]).await;
    }
}

fn ordered((line_id, product_id, quantity): &(LineId, ProductId, Quantity)) -> OrderedLine {
    OrderedLine {
        line_id: *line_id,
        product_id: *product_id,
        sku: "M-1".to_owned(),
        name: "Morot".to_owned(),
        unit: "KGM".to_owned(),
        quantity: *quantity,
        unit_price_minor: 1_250,
        tax: Tax::Category(TaxCategory::Food),
        tax_rate: TaxRate::try_new(600).unwrap(),
        net_minor: 0,
        tax_minor: 0,
    }
}
