//! A stream that cannot be folded is left out alone, and shown.

use events::{
    Fold as _, StreamKind,
    order::Order,
    product::{Product, ProductEvent},
};
use projections::{Blame, Carts, Projection as _, RebuildError, SchemaName, rebuild_into, states};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    market::{Market, details},
    world::World,
};

#[tokio::test]
async fn an_event_that_is_none_parks_its_stream_and_no_other() {
    let mut world = World::new("poison").await;
    let market = Market::open(&mut world).await;
    let sick = market.place(&mut world, 1, None).await;
    let sound = market.place(&mut world, 2, None).await;
    let payload = r#"{"OrderConfirmed":{"when":"never"}}"#.to_owned();
    let position =
        world.record_payload(Order::stream(sick.order), "OrderConfirmed".to_owned(), payload).await;
    market.confirm(&mut world, &sound).await;
    world.catch_up().await;

    let parked: Vec<(String, Uuid)> =
        sqlx::query_as("SELECT name, key FROM read.parked").fetch_all(&world.pool).await.unwrap();
    assert_eq!(parked, [("orders".to_owned(), sick.order.0)]);
    let error: String = world.value("SELECT error FROM read.parked").await;
    assert!(error.contains(&format!("event {position} (OrderConfirmed)")), "{error}");
    assert!(!error.contains("never"), "what the payload says stays in the log: {error}");
    let status = |id: Uuid| format!("SELECT status FROM read.orders WHERE order_id = '{id}'");
    assert_eq!(world.value::<String>(&status(sound.order.0)).await, "confirmed");

    // What comes later is left out too, without a fault; the others go on.
    market.deliver(&mut world, &sick, 1).await;
    market.deliver(&mut world, &sound, 2).await;
    world.catch_up().await;
    assert_eq!(world.value::<String>(&status(sound.order.0)).await, "delivered");
    assert_eq!(world.value::<i64>("SELECT count(*) FROM read.orders").await, 1);
    assert_eq!(world.value::<i64>("SELECT sum(placed)::bigint FROM read.supplier_days").await, 1);
    let now = states(&world.pool, world.now()).await.unwrap();
    let parked: Vec<(&str, i64)> = now.iter().map(|state| (state.name.as_str(), state.parked)).collect();
    let none = |name| (name, 0);
    let (carts, orders) = (none("carts"), ("orders", 1));
    assert_eq!(
        parked,
        [
            none("accounts"),
            none("api_keys"),
            none("billing"),
            carts,
            none("catalogue"),
            none("inventory"),
            none("invoiced_prices"),
            none("invoices"),
            orders,
            none("price_rules"),
            none("privileged_actions"),
            none("restaurants"),
            none("suppliers"),
            none("trade_relations"),
            none("webhook_endpoints")
        ]
    );
    world.end().await;
}

#[tokio::test]
async fn a_value_that_the_database_refuses_parks_its_product_and_the_products_stock() {
    let mut world = World::new("refused").await;
    let market = Market::open(&mut world).await;
    let mut sound: Vec<_> = vec![market.product];
    for number in 0..6 {
        sound.push(world.id());
        market.offer(&mut world, sound[number + 1], &format!("Lök {number}"), "L").await;
    }
    // Valid JSON, and valid in a `json` column; neither `jsonb` nor `text` can hold it.
    let sick = world.id();
    market.offer(&mut world, sick, "a\0b", "N").await;
    let revised = ProductEvent::ProductDetailsRevised { details: details("Purjo\0", "L") };
    world.record::<Product>(sound.pop().unwrap(), revised).await;
    world.catch_up().await;

    assert_eq!(world.value::<i64>("SELECT count(*) FROM read.parked WHERE name = 'catalogue'").await, 2);
    assert_eq!(
        world.value::<i64>(&format!("SELECT count(*) FROM read.parked WHERE key = '{sick}'")).await,
        1
    );
    let stocked = "SELECT count(*) FROM read.products WHERE on_hand = 1000000 AND stock_revision = 1";
    assert_eq!(world.value::<i64>(stocked).await, 6);
    world.end().await;
}

#[tokio::test]
async fn a_rebuild_stops_at_what_it_cannot_fold() {
    let mut world = World::new("poison_rebuild").await;
    let market = Market::open(&mut world).await;
    let sick = market.place(&mut world, 1, None).await;
    world.record_payload(Order::stream(sick.order), "OrderConfirmed".to_owned(), "{}".to_owned()).await;
    let scratch: SchemaName = "read_next".parse().unwrap();
    let (all, stop) = (projections::all(), CancellationToken::new());
    let stopped = rebuild_into(&world.pool, &scratch, &all, &*world.clock, &stop).await.unwrap_err();
    match stopped {
        RebuildError::Project { name: "orders", source } => {
            assert_eq!(source.blame(), Blame::Stream(sick.order.0));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.value::<i64>("SELECT count(*) FROM read_next.orders").await, 0);
    world.end().await;
}

#[tokio::test]
async fn no_stream_is_blamed_for_a_table_that_is_not_there() {
    let mut world = World::new("surroundings").await;
    let market = Market::open(&mut world).await;
    market.place(&mut world, 1, None).await;
    world.execute("ALTER TABLE read.carts RENAME TO elsewhere").await;
    let events = world.events(&[StreamKind::Cart]).await;
    let mut tx = platform::db::begin(&world.worker).await.unwrap();
    let error = Carts.project_in_tx(&mut tx, &SchemaName::live(), &events).await.unwrap_err();
    assert_eq!(error.blame(), Blame::Surroundings);
    drop(tx);
    world.end().await;
}
