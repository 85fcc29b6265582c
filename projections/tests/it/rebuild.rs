//! Folding everything again gives the live rows.

use events::order::Party;
use projections::{Difference, RebuildError, SchemaName, compare, drop_scratch, rebuild_into};
use tokio_util::sync::CancellationToken;

use crate::{market::Market, world::World};

#[tokio::test]
async fn a_rebuild_equals_live_and_goes_on_where_it_stopped() {
    let mut world = World::new("rebuild").await;
    let market = Market::open(&mut world).await;
    market.trade(&mut world, 12).await;
    let scratch: SchemaName = "read_next".parse().unwrap();
    let all = projections::all();

    let stopped = CancellationToken::new();
    stopped.cancel();
    let interrupted = rebuild_into(&world.pool, &scratch, &all, &*world.clock, &stopped).await;
    assert!(matches!(interrupted, Err(RebuildError::Interrupted { name: "accounts", position: 0 })));

    let go = CancellationToken::new();
    let first = rebuild_into(&world.pool, &scratch, &all, &*world.clock, &go).await.unwrap();
    assert_eq!(first, world.head().await);
    let placed = market.place(&mut world, 1, None).await;
    market.cancel(&mut world, &placed, Party::Admin).await;
    let second = rebuild_into(&world.pool, &scratch, &all, &*world.clock, &go).await.unwrap();
    assert_eq!(second, world.head().await);

    world.catch_up().await;
    assert_eq!(compare(&world.pool, &SchemaName::live(), &scratch, &all).await.unwrap(), []);
    assert_eq!(world.value::<i64>("SELECT count(*) FROM read_next.orders").await, 13);
    drop_scratch(&world.pool, &scratch).await.unwrap();
    let left: i64 =
        world.value("SELECT count(*) FROM information_schema.schemata WHERE schema_name = 'read_next'").await;
    assert_eq!(left, 0);
    world.end().await;
}

#[tokio::test]
async fn a_row_that_differs_is_found_and_named() {
    let mut world = World::new("compare").await;
    let market = Market::open(&mut world).await;
    market.trade(&mut world, 3).await;
    world.catch_up().await;
    let scratch: SchemaName = "read_next".parse().unwrap();
    let (all, go) = (projections::all(), CancellationToken::new());
    rebuild_into(&world.pool, &scratch, &all, &*world.clock, &go).await.unwrap();
    world.execute("UPDATE read.products SET on_hand = on_hand + 1").await;
    world
        .execute("DELETE FROM read_next.accounts WHERE state #>> '{state,email,plain}' = 'Cook@iris.test'")
        .await;
    let differences = compare(&world.pool, &SchemaName::live(), &scratch, &all).await.unwrap();
    let expected = [
        Difference { table: "accounts", only_left: 1, only_right: 0, keys: vec![market.cook.0] },
        Difference { table: "products", only_left: 1, only_right: 1, keys: vec![market.product.0] },
    ];
    assert_eq!(differences, expected);
    world.end().await;
}

#[tokio::test]
async fn the_live_rows_are_neither_rebuilt_into_nor_dropped() {
    let world = World::new("live").await;
    let (all, go) = (projections::all(), CancellationToken::new());
    for name in ["read", "public", "auth"] {
        let schema: SchemaName = name.parse().unwrap();
        let rebuilt = rebuild_into(&world.pool, &schema, &all, &*world.clock, &go).await;
        assert!(matches!(rebuilt, Err(RebuildError::NotScratch(refused)) if refused == name));
        let dropped = drop_scratch(&world.pool, &schema).await;
        assert!(matches!(dropped, Err(RebuildError::NotScratch(refused)) if refused == name));
    }
    assert_eq!(world.value::<i64>("SELECT count(*) FROM read.orders").await, 0);
    world.end().await;
}
