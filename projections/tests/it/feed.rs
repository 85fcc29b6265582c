//! The window of the feed: what it hands out is what the log holds, whatever it remembers.

use std::{collections::BTreeSet, sync::Arc};

use events::{
    RecordedEvent, StreamKind,
    log::{FeedWindow, WindowBounds, read_feed},
};
use futures::future::join_all;
use projections::Settings;
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use uuid::Uuid;

use crate::{market::Market, world::World};

#[derive(Clone, Debug)]
enum Step {
    /// Something is recorded, by this process or another, and the window perhaps told of it.
    Place {
        is_own: bool,
        is_told: bool,
    },
    /// Followed from so many positions before the end.
    Follow {
        back: i64,
        positions_max: i64,
        kinds: usize,
    },
    Read {
        back: i64,
        positions_max: i64,
        kinds: usize,
    },
    Forget,
}

const KINDS: [&[StreamKind]; 3] =
    [&[StreamKind::Order], &[StreamKind::Product, StreamKind::Stock], &StreamKind::ALL];

fn step() -> impl Strategy<Value = Step> {
    let part = || (0..30_i64, 1..30_i64, 0..KINDS.len());
    prop_oneof![
        2 => any::<(bool, bool)>().prop_map(|(is_own, is_told)| Step::Place { is_own, is_told }),
        6 => part().prop_map(|(back, positions_max, kinds)| Step::Follow { back, positions_max, kinds }),
        4 => part().prop_map(|(back, positions_max, kinds)| Step::Read { back, positions_max, kinds }),
        1 => Just(Step::Forget),
    ]
}

#[tokio::test]
async fn what_is_handed_out_is_what_the_log_holds_at_any_position() {
    let mut world = World::new("window").await;
    let market = Market::open(&mut world).await;
    let mut runner = TestRunner::deterministic();
    let bounds = (5..80_usize, 4_000..100_000_usize);
    let mut from_memory = 0;
    for _ in 0..12 {
        let ((positions_max, bytes_max), steps) =
            (bounds.clone(), prop::collection::vec(step(), 40)).new_tree(&mut runner).unwrap().current();
        let window = FeedWindow::bounded(WindowBounds { positions_max, bytes_max });
        // Whoever reaches the end first lets it begin there.
        window.follow(&world.pool, world.head().await, 1, &StreamKind::ALL).await.unwrap();
        for step in steps {
            let head = world.head().await;
            match step {
                Step::Place { is_own, is_told } => {
                    world.feed = if is_own { window.clone() } else { FeedWindow::default() };
                    market.place(&mut world, 1, None).await;
                    window.tell(if is_told { world.head().await } else { 0 });
                }
                Step::Follow { back, positions_max, kinds } => {
                    let (after, kinds) = ((head - back).max(0), KINDS[kinds]);
                    let known = window.follow(&world.pool, after, positions_max, kinds).await.unwrap();
                    let found = held(&world, after, known.upto - after, kinds).await;
                    assert_eq!(known.events, found, "{after}..{}", known.upto);
                    assert!((after..=head.min(after + positions_max)).contains(&known.upto));
                    from_memory += i32::from(known.ends_with.is_some());
                }
                Step::Read { back, positions_max, kinds } => {
                    let (after, kinds) = ((head - back).max(0), KINDS[kinds]);
                    let mut tx = platform::db::begin(&world.pool).await.unwrap();
                    let read = window.read(&mut tx, after, positions_max, kinds).await.unwrap();
                    let found = read_feed(&mut tx, after, positions_max, kinds).await.unwrap();
                    assert_eq!((read.events, read.upto), (found.events, found.upto));
                }
                Step::Forget => window.forget(),
            }
        }
    }
    assert!(from_memory > 20, "memory was asked, too: {from_memory}");
    world.end().await;
}

async fn held(
    world: &World,
    after: i64,
    positions_max: i64,
    kinds: &[StreamKind],
) -> Vec<Arc<RecordedEvent>> {
    let mut connection = world.pool.acquire().await.unwrap();
    let read = read_feed(&mut connection, after, positions_max, kinds).await.unwrap();
    read.events.into_iter().map(Arc::new).collect()
}

#[tokio::test]
async fn those_who_ask_at_the_same_time_are_given_the_same_events() {
    let mut world = World::new("together").await;
    let market = Market::open(&mut world).await;
    let window = FeedWindow::default();
    let after = world.head().await;
    assert_eq!(window.follow(&world.pool, after, 10, &StreamKind::ALL).await.unwrap().upto, after);
    market.place(&mut world, 1, None).await;
    window.tell(world.head().await);
    let follow = || window.follow(&world.pool, after, 100, &StreamKind::ALL);
    let stretches = join_all((0..15).map(|_| follow())).await;
    let places: BTreeSet<Vec<*const RecordedEvent>> = stretches
        .iter()
        .map(|known| known.as_ref().unwrap().events.iter().map(Arc::as_ptr).collect())
        .collect();
    assert_eq!(places.len(), 1, "read once");
    assert_eq!(places.first().unwrap().len(), 5);
    world.end().await;
}

#[tokio::test]
async fn what_is_remembered_of_a_log_that_was_lost_has_no_effect() {
    let mut world = World::new("lost").await;
    let market = Market::open(&mut world).await;
    let running = world.start(Settings::default());
    let before = world.head().await;
    world.reached(before).await;
    let remembered = FeedWindow::default();
    remembered.follow(&world.pool, before, 10, &StreamKind::ALL).await.unwrap();
    // As if a batch were under way: the orders stay where they are while the others go on.
    let mut blocking = platform::db::begin(&world.pool).await.unwrap();
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('iris.projection:read.orders', 0))")
        .execute(&mut *blocking)
        .await
        .unwrap();
    let lost = market.place(&mut world, 1, None).await;
    let head = world.head().await;
    let others = "SELECT count(*) = 14 FROM read.checkpoints WHERE name <> 'orders' AND position =";
    world.until(&format!("{others} {head}")).await;

    remembered.tell(head);
    remembered.follow(&world.pool, before, 10, &StreamKind::ALL).await.unwrap();

    // A database that was restored has other events at the same places.
    let other: Uuid = world.id();
    let mut restored = platform::db::begin(&world.pool).await.unwrap();
    sqlx::query("SET LOCAL session_replication_role = replica").execute(&mut *restored).await.unwrap();
    sqlx::query(
        "UPDATE public.events SET event_id = gen_random_uuid(), \
                aggregate_id = CASE aggregate_type WHEN 'order' THEN $2 ELSE aggregate_id END \
         WHERE global_position > $1",
    )
    .bind(before)
    .bind(other.to_string())
    .execute(&mut *restored)
    .await
    .unwrap();
    restored.commit().await.unwrap();
    blocking.rollback().await.unwrap();

    world.reached(head).await;
    let orders: Vec<Uuid> =
        sqlx::query_scalar("SELECT order_id FROM read.orders").fetch_all(&world.pool).await.unwrap();
    assert_eq!(orders, [other], "and not {}", lost.order.0);
    let mut reader = world.pool.acquire().await.unwrap();
    let read = remembered.read(&mut reader, before, head - before, &[StreamKind::Order]).await.unwrap();
    assert_eq!(read.events.iter().map(|event| event.stream_id).collect::<Vec<_>>(), [other]);
    drop(reader);
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_log_that_became_shorter_is_followed_from_where_its_rows_are() {
    let mut world = World::new("shorter").await;
    let market = Market::open(&mut world).await;
    let running = world.start(Settings::default());
    let before = world.head().await;
    market.trade(&mut world, 4).await;
    world.reached(world.head().await).await;

    // A database that was restored has fewer events, and rows of fewer still: here, none.
    let mut restored = platform::db::begin(&world.pool).await.unwrap();
    sqlx::query("SET LOCAL session_replication_role = replica").execute(&mut *restored).await.unwrap();
    for table in projections::all().iter().flat_map(|projection| projection.identity().tables) {
        sqlx::query(&format!("TRUNCATE read.{}", table.name)).execute(&mut *restored).await.unwrap();
    }
    let shorten = "WITH cut AS (DELETE FROM public.events WHERE global_position > $1), \
                        back AS (UPDATE read.checkpoints SET position = 0) \
                   UPDATE public.log_head SET position = $1";
    sqlx::query(shorten).bind(before).execute(&mut *restored).await.unwrap();
    restored.commit().await.unwrap();

    world
        .until(&format!("SELECT min(position) = {before} AND max(position) = {before} FROM read.checkpoints"))
        .await;
    let other = Market::open(&mut world).await;
    other.trade(&mut world, 2).await;
    world.reached(world.head().await).await;
    running.stop().await;
    world.assert_rows_are_those_of_a_rebuild().await;
    world.end().await;
}
