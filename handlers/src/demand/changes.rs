//! From what happened to orders, to what it changes about months of demand. Pure.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc};
use events::{
    RecordedEvent,
    fold::{UnreadableEvent, decode},
    order::{DeliveredLine, Order, OrderEvent, OrderedLine, ReceivedLine},
    values::{LineId, ProductId, RestaurantId, SupplierId, swedish_day},
};
use uuid::Uuid;

/// Changes with whatever the same events come to: rows of another version are folded again from the start.
pub const FOLD_VERSION: i32 = 1;

/// Days of a row, whatever the month.
pub(super) const DAYS: usize = 31;

/// A row of `demand.months`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonthKey {
    /// Of what.
    pub product_id: ProductId,
    /// For whom.
    pub restaurant_id: RestaurantId,
    /// The first of the month.
    pub month: NaiveDate,
}

/// What is added to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Month {
    /// Who sells.
    pub supplier_id: SupplierId,
    /// Thousandths by day, from the 1st.
    pub wanted: [i64; DAYS],
    /// The same.
    pub received: [i64; DAYS],
    /// Bit 0 for the 1st; set, never taken back.
    pub censored: i32,
    /// Something was called off: the row may be empty by now.
    pub is_lessened: bool,
}

/// What is added to one day of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct DayChange {
    pub(super) supplier_id: SupplierId,
    pub(super) wanted: i64,
    pub(super) received: i64,
    /// That day's bit, or none.
    pub(super) censored: i32,
}

impl DayChange {
    /// True where adding it changes nothing.
    pub(super) const fn is_nothing(&self) -> bool {
        self.wanted == 0 && self.received == 0 && self.censored == 0
    }
}

/// What a stretch of the log changes; adds up in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// By row.
    pub months: BTreeMap<MonthKey, Month>,
}

/// What an order's later events leave to its first.
struct Placed {
    supplier_id: SupplierId,
    restaurant_id: RestaurantId,
    day: NaiveDate,
    lines: Vec<OrderedLine>,
}

impl Changes {
    /// What these events change; of other streams than orders, nothing. `origins` are the first events of the orders
    /// whose first is not among `events`. What cannot be read is logged and passed over: the same events are passed
    /// over whenever they are folded.
    pub fn of(events: &[RecordedEvent], origins: &[RecordedEvent]) -> Self {
        let mut placed: HashMap<Uuid, Placed> = HashMap::new();
        let firsts = origins.iter().chain(events).filter(|event| event.sequence == 1);
        placed.extend(firsts.filter_map(|first| Some((first.stream_id, Placed::of(first).ok().flatten()?))));
        let mut changes = Self::default();
        for event in events {
            let position = event.global_position;
            match (decode::<Order>(event), placed.get(&event.stream_id)) {
                (Ok(happened), Some(placed)) => changes.take(placed, &happened),
                (Ok(_), None) => tracing::error!(position, "an order has no origin; demand passes it over"),
                (Err(error), _) => tracing::error!(position, %error, "demand passes an event over"),
            }
        }
        changes
    }

    /// The first day about which it changes what was wanted.
    pub fn first_day_wanted(&self) -> Option<NaiveDate> {
        let days = self.months.iter().filter_map(|(key, month)| {
            let first = (0..DAYS).find(|&day| month.wanted[day] != 0 || month.censored & (1 << day) != 0)?;
            key.month.checked_add_days(Days::new(first as u64))
        });
        days.min()
    }

    fn take(&mut self, placed: &Placed, event: &OrderEvent) {
        match event {
            OrderEvent::OrderPlaced { .. } => self.want(placed, 1),
            OrderEvent::OrderRejected { .. } | OrderEvent::OrderCancelled { .. } => self.want(placed, -1),
            OrderEvent::DeliveryMarked { lines, .. } => self.deliver(placed, lines),
            OrderEvent::DeliveryConfirmed { lines, received_at } => self.receive(placed, lines, *received_at),
            OrderEvent::OrderConfirmed { .. } => {}
        }
    }

    fn want(&mut self, placed: &Placed, sign: i64) {
        for line in &placed.lines {
            let (month, day) = self.month(placed, line.product_id, placed.day);
            month.wanted[day] += sign * line.quantity.0;
            month.is_lessened |= sign < 0;
        }
    }

    /// What came short was wanted all the same; how much more would have been is not known.
    fn deliver(&mut self, placed: &Placed, lines: &[DeliveredLine]) {
        for delivered in lines {
            let Some(ordered) = placed.line(delivered.line_id) else { continue };
            if delivered.quantity < ordered.quantity {
                let (month, day) = self.month(placed, ordered.product_id, placed.day);
                month.censored |= 1 << day;
            }
        }
    }

    fn receive(&mut self, placed: &Placed, lines: &[ReceivedLine], at: DateTime<Utc>) {
        for received in lines {
            let Some(ordered) = placed.line(received.line_id) else { continue };
            let (month, day) = self.month(placed, ordered.product_id, swedish_day(at));
            month.received[day] += received.quantity.0;
        }
    }

    fn month(&mut self, placed: &Placed, product_id: ProductId, day: NaiveDate) -> (&mut Month, usize) {
        let month = day.with_day(1).expect("every month has a first");
        let key = MonthKey { product_id, restaurant_id: placed.restaurant_id, month };
        let row = self.months.entry(key).or_insert_with(|| Month::empty(placed.supplier_id));
        (row, day.day0() as usize)
    }
}

impl Month {
    fn empty(supplier_id: SupplierId) -> Self {
        Self { supplier_id, wanted: [0; DAYS], received: [0; DAYS], censored: 0, is_lessened: false }
    }

    /// Of that day, counted from 0.
    pub(super) const fn on(&self, day: usize) -> DayChange {
        DayChange {
            supplier_id: self.supplier_id,
            wanted: self.wanted[day],
            received: self.received[day],
            censored: self.censored & (1 << day),
        }
    }

    /// True where adding it changes nothing.
    pub fn is_nothing(&self) -> bool {
        self.censored == 0 && self.wanted.iter().chain(&self.received).all(|quantity| *quantity == 0)
    }
}

impl Placed {
    fn of(first: &RecordedEvent) -> Result<Option<Self>, UnreadableEvent> {
        let OrderEvent::OrderPlaced {
            supplier_id,
            restaurant_id,
            lines,
            requested_delivery_date,
            placed_at,
            ..
        } = decode::<Order>(first)?
        else {
            return Ok(None);
        };
        let day = requested_delivery_date.unwrap_or_else(|| swedish_day(placed_at) + Days::new(1));
        Ok(Some(Self { supplier_id, restaurant_id, day, lines }))
    }

    fn line(&self, line_id: LineId) -> Option<&OrderedLine> {
        self.lines.iter().find(|line| line.line_id == line_id)
    }
}
