//! Every event counts once: after crashes, under rivals, through cut connections.

use std::time::Duration;

use events::{
    StreamKind,
    fold::UnreadableEvent,
    log::{FeedWindow, WindowBounds},
};
use projections::{
    Blame, Carts, Catalogue, Invoices, OrderBilling, Orders, ProjectError, Projection, RunError, SchemaName,
    Settings, Suppliers, TradeRelations,
};

use crate::{market::Market, world::World};

fn small_batches() -> Settings {
    Settings { positions_max: 3, ..Settings::default() }
}

/// And a window that forgets all the time.
fn small_window() -> Settings {
    let feed = FeedWindow::bounded(WindowBounds { positions_max: 5, ..WindowBounds::default() });
    Settings { feed, ..small_batches() }
}

#[tokio::test]
async fn applying_the_same_events_twice_is_refused() {
    let mut world = World::new("twice").await;
    let market = Market::open(&mut world).await;
    market.trade(&mut world, 4).await;
    let projections: [(&dyn Projection, &[StreamKind]); 7] = [
        (&Orders, &[StreamKind::Order]),
        (&Carts, &[StreamKind::Cart]),
        (&Catalogue, &[StreamKind::Product, StreamKind::Stock]),
        (&Suppliers, &[StreamKind::Supplier]),
        (&Invoices, &[StreamKind::Invoice]),
        (&OrderBilling, &[StreamKind::Billing]),
        (&TradeRelations, &[StreamKind::TradeRelation]),
    ];
    let schema = SchemaName::live();
    let mut tx = platform::db::begin(&world.worker).await.unwrap();
    for (projection, kinds) in projections {
        let events = world.events(kinds).await;
        projection.project_in_tx(&mut tx, &schema, &events).await.unwrap();
        let again = projection.project_in_tx(&mut tx, &schema, &events).await.unwrap_err();
        assert!(
            matches!(again, ProjectError::Fold { source: UnreadableEvent::OutOfSequence { .. }, .. }),
            "{again:?}"
        );
        assert_eq!(again.blame(), Blame::Stream(events[0].stream_id));
    }
    drop(tx);
    world.end().await;
}

#[tokio::test]
async fn a_gap_in_a_stream_is_refused() {
    let mut world = World::new("gap").await;
    let market = Market::open(&mut world).await;
    let placed = market.place(&mut world, 1, None).await;
    market.confirm(&mut world, &placed).await;
    let events = world.events(&[StreamKind::Order]).await;
    let mut tx = platform::db::begin(&world.worker).await.unwrap();
    let refused = Orders.project_in_tx(&mut tx, &SchemaName::live(), &events[1..]).await.unwrap_err();
    assert_eq!(refused.blame(), Blame::Stream(placed.order.0));
    drop(tx);
    world.end().await;
}

#[tokio::test]
async fn a_killed_runner_is_resumed_without_loss_or_double() {
    let mut world = World::new("killed").await;
    let market = Market::open(&mut world).await;
    market.trade(&mut world, 30).await;
    let head = world.head().await;
    for stage in 1..=4 {
        let running = world.start(small_window());
        world.reached(head * stage / 5).await;
        // Not asked to stop: dropped wherever it is, amid a batch as a rule.
        running.task.abort();
        assert!(running.task.await.unwrap_err().is_cancelled());
    }
    world.catch_up().await;
    world.assert_rows_are_those_of_a_rebuild().await;
    world.end().await;
}

#[tokio::test]
async fn runners_that_keep_taking_over_from_each_other_lose_nothing() {
    let mut world = World::new("rivals").await;
    let market = Market::open(&mut world).await;
    // No patience: each takes over whatever it sees stand still for two looks.
    let rival = || Settings {
        patience: Duration::ZERO,
        poll: Duration::from_millis(1),
        positions_max: 10,
        ..small_batches()
    };
    let rivals = [world.start(rival()), world.start(rival()), world.start(rival())];
    market.trade(&mut world, 30).await;
    world.reached(world.head().await).await;
    let most_contended: i64 = world.value("SELECT max(fence) FROM read.checkpoints").await;
    assert!(most_contended > 3, "they did take over from each other");
    for running in rivals {
        running.stop().await;
    }
    world.assert_rows_are_those_of_a_rebuild().await;
    assert_eq!(world.value::<i64>("SELECT count(*) FROM read.parked").await, 0);
    world.end().await;
}

#[tokio::test]
async fn the_later_of_two_runners_owns_and_the_earlier_takes_over_when_it_dies() {
    let mut world = World::new("standby").await;
    let market = Market::open(&mut world).await;
    let earlier = world.start(Settings { patience: Duration::from_millis(200), ..Settings::default() });
    world.reached(world.head().await).await;
    let later = world.start(Settings::default());
    world.until("SELECT min(fence) = 2 FROM read.checkpoints").await;
    market.trade(&mut world, 2).await;
    world.reached(world.head().await).await;
    later.task.abort();
    assert!(later.task.await.unwrap_err().is_cancelled());
    market.trade(&mut world, 2).await;
    world.reached(world.head().await).await;
    earlier.stop().await;
    world.assert_rows_are_those_of_a_rebuild().await;
    world.end().await;
}

#[tokio::test]
async fn cut_connections_are_survived() {
    let mut world = World::new("cut").await;
    let market = Market::open(&mut world).await;
    let running = world.start(Settings { backoff_first: Duration::from_millis(1), ..small_window() });
    for _ in 0..10 {
        market.trade(&mut world, 3).await;
        world.cut_connections().await;
    }
    world.reached(world.head().await).await;
    running.stop().await;
    world.assert_rows_are_those_of_a_rebuild().await;
    world.end().await;
}

#[tokio::test]
async fn a_runner_is_woken_by_its_own_process() {
    let mut world = World::new("wake").await;
    let market = Market::open(&mut world).await;
    // It polls once an hour: only the wake-up can be what moves it.
    let running = world.start(Settings { poll: Duration::from_hours(1), ..Settings::default() });
    world.reached(world.head().await).await;
    market.trade(&mut world, 1).await;
    let head = world.head().await;
    running.wake.send(head).unwrap();
    world.reached(head).await;
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn rows_of_another_version_are_not_touched() {
    let mut world = World::new("version").await;
    let market = Market::open(&mut world).await;
    world.catch_up().await;
    world.execute("UPDATE read.checkpoints SET version = 2 WHERE name = 'orders'").await;
    market.trade(&mut world, 1).await;
    let ended = world.start(Settings::default()).task.await.unwrap();
    assert!(matches!(ended, Err(RunError::OtherVersion { name: "orders", stored: 2, ours: 1 })), "{ended:?}");
    assert_eq!(world.value::<i64>("SELECT count(*) FROM read.orders").await, 0);
    world.end().await;
}
