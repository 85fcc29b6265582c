//! A log with events in it, beside the read models' rows.

use chrono::{DateTime, Utc};
use events::{
    Actor, Fold, NewEvent,
    canonical::canonical_json,
    log::{Append, append, read_head},
    order::{DeliveredLine, Order, OrderEvent, OrderedLine, PaymentMethod, ReceivedLine},
    values::{Currency, LineId, Quantity, Role, Tax, TaxRate, line_net_minor},
};
use platform::clock::{Ids as _, UuidV7Ids};
use uuid::Uuid;

use crate::world::{Caller, World, id, now};

/// Events of one command, in the making.
pub struct Recording {
    command_id: Uuid,
    actor: String,
    at: DateTime<Utc>,
    events: Vec<NewEvent>,
    sides: Option<(Uuid, Uuid)>,
}

impl Recording {
    pub fn system() -> Self {
        Self::of(Actor::System("test").to_string())
    }

    pub fn by(caller: Caller) -> Self {
        let role: Role = caller.role.parse().unwrap();
        Self::of(Actor::Account { id: caller.id.into(), role }.to_string())
    }

    fn of(actor: String) -> Self {
        Self { command_id: UuidV7Ids.next(), actor, at: now(), events: Vec::new(), sides: None }
    }

    pub fn at(self, at: DateTime<Utc>) -> Self {
        Self { at, ..self }
    }

    /// What is recorded from here on concerns these two.
    pub fn between(self, restaurant: Uuid, supplier: Uuid) -> Self {
        Self { sides: Some((restaurant, supplier)), ..self }
    }

    pub fn event<S: Fold>(mut self, stream: Uuid, sequence: i64, event: &S::Event) -> Self {
        use cqrs_es::DomainEvent as _;
        let request = self.command_id;
        self.events.push(NewEvent {
            event_id: UuidV7Ids.next(),
            stream: S::stream(stream),
            sequence,
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload: canonical_json(event),
            metadata: format!(r#"{{"correlation_id":"{request}","request_id":"{request}"}}"#),
            recorded_at: self.at,
            command_id: self.command_id,
            actor: self.actor.clone(),
            supplier_id: self.sides.map(|(_, supplier)| supplier.into()),
            restaurant_id: self.sides.map(|(restaurant, _)| restaurant.into()),
        });
        self
    }

    /// Into the log; returns the position of the last one.
    pub async fn record(self, world: &World) -> i64 {
        let mut connection = world.pool.acquire().await.unwrap();
        let head = read_head(&mut connection).await.unwrap();
        let count = i64::try_from(self.events.len()).unwrap();
        let unit = Append { events: self.events, recorded_at: self.at, ..Append::default() };
        append(&mut connection, head, &unit).await.unwrap().expect("nobody else writes");
        head.position + count
    }
}

/// Two lines: 10 of the first, 4 of the second.
pub fn placed(order: Uuid, restaurant: Uuid, supplier: Uuid) -> OrderEvent {
    let line = |number: u128, name: &str, units: i64| OrderedLine {
        line_id: line_id(order, number),
        product_id: id(900 + number).into(),
        sku: format!("10-220{number}"),
        name: name.to_owned(),
        unit: "KGM".to_owned(),
        quantity: Quantity::units(units),
        unit_price_minor: 12_345,
        tax: Tax::Rate(TaxRate::try_new(1_200).unwrap()),
        tax_rate: TaxRate::try_new(1_200).unwrap(),
        net_minor: line_net_minor(12_345, Quantity::units(units)),
        tax_minor: 0,
    };
    OrderEvent::OrderPlaced {
        checkout_id: id(7_001).into(),
        cart_id: id(7_002).into(),
        restaurant_id: restaurant.into(),
        supplier_id: supplier.into(),
        lines: vec![line(1, "Tomat", 10), line(2, "Dill", 4)],
        currency: Currency::SEK,
        total_minor: 172_830,
        tax_minor: 0,
        payment_method: PaymentMethod::Invoice,
        requested_delivery_date: None,
        note: None,
        placed_by: None,
        placed_at: now(),
    }
}

pub fn line_id(order: Uuid, number: u128) -> LineId {
    LineId(Uuid::from_u128(order.as_u128() + (number << 32)))
}

pub fn delivered(order: Uuid, thousandths: [i64; 2]) -> OrderEvent {
    let lines = thousandths.iter().zip(1..).map(|(quantity, number)| DeliveredLine {
        line_id: line_id(order, number),
        quantity: Quantity(*quantity),
        tax_rate: TaxRate::try_new(1_200).unwrap(),
        net_minor: line_net_minor(12_345, Quantity(*quantity)),
        tax_minor: 0,
    });
    OrderEvent::DeliveryMarked { lines: lines.collect(), delivered_at: now(), invoice: None }
}

pub fn received(order: Uuid, thousandths: [i64; 2]) -> OrderEvent {
    let lines = thousandths.iter().zip(1..).map(|(quantity, number)| ReceivedLine {
        line_id: line_id(order, number),
        quantity: Quantity(*quantity),
        reason: None,
    });
    OrderEvent::DeliveryConfirmed { lines: lines.collect(), received_at: now() }
}

impl World {
    /// So many orders, each an event of its own command.
    pub async fn orders(&self, numbers: std::ops::Range<u128>) {
        for number in numbers {
            let event = placed(id(number), id(10), id(20));
            Recording::system()
                .between(id(10), id(20))
                .event::<Order>(id(number), 1, &event)
                .record(self)
                .await;
        }
    }
}
