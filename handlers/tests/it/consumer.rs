//! Consumers: each event has its effect once, whatever dies.

use std::{sync::atomic::Ordering, time::Duration};

use handlers::consumer::Settings;

use crate::{
    nats_server::NatsServer,
    recorder::{FROM_NOW, INSIDER, PATIENT, PLAIN, READER, Recorder, assert_exactly_once, effects},
    world::{World, consumer_settings, until},
};

#[tokio::test]
async fn without_nats_everything_comes_from_the_log() {
    let world = World::new("absent").await;
    let recorder = Recorder::new(&world, &PLAIN).await;
    world.offer(1_200).await;
    let consumer = world.consume(recorder.clone(), None, consumer_settings()).await;
    world.follows("plain", 1_200).await;
    world.register_supplier().await;
    let last = world.offer(3).await;
    world.follows("plain", last).await;
    consumer.stop().await;
    assert_eq!(*recorder.handled.borrow(), last);
    let longest: i64 = world.value("SELECT max(batch_upto - batch_after) FROM public.effects").await;
    assert!(longest <= 100);
    assert_exactly_once(&world, 0).await;
    world.end().await;
}

#[tokio::test]
async fn without_nats_a_writer_in_the_same_process_wakes() {
    let world = World::new("consumer_woken").await;
    let recorder = Recorder::new(&world, &PLAIN).await;
    let never = Duration::from_hours(1);
    let settings = Settings { sweep: never, poll: never, ..consumer_settings() };
    let consumer = world.consume(recorder, None, settings).await;
    for _ in 0..5 {
        let last = world.offer(2).await;
        world.wake.send_replace(last);
        world.follows("plain", last).await;
    }
    consumer.stop().await;
    assert_exactly_once(&world, 0).await;
    world.end().await;
}

#[tokio::test]
async fn what_comes_after_a_batch_is_gathered_until_it_is_another() {
    let world = World::new("paced").await;
    let recorder = Recorder::new(&world, &PATIENT).await;
    let first = world.offer(1).await;
    let settings = Settings { positions_max: 10, ..consumer_settings() };
    let consumer = world.consume(recorder, None, settings).await;
    // After a lull at once; but then, none of these is enough alone.
    world.follows("patient", first).await;
    let mut last = first;
    for count in [3, 3, 4] {
        last = world.offer(count).await;
        world.wake.send_replace(last);
    }
    world.follows("patient", last).await;
    consumer.stop().await;
    assert_exactly_once(&world, 0).await;
    let batches: i64 = world.value("SELECT count(DISTINCT batch_upto) FROM public.effects").await;
    assert_eq!(batches, 2);
    world.end().await;
}

#[tokio::test]
async fn what_does_not_concern_it_moves_its_position_and_nothing_else() {
    let world = World::new("indifferent").await;
    let recorder = Recorder::new(&world, &PLAIN).await;
    recorder.is_indifferent(true);
    let passed = world.offer(250).await;
    let consumer = world.consume(recorder.clone(), None, consumer_settings()).await;
    world.follows("plain", passed).await;
    assert_eq!(recorder.attempts.load(Ordering::SeqCst), 0);
    assert_eq!(*recorder.handled.borrow(), passed);
    recorder.is_indifferent(false);
    let last = world.offer(5).await;
    world.follows("plain", last).await;
    consumer.stop().await;
    assert_exactly_once(&world, passed).await;
    world.end().await;
}

#[tokio::test]
async fn what_a_crash_of_the_database_took_back_is_never_passed_over() {
    let world = World::new("taken_back").await;
    let recorder = Recorder::new(&world, &PLAIN).await;
    let consumer = world.consume(recorder.clone(), None, consumer_settings()).await;
    let first = world.offer(5).await;
    world.follows("plain", first).await;
    recorder.is_indifferent(true);
    let last = world.offer(5).await;
    until("the others are passed over", async || *recorder.handled.borrow() == last).await;
    recorder.is_indifferent(false);
    // As if the first batch had never been flushed: its effects are gone, and so is its position; nobody is told.
    world.execute("WITH gone AS (DELETE FROM public.effects) UPDATE fanout.followers SET position = 0").await;
    world.follows("plain", last).await;
    consumer.stop().await;
    assert_exactly_once(&world, 0).await;
    world.end().await;
}

#[tokio::test]
async fn killed_between_effect_and_commit_an_event_has_its_effect_once() {
    let world = World::new("before_commit").await;
    let recorder = Recorder::new(&world, &PLAIN).await;
    let last = world.offer(5).await;
    recorder.halt(true);
    let consumer = world.consume(recorder.clone(), None, consumer_settings()).await;
    recorder.halted.notified().await;
    consumer.kill().await;
    recorder.halt(false);
    let consumer = world.consume(recorder, None, consumer_settings()).await;
    world.follows("plain", last).await;
    consumer.stop().await;
    assert_exactly_once(&world, 0).await;
    world.end().await;
}

#[tokio::test]
async fn killed_after_the_commit_an_event_has_its_effect_once() {
    let world = World::new("after_commit").await;
    let recorder = Recorder::new(&world, &PLAIN).await;
    let first = world.offer(5).await;
    recorder.die_after_commit();
    world.consume(recorder.clone(), None, consumer_settings()).await.died().await;
    assert_eq!(*recorder.handled.borrow(), first);
    let last = world.offer(5).await;
    let consumer = world.consume(recorder, None, consumer_settings()).await;
    world.follows("plain", last).await;
    consumer.stop().await;
    assert_exactly_once(&world, 0).await;
    world.end().await;
}

#[tokio::test]
async fn a_batch_that_fails_is_tried_until_it_works() {
    let world = World::new("fails").await;
    let recorder = Recorder::new(&world, &PLAIN).await;
    recorder.fail(true);
    let last = world.offer(5).await;
    let consumer = world.consume(recorder.clone(), None, consumer_settings()).await;
    until("it failed thrice", async || recorder.attempts.load(Ordering::SeqCst) >= 3).await;
    assert_eq!(effects(&world, "public").await, [0_i64; 0]);
    recorder.fail(false);
    world.follows("plain", last).await;
    consumer.stop().await;
    assert_exactly_once(&world, 0).await;
    world.end().await;
}

#[tokio::test]
async fn of_two_processes_one_at_a_time_has_each_event() {
    let world = World::new("two_consumers").await;
    let server = NatsServer::start().await;
    let relay = world.relay(&server).await;
    let recorder = Recorder::new(&world, &PLAIN).await;
    // A lease that has always run out: each takes over from the other again and again.
    let settings = Settings { lease: Duration::from_millis(1), ..consumer_settings() };
    let first = world.consume(recorder.clone(), Some(&server), settings.clone()).await;
    let second = world.consume(recorder, Some(&server), settings).await;
    let mut last = 0;
    for _ in 0..40 {
        last = world.offer(10).await;
        world.register_supplier().await;
    }
    world.follows("plain", last).await;
    first.kill().await;
    let last = world.offer(10).await;
    world.follows("plain", last).await;
    second.stop().await;
    relay.stop().await;
    assert_exactly_once(&world, 0).await;
    let fence: i64 = world.value("SELECT fence FROM fanout.followers WHERE name = 'plain'").await;
    assert!(fence > 2, "they took over from each other");
    world.end().await;
}

#[tokio::test]
async fn a_holder_that_was_paused_does_nothing_when_it_wakes() {
    let world = World::new("paused").await;
    let recorder = Recorder::new(&world, &PLAIN).await;
    let first = world.offer(5).await;
    // Paused with its effects done and not committed.
    recorder.halt(true);
    let paused = world.consume(recorder.clone(), None, consumer_settings()).await;
    recorder.halted.notified().await;
    world.until("SELECT lease_until < clock_timestamp() FROM fanout.followers WHERE name = 'plain'").await;
    // Postgres ends a session that is idle in the midst of a batch; here, at once.
    world
        .until(
            "SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity \
             WHERE datname = current_database() AND state = 'idle in transaction'",
        )
        .await;
    let next = Recorder::new(&world, &PLAIN).await;
    let holder = world.consume(next, None, consumer_settings()).await;
    world.follows("plain", first).await;
    recorder.halt(false);
    let last = world.offer(5).await;
    world.follows("plain", last).await;
    assert_exactly_once(&world, 0).await;
    paused.stop().await;
    holder.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_holder_whose_fence_was_raised_writes_nothing() {
    let world = World::new("fenced").await;
    let recorder = Recorder::new(&world, &PLAIN).await;
    let first = world.offer(5).await;
    let consumer = world.consume(recorder, None, consumer_settings()).await;
    world.follows("plain", first).await;
    // Another process took over, and is slow.
    world
        .execute(
            "UPDATE fanout.followers SET fence = fence + 1, lease_until = clock_timestamp() + '1 hour'::interval",
        )
        .await;
    let last = world.offer(5).await;
    // The old holder notices at the latest when it has nothing else to do; to be sure that it had its turn,
    // the lease is then let go, and it may begin again.
    let idle = "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() \
                AND state = 'idle in transaction'";
    world.until(idle).await;
    assert_eq!(effects(&world, "public").await.len(), 5);
    world.execute("UPDATE fanout.followers SET lease_until = NULL").await;
    world.follows("plain", last).await;
    let fence: i64 = world.value("SELECT fence FROM fanout.followers").await;
    assert_eq!(fence, 3, "it took over anew, under a fence of its own");
    consumer.stop().await;
    assert_exactly_once(&world, 0).await;
    world.end().await;
}

#[tokio::test]
async fn a_session_idle_in_a_batch_is_bounded() {
    let world = World::new("idle").await;
    let recorder = Recorder::new(&world, &PLAIN).await;
    recorder.halt(true);
    let last = world.offer(1).await;
    let paused = world.consume(recorder.clone(), None, consumer_settings()).await;
    recorder.halted.notified().await;
    // Nobody ends the session but Postgres, after ten seconds; the next holder waits for no longer.
    let next = Recorder::new(&world, &PLAIN).await;
    let holder = world.consume(next, None, consumer_settings()).await;
    world.follows("plain", last).await;
    recorder.halt(false);
    paused.stop().await;
    holder.stop().await;
    assert_exactly_once(&world, 0).await;
    world.end().await;
}

#[tokio::test]
async fn who_begins_at_the_head_hears_nothing_of_the_past() {
    let world = World::new("head").await;
    let recorder = Recorder::new(&world, &FROM_NOW).await;
    let past = world.offer(5).await;
    let consumer = world.consume(recorder.clone(), None, consumer_settings()).await;
    world.follows("from_now", past).await;
    consumer.stop().await;
    // While it does not run, what happens is its business already.
    let last = world.offer(5).await;
    let consumer = world.consume(recorder, None, consumer_settings()).await;
    world.follows("from_now", last).await;
    consumer.stop().await;
    assert_exactly_once(&world, past).await;
    world.end().await;
}

#[tokio::test]
async fn no_batch_goes_beyond_the_read_models() {
    let world = World::new("behind").await;
    let server = NatsServer::start().await;
    let relay = world.relay(&server).await;
    let recorder = Recorder::new(&world, &READER).await;
    let consumer = world.consume(recorder, Some(&server), consumer_settings()).await;
    world.offer(10).await;
    server.holds(10).await;
    let reached = async |position: i64| {
        world
            .execute(&format!(
                "INSERT INTO read.checkpoints (name, version, position, fence, updated_at) \
                 VALUES ('orders', 1, {position}, 1, clock_timestamp()) \
                 ON CONFLICT (name) DO UPDATE SET position = EXCLUDED.position"
            ))
            .await;
    };
    assert_eq!(effects(&world, "public").await, [0_i64; 0], "no such read model yet");
    for position in [4, 7] {
        reached(position).await;
        world.follows("reader", position).await;
        let upto: i64 = world.value("SELECT max(batch_upto) FROM public.effects").await;
        assert_eq!(upto, position);
    }
    reached(10).await;
    world.follows("reader", 10).await;
    consumer.stop().await;
    relay.stop().await;
    assert_exactly_once(&world, 0).await;
    world.end().await;
}

#[tokio::test]
async fn inner_events_come_in_the_batch_of_their_place() {
    let world = World::new("inner").await;
    let server = NatsServer::start().await;
    let relay = world.relay(&server).await;
    let recorder = Recorder::new(&world, &INSIDER).await;
    let consumer = world.consume(recorder, Some(&server), consumer_settings()).await;
    let mut inner = Vec::new();
    for _ in 0..10 {
        world.offer(2).await;
        inner.push(world.register_supplier().await);
    }
    world.follows("insider", 30).await;
    consumer.stop().await;
    relay.stop().await;
    assert_exactly_once(&world, 0).await;
    assert_eq!(effects(&world, "inner").await, inner);
    let astray: i64 = world
        .value(
            "SELECT count(*) FROM public.effects \
             WHERE position <= batch_after OR position > batch_upto",
        )
        .await;
    assert_eq!(astray, 0);
    world.end().await;
}
