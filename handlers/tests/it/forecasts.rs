//! Forecasts: of the demand that there is, once, whatever dies on the way.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use handlers::{
    commands::Asked,
    forecasts::{DemandIndexJob, ForecastJob, Publication, PublishForecasts},
    scheduler::{ByHand, Job, Outcome},
};
use tokio_util::sync::CancellationToken;

use crate::world::World;

const SERIES: &str = "SELECT COALESCE(string_agg((to_jsonb(s) - 'slot')::text, E'\\n' \
         ORDER BY supplier_id, product_id, restaurant_id), '') \
     FROM forecast.series s JOIN forecast.current c USING (slot)";
const NIGHT: &str = "2026-11-20T01:00:00Z";
const SUPPLIERS: i64 = 6;
/// Of each supplier: two products at three restaurants, and each at all of them.
const SERIES_EACH: i64 = 8;

/// What suppliers were told.
#[derive(Default)]
struct Told(Mutex<Vec<Publication>>);

impl PublishForecasts for Told {
    fn publish(&self, publication: Publication) -> Asked<'_> {
        self.0.lock().unwrap().push(publication);
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Told {
    fn take(&self) -> Vec<Publication> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Few series at a time, so that there is a checkpoint after each supplier.
fn job(told: &Arc<Told>) -> Arc<dyn Job> {
    Arc::new(ForecastJob::new(told.clone()).in_batches_of(1))
}

impl World {
    /// Sixteen weeks until the 25th of November: more on Fridays, nothing on Sundays, and a product that one restaurant
    /// is new to.
    async fn with_demand(test: &str) -> Self {
        let world = Self::new(test).await;
        world
            .execute(&format!(
                "INSERT INTO demand.months \
                     (product_id, restaurant_id, month, supplier_id, wanted, received, censored) \
                 SELECT lpad((s * 100 + p)::text, 32, '0')::uuid, lpad((9000 + r)::text, 32, '0')::uuid, \
                        m::date, lpad(s::text, 32, '0')::uuid, \
                        ARRAY(SELECT CASE \
                            WHEN m + (d - 1) * interval '1 day' >= '2026-11-25' THEN 0 \
                            WHEN date_part('month', m + (d - 1) * interval '1 day') <> date_part('month', m) THEN 0 \
                            WHEN r = 3 AND p = 2 AND m + (d - 1) * interval '1 day' < '2026-11-15' THEN 0 \
                            WHEN extract(isodow FROM m + (d - 1) * interval '1 day') = 7 THEN 0 \
                            WHEN extract(isodow FROM m + (d - 1) * interval '1 day') = 5 THEN 5000 * s \
                            ELSE 2000 * s + 100 * ((d * 7 + r * 3 + p) % 5) END::bigint \
                            FROM generate_series(1, 31) AS d ORDER BY d), \
                        array_fill(0::bigint, ARRAY[31]), 0 \
                 FROM generate_series(1, {SUPPLIERS}) AS s, generate_series(1, 2) AS p, \
                      generate_series(1, 3) AS r, \
                      generate_series('2026-08-01'::timestamp, '2026-11-01', '1 month') AS m"
            ))
            .await;
        world
    }

    async fn forecast(&self, told: &Arc<Told>, scheduled_for: &str) -> Outcome {
        let by_hand = ByHand::begin(job(told), at(scheduled_for), self.surroundings()).await.unwrap();
        by_hand.perform(&CancellationToken::new()).await
    }

    async fn shown(&self) -> String {
        self.value(SERIES).await
    }
}

fn is_done(outcome: &Outcome, series: i64) {
    let Outcome::Done(done) = outcome else { panic!("{outcome:?}") };
    assert_eq!((done["series"].as_i64(), done["failed"].as_i64()), (Some(series), Some(0)), "{done:?}");
}

#[tokio::test]
async fn a_night_forecasts_every_series_and_tells_each_supplier_once() {
    let world = World::with_demand("forecast_night").await;
    let told = Arc::new(Told::default());
    is_done(&world.forecast(&told, NIGHT).await, SUPPLIERS * SERIES_EACH);

    let told_of = told.take();
    assert_eq!(told_of.len(), usize::try_from(SUPPLIERS).unwrap());
    assert!(told_of.iter().all(|one| one.series == SERIES_EACH && one.failed == 0));
    assert!(told_of.iter().all(|one| one.origin_day.to_string() == "2026-11-20"));
    let scores = told_of[0].scores;
    assert!(scores.mase_millionths.is_some_and(|mase| (0..1_000_000).contains(&mase)), "{scores:?}");

    // The 20th is a Friday, the 22nd a Sunday; of the days from the 20th on nothing was known.
    let means: Vec<i64> = world
        .value(
            "SELECT mean FROM forecast.series JOIN forecast.current USING (slot) \
             WHERE product_id = lpad('101', 32, '0')::uuid AND restaurant_id = lpad('9001', 32, '0')::uuid",
        )
        .await;
    assert_eq!(means.len(), 14);
    assert!((4_000..6_000).contains(&means[0]), "{means:?}");
    assert!((1_500..3_000).contains(&means[1]), "{means:?}");
    assert!(means[2] < 200 && means[9] < 200, "closed on Sundays: {means:?}");
    let class: String = world
        .value(
            "SELECT class FROM forecast.series JOIN forecast.current USING (slot) \
             WHERE product_id = lpad('102', 32, '0')::uuid AND restaurant_id = lpad('9003', 32, '0')::uuid",
        )
        .await;
    assert_eq!(class, "new");
    world.end().await;
}

#[tokio::test]
async fn of_a_restaurant_its_use_is_forecast_and_of_all_what_comes_on_the_day() {
    let world = World::new("forecast_use").await;
    // Fourteen units on Tuesdays, until the 18th of November: two a day.
    world
        .execute(
            "INSERT INTO demand.months \
                 (product_id, restaurant_id, month, supplier_id, wanted, received, censored) \
             SELECT lpad('101', 32, '0')::uuid, lpad('9001', 32, '0')::uuid, m::date, lpad('1', 32, '0')::uuid, \
                    ARRAY(SELECT CASE \
                        WHEN date_part('month', m + (d - 1) * interval '1 day') <> date_part('month', m) THEN 0 \
                        WHEN m + (d - 1) * interval '1 day' >= '2026-11-20' THEN 0 \
                        WHEN extract(isodow FROM m + (d - 1) * interval '1 day') = 2 THEN 14000 ELSE 0 END::bigint \
                        FROM generate_series(1, 31) AS d ORDER BY d), \
                    array_fill(0::bigint, ARRAY[31]), 0 \
             FROM generate_series('2026-08-01'::timestamp, '2026-11-01', '1 month') AS m",
        )
        .await;
    is_done(&world.forecast(&Arc::new(Told::default()), NIGHT).await, 2);
    let (of_one, lasts): (Vec<i64>, Vec<i16>) = (
        world.value("SELECT mean FROM forecast.series WHERE restaurant_id IS NOT NULL").await,
        world.value("SELECT lasts FROM forecast.series WHERE restaurant_id IS NOT NULL").await,
    );
    assert!(of_one.iter().all(|used| (1_800..2_200).contains(used)), "{of_one:?}");
    assert_eq!(lasts, [1, 7, 6, 5, 4, 3, 2]);
    let in_all: Vec<i64> = world.value("SELECT mean FROM forecast.series WHERE restaurant_id IS NULL").await;
    // The 24th is a Tuesday.
    assert!((12_000..16_000).contains(&in_all[4]) && in_all[5] < 1_000, "{in_all:?}");
    world.end().await;
}

#[tokio::test]
async fn the_same_demand_gives_the_same_forecasts_in_the_other_half() {
    let world = World::with_demand("forecast_again").await;
    let told = Arc::new(Told::default());
    is_done(&world.forecast(&told, NIGHT).await, SUPPLIERS * SERIES_EACH);
    let (first, slot): (String, i16) =
        (world.shown().await, world.value("SELECT slot FROM forecast.current").await);
    is_done(&world.forecast(&told, "2026-11-20T01:00:01Z").await, SUPPLIERS * SERIES_EACH);
    assert_ne!(world.value::<i16>("SELECT slot FROM forecast.current").await, slot);
    assert!(world.shown().await == first, "the same bytes");

    // And another's demand is nothing to a supplier.
    let of_first = SERIES.to_owned() + " WHERE supplier_id = lpad('1', 32, '0')::uuid";
    let before: String = world.value(&of_first).await;
    world
        .execute(
            "UPDATE demand.months SET wanted = array_fill(9000::bigint, ARRAY[31]) \
             WHERE supplier_id <> lpad('1', 32, '0')::uuid",
        )
        .await;
    is_done(&world.forecast(&told, "2026-11-20T01:00:02Z").await, SUPPLIERS * SERIES_EACH);
    assert!(world.value::<String>(&of_first).await == before, "bit by bit");
    assert!(world.shown().await != first);
    world.end().await;
}

#[tokio::test]
async fn a_run_that_was_killed_goes_on_where_it_was() {
    let world = World::with_demand("forecast_killed").await;
    let told = Arc::new(Told::default());
    // The fourth supplier's rows wait for a lock that the test holds.
    world
        .execute(
            "CREATE FUNCTION public.wait_at_fourth() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF NEW.supplier_id = lpad('4', 32, '0')::uuid THEN PERFORM pg_advisory_xact_lock(42); END IF; \
             RETURN NEW; END $$",
        )
        .await;
    world
        .execute(
            "CREATE TRIGGER waits BEFORE INSERT ON forecast.supplier_runs FOR EACH ROW \
             EXECUTE FUNCTION public.wait_at_fourth()",
        )
        .await;
    let mut gate = world.pool.acquire().await.unwrap();
    sqlx::query("SELECT pg_advisory_lock(42)").execute(&mut *gate).await.unwrap();
    let by_hand = ByHand::begin(job(&told), at(NIGHT), world.surroundings()).await.unwrap();
    let killed = tokio::spawn(async move { by_hand.perform(&CancellationToken::new()).await });
    world.until("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)").await;
    killed.abort();
    assert!(killed.await.is_err());
    sqlx::query("SELECT pg_advisory_unlock(42)").execute(&mut *gate).await.unwrap();
    gate.close().await.unwrap();
    let three = format!("SELECT series = {} FROM forecast.runs", 3 * SERIES_EACH);
    world.until(&three).await;
    assert_eq!(world.shown().await, "", "nothing is shown before it is whole");
    assert!(told.take().is_empty());
    world.execute("UPDATE jobs.runs SET lease_until = clock_timestamp() - interval '1 second'").await;

    // Demand of days to come does not matter; where it was goes on.
    let mark = "UPDATE forecast.series SET method = 'kept' WHERE supplier_id = lpad('2', 32, '0')::uuid";
    world.execute(mark).await;
    is_done(&world.forecast(&told, NIGHT).await, SUPPLIERS * SERIES_EACH);
    let kept = "SELECT count(*) FROM forecast.series WHERE method = 'kept'";
    assert_eq!(world.value::<i64>(kept).await, SERIES_EACH, "what was written is not made again");
    assert_eq!(told.take().len(), usize::try_from(SUPPLIERS).unwrap());
    let rows: i64 = world.value("SELECT count(*) FROM forecast.series").await;
    assert_eq!(rows, SUPPLIERS * SERIES_EACH);
    world.end().await;
}

#[tokio::test]
async fn an_hour_after_demand_doubled_the_index_says_so() {
    let world = World::with_demand("demand_index").await;
    let told = Arc::new(Told::default());
    is_done(&world.forecast(&told, NIGHT).await, SUPPLIERS * SERIES_EACH);
    let index = async |at_hour: &str| {
        let job: Arc<dyn Job> = Arc::new(DemandIndexJob);
        let by_hand = ByHand::begin(job, at(at_hour), world.surroundings()).await.unwrap();
        let outcome = by_hand.perform(&CancellationToken::new()).await;
        assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
        let sql = "SELECT array_agg(index_bps ORDER BY supplier_id, product_id) FROM forecast.demand_index";
        world.value::<Vec<i32>>(sql).await
    };
    // Five days that were forecast, and two of the backtest.
    let usual = index("2026-11-25T08:05:00Z").await;
    assert_eq!(usual.len(), usize::try_from(SUPPLIERS * 2).unwrap());
    // Each second product has come to a third restaurant, which nobody had expected.
    assert!(usual.iter().step_by(2).all(|bps| (9_500..10_500).contains(bps)), "{usual:?}");
    assert!(usual.iter().skip(1).step_by(2).all(|bps| (10_500..13_000).contains(bps)), "{usual:?}");
    world
        .execute(
            "UPDATE demand.months SET wanted = ARRAY(SELECT w * 2 FROM unnest(wanted) WITH ORDINALITY AS t(w, n) \
             ORDER BY n) WHERE month = '2026-11-01' AND supplier_id = lpad('3', 32, '0')::uuid",
        )
        .await;
    let doubled = index("2026-11-25T09:05:00Z").await;
    assert!(doubled[4] > 13_000 && doubled[5] > usual[5] + 3_000, "{doubled:?}");
    assert_eq!((&doubled[..4], &doubled[6..]), (&usual[..4], &usual[6..]), "nobody else's");
    world.end().await;
}

#[tokio::test]
async fn a_past_night_made_again_is_on_record_and_not_shown() {
    let world = World::with_demand("forecast_past").await;
    let told = Arc::new(Told::default());
    is_done(&world.forecast(&told, NIGHT).await, SUPPLIERS * SERIES_EACH);
    told.take();
    let (shown, run) = (world.shown().await, "SELECT run_id FROM forecast.current");
    let current: uuid::Uuid = world.value(run).await;
    // What an earlier run has yet to tell is not its successors' to forget.
    world
        .execute(
            "INSERT INTO forecast.supplier_runs SELECT run_id, lpad('77', 32, '0')::uuid, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 \
             FROM forecast.current",
        )
        .await;
    let outcome = world.forecast(&told, "2026-11-19T01:00:00Z").await;
    is_done(&outcome, SUPPLIERS * SERIES_EACH);
    let Outcome::Done(done) = outcome else { unreachable!() };
    assert_eq!(done["shown"], false);
    assert_eq!(world.value::<uuid::Uuid>(run).await, current);
    assert!(world.shown().await == shown);
    assert!(told.take().is_empty(), "nobody is told of what nobody can see");
    is_done(&world.forecast(&told, "2026-11-20T01:00:02Z").await, SUPPLIERS * SERIES_EACH);
    assert_ne!(world.value::<uuid::Uuid>(run).await, current);
    let left: Vec<uuid::Uuid> = world.value("SELECT array_agg(run_id) FROM forecast.supplier_runs").await;
    assert_eq!(left, [current], "the row that waits, and no other");
    world.end().await;
}
