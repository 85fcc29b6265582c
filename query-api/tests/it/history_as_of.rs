//! Things as of a time: equal to the fold of what had happened by then.

use events::{
    Folded,
    order::{Order, OrderEvent, Party},
    product::{Product, ProductDetails, ProductEvent},
    resource::OrderResource,
    stock::{Stock, StockEvent},
    values::{Currency, MemberRole, Quantity, Tax, TaxCategory},
};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use uuid::Uuid;

use crate::{
    fixtures::restaurant_details,
    log::{Recording, delivered, placed, received},
    world::{Caller, World, id, now, time},
};

fn auditor() -> Caller {
    Caller::new(1, "AUDITOR")
}

/// What may come after an order was placed; the log takes anything, and so must a fold.
fn later(order: Uuid) -> impl Strategy<Value = OrderEvent> {
    let quantities = prop::array::uniform2(0..4_000_i64);
    prop_oneof![
        Just(OrderEvent::OrderConfirmed { confirmed_at: now() }),
        quantities.clone().prop_map(move |quantities| delivered(order, quantities)),
        quantities.prop_map(move |quantities| received(order, quantities)),
        "[a-zåäö ]{1,12}".prop_map(|reason| OrderEvent::OrderCancelled {
            by: Party::Restaurant,
            reason,
            cancelled_at: now()
        }),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_at_each_position_is_what_its_events_until_then_add_up_to() {
    let world = World::new().await;
    let mut runner = TestRunner::new(Config::default());
    for number in 0..12_u128 {
        // Two orders of their own, interleaved at random.
        let orders = [id(10_000 + 2 * number), id(10_001 + 2 * number)];
        let histories = orders.map(|order| prop::collection::vec(later(order), 0..6));
        let strategy = (histories, prop::collection::vec(any::<bool>(), 12));
        let (histories, turns) = strategy.new_tree(&mut runner).unwrap().current();
        let mut waiting: Vec<Vec<OrderEvent>> = histories.into();
        for (order, events) in orders.iter().zip(&mut waiting) {
            events.insert(0, placed(*order, id(10), id(20)));
            events.reverse();
        }
        let mut folds: [Vec<(i64, Folded<Order>)>; 2] = [Vec::new(), Vec::new()];
        let mut turns = turns.into_iter().cycle();
        while waiting.iter().any(|events| !events.is_empty()) {
            let side = usize::from(turns.next().unwrap());
            let side = if waiting[side].is_empty() { 1 - side } else { side };
            let event = waiting[side].pop().unwrap();
            let sequence = i64::try_from(folds[side].len()).unwrap() + 1;
            let recording =
                Recording::system().between(id(10), id(20)).event::<Order>(orders[side], sequence, &event);
            let position = recording.record(&world).await;
            let mut fold = folds[side].last().map(|(_, fold)| fold.clone()).unwrap_or_default();
            fold.apply(&event, now());
            folds[side].push((position, fold));
        }
        let last = folds.iter().flatten().map(|(position, _)| *position).max().unwrap();
        let first = folds.iter().flatten().map(|(position, _)| *position).min().unwrap();
        for (order, folds) in orders.iter().zip(&folds) {
            for position in first..=last {
                let path = format!("/api/v1/audit/orders/{order}?at_position={position}");
                let answer = world.get(auditor(), &path).await;
                let Some((_, fold)) = folds.iter().rev().find(|(at, _)| *at <= position) else {
                    answer.refused(404, "order_not_found");
                    continue;
                };
                let resource = OrderResource::of((*order).into(), fold);
                assert_eq!(answer.json()["order"], serde_json::to_value(resource).unwrap());
                assert_eq!(answer.json()["as_of"]["position"], position);
            }
        }
    }
}

#[tokio::test]
async fn a_time_means_what_was_recorded_by_then() {
    let world = World::new().await;
    let order = id(100);
    let at = |text| Recording::system().at(time(text));
    let confirmed = OrderEvent::OrderConfirmed { confirmed_at: now() };
    let placed = placed(order, id(10), id(20));
    at("2026-11-20T09:00:00.000001Z").event::<Order>(order, 1, &placed).record(&world).await;
    at("2026-11-20T10:00:00Z").event::<Order>(order, 2, &confirmed).record(&world).await;
    let path = format!("/api/v1/audit/orders/{order}");
    for (query, status) in [
        ("?at=2026-11-20T09:00:00Z", None),
        ("?at=2026-11-20T09:00:00.000001Z", Some("placed")),
        ("?at=2026-11-20T09:59:59.999999Z", Some("placed")),
        ("?at=2026-11-20T10:00:00Z", Some("confirmed")),
        ("?at=2030-01-01T00:00:00Z", Some("confirmed")),
        ("?at_position=1", Some("placed")),
        ("", Some("confirmed")),
    ] {
        let answer = world.get(auditor(), &format!("{path}{query}")).await;
        match status {
            Some(status) => assert_eq!(answer.json()["order"]["status"], status, "{query}"),
            None => {
                answer.refused(404, "order_not_found");
            }
        }
    }
    world.get(auditor(), &format!("{path}?at_position=3")).await.refused(422, "invalid");
    let both = format!("{path}?at_position=1&at=2026-11-20T10:00:00Z");
    world.get(auditor(), &both).await.refused(422, "invalid");
}

#[tokio::test]
async fn a_participant_sees_its_own_orders_past_and_nobody_elses() {
    let world = World::new().await;
    let (buyer, stranger) = (Caller::new(50, "RESTAURANT"), Caller::new(51, "RESTAURANT"));
    world.restaurant(id(10), restaurant_details("Krogen"), &[(buyer, MemberRole::Staff)]).await;
    let order = id(100);
    let head = Recording::system()
        .between(id(10), id(20))
        .event::<Order>(order, 1, &placed(order, id(10), id(20)))
        .record(&world)
        .await;
    world.advance(head).await;
    for part in ["", "/story"] {
        let path = format!("/api/v1/audit/orders/{order}{part}");
        assert_eq!(world.get(buyer, &path).await.status, 200, "{part}");
        world.get(stranger, &path).await.refused(404, "order_not_found");
        let unknown = format!("/api/v1/audit/orders/{}{part}", id(101));
        world.get(buyer, &unknown).await.refused(404, "order_not_found");
    }
    for kind in ["products", "suppliers", "restaurants"] {
        let path = format!("/api/v1/audit/{kind}/{}", id(10));
        world.get(buyer, &path).await.refused(403, "auditor_only");
        assert_eq!(world.get(auditor(), &path).await.status, 404);
    }
}

#[tokio::test]
async fn a_product_has_the_stock_and_the_tax_of_then() {
    let world = World::new().await;
    let product = id(900);
    let details = ProductDetails {
        name: "Tomat".to_owned(),
        sku: "T".to_owned(),
        unit: "KGM".to_owned(),
        tax: Tax::Category(TaxCategory::Food),
        ..ProductDetails::default()
    };
    let created = ProductEvent::ProductCreated {
        supplier_id: id(20).into(),
        details,
        unit_price_minor: 100,
        currency: Currency::SEK,
    };
    let counted = |units| StockEvent::StockCounted {
        supplier_id: id(20).into(),
        counted: Quantity::units(units),
        reason: "count".to_owned(),
    };
    let changed = ProductEvent::PriceChanged { previous_minor: 100, unit_price_minor: 120, reason: None };
    let at = |text| Recording::system().at(time(text));
    let first = at("2026-03-01T09:00:00Z").event::<Product>(product, 1, &created);
    first.event::<Stock>(product, 1, &counted(0)).record(&world).await;
    at("2026-05-01T09:00:00Z").event::<Stock>(product, 2, &counted(7)).record(&world).await;
    at("2026-06-01T09:00:00Z").event::<Product>(product, 2, &changed).record(&world).await;
    for (day, stock, status, tax, price) in [
        ("2026-03-02", "0", "out_of_stock", 12, 100),
        ("2026-05-02", "7", "in_stock", 6, 100),
        ("2026-06-02", "7", "in_stock", 6, 120),
    ] {
        let path = format!("/api/v1/audit/products/{product}?at={day}T00:00:00Z");
        let seen = world.get(auditor(), &path).await.json()["product"].clone();
        assert_eq!(
            (&seen["stock_qty"], &seen["availability_status"]),
            (&stock.into(), &status.into()),
            "{day}"
        );
        assert_eq!((&seen["tax_rate"], &seen["price_cents"]), (&tax.into(), &price.into()), "{day}");
    }
}
