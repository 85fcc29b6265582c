//! A parked stream is taken back once it can be folded.

use projections::{Orders, RetryError, Settings, parked, retry};
use uuid::Uuid;

use crate::{market::Market, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_stream_is_folded_again_and_followed_from_then_on() {
    let mut world = World::new("retry").await;
    let market = Market::open(&mut world).await;
    let sick = market.place(&mut world, 1, None).await;
    market.trade(&mut world, 2).await;
    world.catch_up().await;
    // A fault that can be mended: the table refuses what the program folds.
    world.execute("ALTER TABLE read.orders ADD CONSTRAINT fault CHECK (status <> 'confirmed')").await;
    market.confirm(&mut world, &sick).await;
    world.catch_up().await;
    let left_out = parked(&world.pool, Some("orders")).await.unwrap();
    assert_eq!(left_out.iter().map(|stream| stream.key).collect::<Vec<Uuid>>(), [sick.order.0]);
    assert_eq!(parked(&world.pool, Some("carts")).await.unwrap(), []);

    let still = retry(&world.worker, &Orders, sick.order.0).await;
    assert!(matches!(still, Err(RetryError::Project(_))), "{still:?}");
    assert_eq!(parked(&world.pool, None).await.unwrap(), left_out, "it stays as it was");

    world.execute("ALTER TABLE read.orders DROP CONSTRAINT fault").await;
    // Meanwhile the stream goes on, and so does whoever follows the log.
    let running = world.start(Settings::default());
    market.deliver(&mut world, &sick, 1).await;
    let folded = retry(&world.worker, &Orders, sick.order.0).await.unwrap();
    assert!((1..=2).contains(&folded), "what was left out up to where the rows were: {folded}");
    let placed = market.place(&mut world, 1, None).await;
    market.confirm(&mut world, &placed).await;
    world.reached(world.head().await).await;
    running.stop().await;

    assert_eq!(parked(&world.pool, None).await.unwrap(), []);
    let again = retry(&world.worker, &Orders, sick.order.0).await;
    assert!(matches!(again, Err(RetryError::NotParked { name: "orders", .. })), "{again:?}");
    world.assert_rows_are_those_of_a_rebuild().await;
    world.end().await;
}
