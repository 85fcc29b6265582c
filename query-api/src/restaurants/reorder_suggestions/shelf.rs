//! What is on a restaurant's shelves, and what is on its way there.

use chrono::{DateTime, Days, NaiveDate, Timelike, Utc};
use chrono_tz::Europe::Stockholm;
use events::{
    order::{Order, OrderStatus},
    values::swedish_day,
};
use forecasting::reorder::{OnHand, estimate_on_hand};
use uuid::Uuid;

use super::{answer::OnHandKnown, outlook::Outlook};

/// What was to come so long ago and never did is not waited for any more.
const OVERDUE_MAX: Days = Days::new(14);

/// What is there, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shelf {
    pub(super) on_hand: OnHand,
    pub(super) known: OnHandKnown,
    pub(super) counted_at: Option<DateTime<Utc>>,
}

/// What there is of a product: what was counted, and what came since, less what is usually used; without a count what
/// came last, less what is usually used since. A count is one that knows of all that came after it.
pub(super) fn shelf(
    product_id: Uuid,
    count: Option<(i64, DateTime<Utc>)>,
    orders: &[Order],
    outlook: &Outlook,
    today: NaiveDate,
) -> Shelf {
    let Some((counted, at)) = count else { return uncounted(product_id, orders, outlook, today) };
    let came: i64 =
        arrivals(product_id, orders).filter(|(came_at, _)| *came_at > at).map(|(_, qty)| qty).sum();
    let used = outlook.usual_use(day_after_count(at), today);
    let known = if came == 0 && used == 0 { OnHandKnown::Counted } else { OnHandKnown::Estimated };
    let on_hand = match known {
        OnHandKnown::Counted => OnHand::Counted(counted),
        _ => estimate_on_hand(counted.saturating_add(came), used),
    };
    Shelf { on_hand, known, counted_at: Some(at) }
}

fn uncounted(product_id: Uuid, orders: &[Order], outlook: &Outlook, today: NaiveDate) -> Shelf {
    let last = arrivals(product_id, orders).max_by_key(|(at, _)| *at);
    // Of the day that it came on, too: it comes in the morning.
    let left = last.map_or(OnHand::Estimated(0), |(at, came)| {
        estimate_on_hand(came, outlook.usual_use(swedish_day(at), today))
    });
    Shelf { on_hand: left, known: OnHandKnown::Unknown, counted_at: None }
}

/// The first day whose use a count does not know: who counts in the morning counts what that day will use.
fn day_after_count(at: DateTime<Utc>) -> NaiveDate {
    let local = at.with_timezone(&Stockholm);
    if local.hour() < 12 { local.date_naive() } else { local.date_naive() + Days::new(1) }
}

/// When so much came: as the restaurant says, or, as long as it says nothing, as the supplier does.
fn arrivals(product_id: Uuid, orders: &[Order]) -> impl Iterator<Item = (DateTime<Utc>, i64)> {
    orders.iter().filter_map(move |order| {
        let at = order.received_at.or(order.delivered_at)?;
        let line = order.lines.iter().find(|line| line.ordered.product_id.0 == product_id)?;
        let received = line.received.as_ref().map(|line| line.quantity);
        let quantity = received.or_else(|| line.delivered.map(|line| line.quantity))?;
        Some((at, quantity.0))
    })
}

/// What is ordered, not delivered, and due before `until`: on the day that was asked for, else the day after it was
/// ordered.
pub(super) fn on_order(product_id: Uuid, orders: &[Order], today: NaiveDate, until: NaiveDate) -> i64 {
    let under_way = |order: &&Order| matches!(order.status, OrderStatus::Placed | OrderStatus::Confirmed);
    let is_due = |order: &&Order| {
        let due =
            order.requested_delivery_date.unwrap_or_else(|| swedish_day(order.placed_at) + Days::new(1));
        due < until && due + OVERDUE_MAX >= today
    };
    let lines = orders.iter().filter(under_way).filter(is_due).flat_map(|order| &order.lines);
    lines
        .map(|line| &line.ordered)
        .filter(|line| line.product_id.0 == product_id)
        .map(|line| line.quantity.0)
        .sum()
}

#[cfg(test)]
mod tests {
    use events::{
        order::{OrderLine, OrderedLine, ReceivedLine},
        values::{LineId, Quantity, Tax, TaxRate},
    };
    use forecasting::{HORIZON_DAYS, LEVELS};

    use super::{super::known::Series, *};

    const PRODUCT: Uuid = Uuid::from_u128(1);

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()
    }

    /// A unit a day.
    fn outlook() -> Outlook {
        let series = Series {
            supplier_id: Uuid::nil(),
            product_id: PRODUCT,
            class: "smooth".to_owned(),
            mean: vec![1_000; HORIZON_DAYS],
            cumulative: vec![0; LEVELS.len() * HORIZON_DAYS],
        };
        Outlook::of(&series, today(), today()).unwrap()
    }

    fn order(units: i64, placed: &str, received: Option<&str>) -> Order {
        let ordered = OrderedLine {
            line_id: LineId::default(),
            product_id: PRODUCT.into(),
            sku: String::new(),
            name: String::new(),
            unit: "KGM".to_owned(),
            quantity: Quantity::units(units),
            unit_price_minor: 1,
            tax: Tax::default(),
            tax_rate: TaxRate::try_new(600).unwrap(),
            net_minor: 0,
            tax_minor: 0,
        };
        let arrived =
            |_| ReceivedLine { line_id: LineId::default(), quantity: Quantity::units(units), reason: None };
        Order {
            status: if received.is_some() { OrderStatus::Delivered } else { OrderStatus::Confirmed },
            lines: vec![OrderLine { ordered, delivered: None, received: received.map(arrived) }],
            placed_at: at(placed),
            received_at: received.map(at),
            ..Order::default()
        }
    }

    fn found(count: Option<(i64, &str)>, orders: &[Order]) -> (i64, OnHandKnown) {
        let count = count.map(|(units, when)| (units * 1_000, at(when)));
        let shelf = shelf(PRODUCT, count, orders, &outlook(), today());
        (shelf.on_hand.quantity(), shelf.known)
    }

    #[test]
    fn a_count_of_today_is_what_is_there_and_an_older_one_is_reckoned_on() {
        assert_eq!(found(Some((7, "2026-11-20T06:00:00Z")), &[]), (7_000, OnHandKnown::Counted));
        assert_eq!(found(Some((7, "2026-11-19T20:00:00Z")), &[]), (7_000, OnHandKnown::Counted));
        // In the morning three days ago: three days are used since.
        assert_eq!(found(Some((7, "2026-11-17T06:00:00Z")), &[]), (4_000, OnHandKnown::Estimated));
        let came = [order(5, "2026-11-17T10:00:00Z", Some("2026-11-18T06:00:00Z"))];
        assert_eq!(found(Some((7, "2026-11-17T06:00:00Z")), &came), (9_000, OnHandKnown::Estimated));
        assert_eq!(
            found(Some((1, "2026-11-10T06:00:00Z")), &[]),
            (0, OnHandKnown::Estimated),
            "never below nothing"
        );
    }

    #[test]
    fn without_a_count_what_came_last_is_taken() {
        let came = [
            order(9, "2026-11-16T10:00:00Z", Some("2026-11-17T06:00:00Z")),
            order(50, "2026-11-09T10:00:00Z", Some("2026-11-10T06:00:00Z")),
        ];
        assert_eq!(found(None, &came), (6_000, OnHandKnown::Unknown));
        assert_eq!(found(None, &[]), (0, OnHandKnown::Unknown));
    }

    #[test]
    fn what_comes_in_time_is_on_order_and_what_never_came_is_not_waited_for() {
        let orders = [
            order(3, "2026-11-20T06:00:00Z", None),
            order(40, "2026-11-01T06:00:00Z", None),
            order(9, "2026-11-16T10:00:00Z", Some("2026-11-17T06:00:00Z")),
            Order {
                requested_delivery_date: Some(today() + Days::new(4)),
                ..order(7, "2026-11-20T06:00:00Z", None)
            },
        ];
        assert_eq!(on_order(PRODUCT, &orders, today(), today() + Days::new(4)), 3_000);
        assert_eq!(on_order(PRODUCT, &orders, today(), today() + Days::new(5)), 10_000);
    }
}
