//! Demand follows from the log, however it is cut, and comes back from it.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::NaiveDate;
use events::{StreamKind, log::read_feed};
use handlers::{
    consumer::Batch,
    demand::{CONSUMER, DemandConsumer, Differences, Rebuild, RebuildError},
};
use platform::clock::Clock as _;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio_util::sync::CancellationToken;

use crate::{
    nats_server::NatsServer,
    orders::{product, restaurant},
    world::{World, consumer_settings},
};

const ALL_ROWS: &str = "SELECT COALESCE(string_agg(m::text, E'\\n' ORDER BY product_id, restaurant_id, month), '') \
     FROM demand.months m";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

impl World {
    /// What was wanted of a product at a restaurant on a day, and whether that is all.
    async fn wanted(&self, product_number: u128, restaurant_number: u128, day: &str) -> (i64, i64, bool) {
        let (product, restaurant) = (product(product_number), restaurant(restaurant_number));
        let place = &day[8..].parse::<i32>().unwrap();
        let row: Option<(i64, i64, bool)> = sqlx::query_as(
            "SELECT wanted[$4], received[$4], censored & (1 << ($4 - 1)) <> 0 FROM demand.months \
             WHERE product_id = $1 AND restaurant_id = $2 AND month = date_trunc('month', $3::date)",
        )
        .bind(product.0)
        .bind(restaurant.0)
        .bind(self::day(day))
        .bind(place)
        .fetch_optional(&self.pool)
        .await
        .unwrap();
        row.unwrap_or_default()
    }

    fn rebuild(&self, stretch: i64) -> Rebuilding<'_> {
        Rebuilding { world: self, stretch, stop: CancellationToken::new(), stop_after: usize::MAX }
    }

    /// Thirty orders of three restaurants, some of which come to something else.
    async fn months_of_trade(&self, seed: u64) {
        let mut dice = StdRng::seed_from_u64(seed);
        for _ in 0..30 {
            let lines: Vec<_> = (1..=dice.random_range(1..4))
                .map(|number| (product(number), dice.random_range(1..9) * 500))
                .collect();
            let on = dice
                .random_bool(0.7)
                .then(|| day("2026-11-25") + chrono::Days::new(dice.random_range(0..30)));
            let mut order = self.order(restaurant(dice.random_range(1..4)), &lines, on).await;
            match dice.random_range(0..4) {
                0 => self.cancel(&mut order).await,
                1 => self.deliver(&mut order, 2_000).await,
                2 => {
                    self.deliver(&mut order, i64::MAX).await;
                    self.receive(&mut order, 3_000, self.clock.now()).await;
                }
                _ => {}
            }
        }
    }

    /// Folds the log into live rows in batches of random length, as the consumer would.
    async fn fold_in_cuts(&self, seed: u64) {
        let mut dice = StdRng::seed_from_u64(seed);
        self.execute("TRUNCATE demand.months").await;
        let consumer = DemandConsumer::shared();
        let mut after = 0;
        loop {
            let mut tx = platform::db::begin(&self.worker).await.unwrap();
            let length = dice.random_range(1..12);
            let read = read_feed(&mut tx, after, length, &[StreamKind::Order]).await.unwrap();
            if read.upto == after {
                return;
            }
            let now = self.clock.now();
            let batch = Batch { after, upto: read.upto, public: Vec::new(), inner: read.events, now };
            consumer.handle_in_tx(&mut tx, &batch).await.unwrap();
            tx.commit().await.unwrap();
            after = read.upto;
        }
    }

    /// As if the consumer had come to the end of the log.
    async fn consumer_is_at_the_end(&self) {
        self.execute(
            "INSERT INTO fanout.followers (name, position, updated_at) \
             SELECT 'demand', position, now() FROM public.log_head \
             ON CONFLICT (name) DO UPDATE SET position = EXCLUDED.position",
        )
        .await;
    }
}

struct Rebuilding<'a> {
    world: &'a World,
    stretch: i64,
    stop: CancellationToken,
    stop_after: usize,
}

impl Rebuilding<'_> {
    async fn perform(&self, is_exchange: bool) -> Result<Differences, RebuildError> {
        let mut connection = self.world.worker.acquire().await.unwrap();
        let steps = AtomicUsize::new(0);
        let progress = |_, _| {
            if steps.fetch_add(1, Ordering::Relaxed) == self.stop_after {
                self.stop.cancel();
            }
        };
        let mut rebuild = Rebuild {
            connection: &mut connection,
            stop: &self.stop,
            stretch: self.stretch,
            progress: &progress,
        };
        if is_exchange { rebuild.exchange().await } else { rebuild.check().await }
    }
}

#[tokio::test]
async fn what_was_ordered_is_wanted_on_the_day_that_it_is_for() {
    let world = World::new("demand_days").await;
    let (server, nobody_asked) = (NatsServer::start().await, (0, 0, false));
    let relay = world.relay(&server).await;
    let consumer = world.consume(DemandConsumer::shared(), Some(&server), consumer_settings()).await;

    world.order(restaurant(1), &[(product(1), 2_500), (product(2), 1_000)], Some(day("2026-11-30"))).await;
    world.order(restaurant(1), &[(product(1), 500)], Some(day("2026-11-30"))).await;
    // 23:30 in Sweden: the day after is the 21st, though it is the 20th in Greenwich for an hour yet.
    let late = "2026-11-20T22:30:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    world.clock.advance(late - world.clock.now());
    world.order(restaurant(2), &[(product(1), 4_000)], None).await;
    let mut off = world.order(restaurant(3), &[(product(1), 7_000)], Some(day("2026-12-01"))).await;
    world.cancel(&mut off).await;
    let mut short = world.order(restaurant(1), &[(product(3), 3_000)], Some(day("2026-12-02"))).await;
    world.deliver(&mut short, 1_000).await;
    let received_at = "2026-12-02T23:30:00Z".parse().unwrap();
    world.receive(&mut short, 1_000, received_at).await;
    for ends in ["2026-10-01", "2026-10-31"] {
        world.order(restaurant(4), &[(product(1), 1_500)], Some(day(ends))).await;
    }
    world.follows(CONSUMER, world.value("SELECT position FROM public.log_head").await).await;

    assert_eq!(world.wanted(1, 4, "2026-10-01").await, (1_500, 0, false));
    assert_eq!(world.wanted(1, 4, "2026-10-31").await, (1_500, 0, false));
    let is_of_days =
        "SELECT bool_and(array_lower(wanted, 1) = 1 AND array_lower(received, 1) = 1) FROM demand.months";
    assert!(world.value::<bool>(is_of_days).await);
    assert_eq!(world.wanted(1, 1, "2026-11-30").await, (3_000, 0, false));
    assert_eq!(world.wanted(2, 1, "2026-11-30").await, (1_000, 0, false));
    assert_eq!(world.wanted(1, 2, "2026-11-21").await, (4_000, 0, false));
    assert_eq!(world.wanted(1, 3, "2026-12-01").await, nobody_asked);
    assert_eq!(world.wanted(3, 1, "2026-12-02").await, (3_000, 0, true));
    assert_eq!(world.wanted(3, 1, "2026-12-03").await, (0, 1_000, false));
    let rows: i64 = world.value("SELECT count(*) FROM demand.months").await;
    assert_eq!(rows, 5, "no row is of nothing");
    consumer.stop().await;
    relay.stop().await;
    world.end().await;
}

#[tokio::test]
async fn any_cut_of_the_log_comes_to_the_same_rows_and_so_does_a_rebuild() {
    let world = World::new("demand_cuts").await;
    world.months_of_trade(1).await;
    world.fold_in_cuts(1).await;
    let rows: String = world.value(ALL_ROWS).await;
    assert!(rows.lines().count() > 6, "{rows}");
    for seed in 2..8 {
        world.fold_in_cuts(seed).await;
        assert_eq!(world.value::<String>(ALL_ROWS).await, rows, "cut by {seed}");
    }
    world.consumer_is_at_the_end().await;
    let found = world.rebuild(7).perform(false).await.unwrap();
    assert_eq!((found.rows, found.months), (0, i64::try_from(rows.lines().count()).unwrap()));
    world.end().await;
}

#[tokio::test]
async fn a_rebuild_puts_right_what_differs_and_nothing_else() {
    let world = World::new("demand_mended").await;
    world.months_of_trade(9).await;
    world.fold_in_cuts(1).await;
    world.consumer_is_at_the_end().await;
    let rows: String = world.value(ALL_ROWS).await;
    let first = "(SELECT ctid FROM demand.months ORDER BY product_id, restaurant_id, month LIMIT 1)";
    world.execute(&format!("DELETE FROM demand.months WHERE ctid = {first}")).await;
    world.execute(&format!("UPDATE demand.months SET censored = censored # 1 WHERE ctid = {first}")).await;
    world
        .execute(
            "INSERT INTO demand.months SELECT gen_random_uuid(), restaurant_id, month, supplier_id, wanted, \
             received, censored FROM demand.months LIMIT 1",
        )
        .await;

    let checked = world.rebuild(10).perform(false).await.unwrap();
    assert_eq!((checked.rows, checked.named.len()), (3, 3));
    assert_ne!(world.value::<String>(ALL_ROWS).await, rows, "a check changes nothing");
    assert_eq!(world.rebuild(10).perform(true).await.unwrap(), checked);
    assert_eq!(world.value::<String>(ALL_ROWS).await, rows);
    assert_eq!(world.value::<i64>("SELECT count(*) FROM demand.months_anew").await, 0);
    world.end().await;
}

#[tokio::test]
async fn a_rebuild_that_was_cut_short_goes_on_where_it_was() {
    let world = World::new("demand_resumed").await;
    world.months_of_trade(4).await;
    world.fold_in_cuts(1).await;
    world.consumer_is_at_the_end().await;
    let cut = Rebuilding { stop_after: 2, ..world.rebuild(10) };
    assert!(matches!(cut.perform(true).await, Err(RebuildError::Stopped)));
    let reached: i64 = world.value("SELECT position FROM demand.rebuild").await;
    assert_eq!(reached, 20);
    assert_eq!(world.rebuild(10).perform(true).await.unwrap().rows, 0);
    world.end().await;
}
