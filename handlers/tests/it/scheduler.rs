//! Jobs by the clock: once each, whoever leads and whatever dies.

use std::{
    sync::{Arc, Mutex, mpsc},
    thread,
};

use chrono::{DateTime, TimeDelta, Utc};
use handlers::{
    Surroundings,
    scheduler::{self, ByHand, Job, Outcome, Refused, last_run},
};
use metrics_exporter_prometheus::PrometheusBuilder;
use platform::clock::Clock as _;
use sqlx::postgres::PgPoolOptions;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    scheduler_jobs::{Between, STEPS, Steps, agenda},
    world::{World, scheduler_settings as settings},
};

const SEEN: &str = "SELECT EXISTS (SELECT FROM jobs.schedules)";

fn succeeded(count: i64) -> String {
    format!("SELECT count(*) = {count} FROM jobs.runs WHERE state = 'succeeded'")
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[tokio::test]
async fn of_two_schedulers_one_does_each_time_once_and_numbers_tell_of_it() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let world = World::with_effects("sched_two").await;
    let one = world.schedule(agenda(Between::Nothing), settings());
    let other = world.schedule(agenda(Between::Nothing), settings());
    world.until(SEEN).await;
    assert_eq!(world.value::<i64>("SELECT count(*) FROM jobs.runs").await, 0, "nothing was due yet");
    for hour in 1..=3 {
        world.clock.advance(TimeDelta::hours(1));
        world.until(&succeeded(hour)).await;
    }
    one.stop().await;
    world.clock.advance(TimeDelta::hours(1));
    world.until(&succeeded(4)).await;
    let mut text = recorder.handle().render();
    // A run is counted the moment after it was recorded.
    for _ in 0..1_000 {
        if text.contains("succeeded\"} 4") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        text = recorder.handle().render();
    }
    for expected in [
        "iris_job_runs_total{job=\"steps\",outcome=\"succeeded\"} 4",
        "iris_job_duration_seconds_count{job=\"steps\"} 4",
        "iris_job_running{job=\"steps\"} 0",
        "iris_job_missed_total{job=\"steps\"} 0",
        "iris_scheduler_is_leader 1",
    ] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    let last = "iris_job_last_success_timestamp_seconds{job=\"steps\"} ";
    assert!(text.contains(&format!("{last}{}", world.clock.now().timestamp())), "{text}");
    other.stop().await;
    world.assert_each_effect_once(4).await;
    let outcomes = "SELECT bool_and(outcome = '{\"steps\": 3}' AND attempt = 1 AND trigger = 'schedule' \
                    AND done = 3 AND total = 3) FROM jobs.runs";
    assert!(world.value::<bool>(outcomes).await);
    assert!(world.value::<bool>("SELECT lease_until IS NULL FROM jobs.leader").await, "it was given back");
    world.end().await;
}

#[tokio::test]
async fn of_the_times_that_nobody_led_at_the_latest_is_done() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let world = World::with_effects("sched_missed").await;
    let scheduler = world.schedule(agenda(Between::Nothing), settings());
    world.until(SEEN).await;
    scheduler.stop().await;
    world.clock.advance(TimeDelta::minutes(5 * 60 + 30));
    let scheduler = world.schedule(agenda(Between::Nothing), settings());
    world.until(&succeeded(1)).await;
    scheduler.stop().await;
    let rows: Vec<(DateTime<Utc>, String, Option<i64>)> = sqlx::query_as(
        "SELECT scheduled_for, state, (outcome ->> 'skipped')::bigint FROM jobs.runs ORDER BY scheduled_for",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    let skipped = (at("2026-11-20T13:00:00Z"), "skipped".to_owned(), Some(4));
    assert_eq!(rows, [skipped, (at("2026-11-20T14:00:00Z"), "succeeded".to_owned(), None)]);
    let text = recorder.handle().render();
    assert!(text.contains("iris_job_missed_total{job=\"steps\"} 4"), "{text}");
    world.assert_each_effect_once(1).await;
    world.end().await;
}

#[tokio::test]
async fn a_run_whose_process_died_goes_on_in_the_next_from_what_it_had_saved() {
    let world = World::with_effects("sched_killed").await;
    let first = world.schedule(agenda(Between::Waiting(Arc::default())), settings());
    world.until(SEEN).await;
    world.clock.advance(TimeDelta::hours(1));
    world.until("SELECT done = 1 FROM jobs.runs").await;
    let run_id: uuid::Uuid = world.value("SELECT run_id FROM jobs.runs").await;
    first.kill().await;
    let second = world.schedule(agenda(Between::Nothing), settings());
    world.until(&succeeded(1)).await;
    assert_eq!(world.value::<uuid::Uuid>("SELECT run_id FROM jobs.runs").await, run_id);
    assert_eq!(world.value::<i32>("SELECT attempt FROM jobs.runs").await, 2);
    second.stop().await;
    world.assert_each_effect_once(1).await;
    world.end().await;
}

#[tokio::test]
async fn a_process_that_stood_still_and_wakes_up_commits_nothing_of_a_run_that_went_on_elsewhere() {
    let world = World::with_effects("sched_frozen").await;
    let (frozen, is_frozen) = mpsc::channel();
    let (thaw, thawed) = mpsc::channel();
    let stop = CancellationToken::new();
    // A process of its own as far as it can be in one: a runtime, and connections.
    let standing = {
        let (mut surroundings, stop) = (world.surroundings(), stop.clone());
        let options = world.worker.connect_options();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                surroundings.pool = PgPoolOptions::new().connect_with((*options).clone()).await.unwrap();
                let between = Between::Freezing(frozen, Mutex::new(thawed));
                scheduler::run_with(surroundings, agenda(between), stop, settings()).await;
            });
        })
    };
    world.until(SEEN).await;
    world.clock.advance(TimeDelta::hours(1));
    tokio::task::spawn_blocking(move || is_frozen.recv().unwrap()).await.unwrap();
    let other = world.schedule(agenda(Between::Nothing), settings());
    world.until(&succeeded(1)).await;
    assert_eq!(world.value::<i32>("SELECT attempt FROM jobs.runs").await, 2);
    thaw.send(()).unwrap();
    stop.cancel();
    tokio::task::spawn_blocking(move || standing.join().unwrap()).await.unwrap();
    other.stop().await;
    world.assert_each_effect_once(1).await;
    world.end().await;
}

#[tokio::test]
async fn what_fails_three_times_has_failed_and_the_next_time_is_tried_all_the_same() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let world = World::with_effects("sched_fails").await;
    let scheduler = world.schedule(agenda(Between::Failure), settings());
    world.until(SEEN).await;
    for count in 1..=2 {
        world.clock.advance(TimeDelta::hours(1));
        let failed = format!(
            "SELECT count(*) = {count} FROM jobs.runs WHERE state = 'failed' AND attempt = 3 AND error = 'it rained'"
        );
        world.until(&failed).await;
    }
    scheduler.stop().await;
    let text = recorder.handle().render();
    assert!(text.contains("iris_job_runs_total{job=\"steps\",outcome=\"retrying\"} 4"), "{text}");
    assert!(text.contains("iris_job_runs_total{job=\"steps\",outcome=\"failed\"} 2"), "{text}");
    // What was done before it failed stays, once.
    let steps = "SELECT count(*) = 2 AND bool_and(step = 0) FROM public.effects";
    assert!(world.value::<bool>(steps).await);
    world.end().await;
}

#[tokio::test]
async fn what_failed_for_good_is_counted_so_though_its_process_is_asked_to_end_meanwhile() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let world = World::with_effects("sched_fails_late").await;
    // Writing down that it failed waits for the test.
    world
        .execute(
            "CREATE FUNCTION public.late() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END'",
        )
        .await;
    world
        .execute(
            "CREATE TRIGGER late BEFORE UPDATE ON jobs.runs FOR EACH ROW WHEN (NEW.state = 'failed') \
             EXECUTE FUNCTION public.late()",
        )
        .await;
    let mut tx = platform::db::begin(&world.pool).await.unwrap();
    sqlx::query("SELECT pg_advisory_xact_lock(1)").execute(&mut *tx).await.unwrap();
    let scheduler = world.schedule(agenda(Between::Failure), settings());
    world.until(SEEN).await;
    world.clock.advance(TimeDelta::hours(1));
    world
        .until(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = \
             (SELECT oid FROM pg_database WHERE datname = current_database()))",
        )
        .await;
    // It is asked to end first.
    tokio::join!(scheduler.stop(), async { tx.commit().await.unwrap() });
    assert!(world.value::<bool>("SELECT state = 'failed' FROM jobs.runs").await);
    let text = recorder.handle().render();
    assert!(text.contains("iris_job_runs_total{job=\"steps\",outcome=\"failed\"} 1"), "{text}");
    world.end().await;
}

#[tokio::test]
async fn a_run_that_kills_its_process_every_time_is_given_up() {
    let world = World::with_effects("sched_dies").await;
    let mut process = world.schedule(agenda(Between::Waiting(Arc::default())), settings());
    world.until(SEEN).await;
    world.clock.advance(TimeDelta::hours(1));
    for attempt in 1..=3 {
        world.until(&format!("SELECT state = 'running' AND attempt = {attempt} FROM jobs.runs")).await;
        process.kill().await;
        process = world.schedule(agenda(Between::Waiting(Arc::default())), settings());
    }
    world.until("SELECT state = 'failed' AND error LIKE 'the process died%' FROM jobs.runs").await;
    process.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_process_that_ends_in_order_leaves_the_run_to_the_next_and_no_attempt_is_lost() {
    let world = World::with_effects("sched_order").await;
    let go_on = Arc::new(Notify::new());
    let first = world.schedule(agenda(Between::Waiting(Arc::clone(&go_on))), settings());
    world.until(SEEN).await;
    world.clock.advance(TimeDelta::hours(1));
    world.until("SELECT done = 1 FROM jobs.runs").await;
    first.stop().await;
    let left: (String, i32) =
        sqlx::query_as("SELECT state, attempt FROM jobs.runs").fetch_one(&world.pool).await.unwrap();
    assert_eq!(left, ("queued".to_owned(), 0));
    let second = world.schedule(agenda(Between::Waiting(Arc::clone(&go_on))), settings());
    go_on.notify_one();
    world.until(&succeeded(1)).await;
    second.stop().await;
    world.assert_each_effect_once(1).await;
    world.end().await;
}

#[tokio::test]
async fn what_waits_when_the_next_time_comes_is_done_once_for_the_later_one() {
    let world = World::with_effects("sched_overtaken").await;
    let go_on = Arc::new(Notify::new());
    let scheduler = world.schedule(agenda(Between::Waiting(Arc::clone(&go_on))), settings());
    world.until(SEEN).await;
    // The first is under way; the second waits for it, and the third overtakes the second.
    for waiting in
        ["", " AND scheduled_for = '2026-11-20T11:00:00Z'", " AND scheduled_for = '2026-11-20T12:00:00Z'"]
    {
        world.clock.advance(TimeDelta::hours(1));
        let state = if waiting.is_empty() { "running" } else { "queued" };
        world.until(&format!("SELECT count(*) = 1 FROM jobs.runs WHERE state = '{state}'{waiting}")).await;
    }
    go_on.notify_one();
    world.until("SELECT count(*) = 1 FROM jobs.runs WHERE state = 'running' AND done = 1 AND scheduled_for = '2026-11-20T12:00:00Z'").await;
    go_on.notify_one();
    world.until(&succeeded(2)).await;
    scheduler.stop().await;
    let skipped = "SELECT scheduled_for FROM jobs.runs WHERE state = 'skipped'";
    assert_eq!(world.value::<DateTime<Utc>>(skipped).await, at("2026-11-20T11:00:00Z"));
    world.assert_each_effect_once(2).await;
    world.end().await;
}

fn steps(between: Between) -> Arc<dyn Job> {
    Arc::new(Steps { between })
}

async fn begin(world: &World, between: Between, time: DateTime<Utc>) -> Result<ByHand, Refused> {
    let surroundings: Surroundings = world.surroundings();
    ByHand::begin(steps(between), time, surroundings).await
}

#[tokio::test]
async fn a_run_by_hand_is_on_record_and_happens_once_by_its_time() {
    let world = World::with_effects("sched_hand").await;
    let time = at("2026-11-01T00:00:00Z");
    let run = begin(&world, Between::Nothing, time).await.unwrap();
    let progress = run.progress();
    let Outcome::Done(done) = run.perform(&CancellationToken::new()).await else { panic!("it is done") };
    assert_eq!(done["steps"], STEPS);
    assert_eq!(progress.borrow().done, STEPS);
    let last = last_run(&world.pool, "steps").await.unwrap().unwrap();
    assert_eq!((last.scheduled_for, last.state.as_str(), last.done), (time, "succeeded", 3));
    assert_eq!(world.value::<String>("SELECT trigger FROM jobs.runs").await, "manual");
    let again = begin(&world, Between::Nothing, time).await.err().unwrap();
    assert_eq!(again.to_string(), "steps was done for 2026-11-01 00:00:00 UTC already");
    world.assert_each_effect_once(1).await;
    world.end().await;
}

#[tokio::test]
async fn a_run_by_hand_is_refused_beside_another_and_goes_on_where_it_was_stopped() {
    let world = World::with_effects("sched_stop").await;
    let time = at("2026-11-01T00:00:00Z");
    let run = begin(&world, Between::Waiting(Arc::default()), time).await.unwrap();
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    let running = tokio::spawn(async move { run.perform(&stopping).await });
    world.until("SELECT done = 1 FROM jobs.runs").await;
    for other in [time, at("2026-11-02T00:00:00Z")] {
        let refused = begin(&world, Between::Nothing, other).await.err().unwrap();
        let said =
            "steps is running since 2026-11-20 09:00:00 UTC for 2026-11-01 00:00:00 UTC, in another process";
        assert_eq!(refused.to_string(), said);
    }
    stop.cancel();
    assert_eq!(running.await.unwrap(), Outcome::Stopped);
    let run = begin(&world, Between::Nothing, time).await.unwrap();
    assert!(run.goes_on());
    assert!(matches!(run.perform(&CancellationToken::new()).await, Outcome::Done(_)));
    world.assert_each_effect_once(1).await;
    world.end().await;
}
