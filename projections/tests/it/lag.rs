//! How far behind the projections say they are.

use chrono::TimeDelta;
use projections::{ProjectionState, states};

use crate::{market::Market, world::World};

#[tokio::test]
async fn lag_counts_from_the_oldest_event_not_yet_taken() {
    let mut world = World::new("lag").await;
    assert_eq!(states(&world.worker, world.now()).await.unwrap(), [], "nothing was ever started");
    let market = Market::open(&mut world).await;
    world.catch_up().await;
    let position = world.head().await;
    world.clock.advance(TimeDelta::hours(1));
    let caught_up = states(&world.worker, world.now()).await.unwrap();
    let names: Vec<&str> = caught_up.iter().map(|state| state.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "accounts",
            "api_keys",
            "billing",
            "carts",
            "catalogue",
            "inventory",
            "invoiced_prices",
            "invoices",
            "orders",
            "price_rules",
            "privileged_actions",
            "restaurants",
            "suppliers",
            "trade_relations",
            "webhook_endpoints"
        ]
    );
    assert!(
        caught_up.iter().all(|state| (state.position, state.lag_events) == (position, 0)
            && state.lag_seconds.abs() < f64::EPSILON)
    );

    // Five events, a second apart, the first of them a second from now.
    market.place(&mut world, 1, None).await;
    let behind = states(&world.worker, world.now()).await.unwrap();
    let expected =
        ProjectionState { name: "accounts".to_owned(), position, lag_events: 5, lag_seconds: 4.0, parked: 0 };
    assert_eq!(behind[0], expected);
    world.end().await;
}
