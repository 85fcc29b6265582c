//! Consumers on NATS: what it brings is used, what it does not bring is found.

use std::time::Duration;

use async_nats::{HeaderMap, jetstream};
use events::{public::PublicEvent, webhook_endpoint::PayloadStyle};
use handlers::consumer::Settings;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::{
    nats_server::NatsServer,
    recorder::{INSIDER, PLAIN, Recorder, assert_exactly_once, effects},
    world::{World, consumer_settings, fresh, until},
};

/// Nobody looks at the log unless something tells him to.
fn without_sweeps() -> Settings {
    Settings { sweep: Duration::from_hours(1), ..consumer_settings() }
}

fn counted(metrics: &PrometheusHandle, name: &str) -> u64 {
    let rendered = metrics.render();
    let line = rendered.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
}

const FROM_NATS: &str = r#"iris_consumer_events_total{consumer="plain",source="nats"}"#;
const FROM_LOG: &str = r#"iris_consumer_events_total{consumer="plain",source="log"}"#;
const HOLES: &str = "iris_consumer_holes_total";

/// As the relay would.
async fn publish(server: &NatsServer, event: &PublicEvent, previous: i64, body: String) {
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Msg-Id", event.event_id.to_string());
    headers.insert("Iris-Position", event.position.to_string());
    headers.insert("Iris-Previous-Position", previous.to_string());
    let context = jetstream::new(server.client().await);
    let subject = format!("iris.events.product.created.{}", event.subject);
    context.publish_with_headers(subject, headers, body.into()).await.unwrap().await.unwrap();
}

/// A stream, made by a relay that has gone again; and how far it is filled.
async fn made_stream(world: &World, server: &NatsServer) -> i64 {
    let relay = world.relay(server).await;
    let last = world.offer(1).await;
    server.holds(1).await;
    relay.stop().await;
    last
}

/// Returns once a consumer listens.
async fn attached(server: &NatsServer) {
    until("somebody listens", async || server.listeners().await > 0).await;
}

#[tokio::test]
async fn events_come_over_nats() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let metrics = recorder.handle();
    let world = World::new("over_nats").await;
    let server = NatsServer::start().await;
    let relay = world.relay(&server).await;
    let consumer = world.consume(Recorder::new(&world, &PLAIN).await, Some(&server), without_sweeps()).await;
    world.offer(1).await;
    attached(&server).await;
    until("NATS brings them", async || {
        let last = world.offer(2).await;
        world.register_supplier().await;
        world.follows("plain", last).await;
        counted(&metrics, FROM_NATS) >= 20
    })
    .await;
    consumer.stop().await;
    relay.stop().await;
    assert_exactly_once(&world, 0).await;
    let counted = counted(&metrics, FROM_NATS) + counted(&metrics, FROM_LOG);
    assert_eq!(usize::try_from(counted).unwrap(), world.public().await.len());
    world.end().await;
}

#[tokio::test]
async fn a_hole_in_the_stream_is_filled_from_the_log() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let metrics = recorder.handle();
    let world = World::new("hole").await;
    let server = NatsServer::start().await;
    made_stream(&world, &server).await;
    let consumer = world.consume(Recorder::new(&world, &PLAIN).await, Some(&server), without_sweeps()).await;
    attached(&server).await;
    until("a hole is met", async || {
        world.offer(3).await;
        let public = world.public().await;
        let [.., missing, last] = &public[..] else { panic!("three were offered") };
        // The one before the last never comes, nor the one before that.
        publish(&server, last, missing.position, last.to_cloud_event(PayloadStyle::Full)).await;
        world.follows("plain", last.position).await;
        counted(&metrics, HOLES) > 0
    })
    .await;
    consumer.stop().await;
    assert_exactly_once(&world, 0).await;
    world.end().await;
}

#[tokio::test]
async fn an_end_that_never_arrives_is_found_by_looking() {
    let world = World::new("no_tail").await;
    let server = NatsServer::start().await;
    made_stream(&world, &server).await;
    let consumer =
        world.consume(Recorder::new(&world, &PLAIN).await, Some(&server), consumer_settings()).await;
    attached(&server).await;
    // No relay publishes this.
    let last = world.offer(5).await;
    world.follows("plain", last).await;
    consumer.stop().await;
    assert_exactly_once(&world, 0).await;
    world.end().await;
}

#[tokio::test]
async fn what_the_relay_says_it_sent_and_never_came_is_read_from_the_log() {
    let world = World::new("hint").await;
    let server = NatsServer::start().await;
    made_stream(&world, &server).await;
    let consumer = world.consume(Recorder::new(&world, &PLAIN).await, Some(&server), without_sweeps()).await;
    attached(&server).await;
    let last = world.offer(5).await;
    let client = server.client().await;
    // A hint is not kept for who is not there yet.
    until("the hint was heard", async || {
        let mut headers = HeaderMap::new();
        headers.insert("Iris-Position", last.to_string());
        headers.insert("Iris-Previous-Position", last.to_string());
        client.publish_with_headers("iris.log.head", headers, "".into()).await.unwrap();
        world
            .value::<bool>(&format!("SELECT position >= {last} FROM fanout.followers WHERE name = 'plain'"))
            .await
    })
    .await;
    consumer.stop().await;
    assert_exactly_once(&world, 0).await;
    world.end().await;
}

#[tokio::test]
async fn the_relays_word_wakes_who_needs_inner_events() {
    let world = World::new("inner_hint").await;
    let server = NatsServer::start().await;
    let relay = world.relay(&server).await;
    world.offer(1).await;
    server.holds(1).await;
    let consumer =
        world.consume(Recorder::new(&world, &INSIDER).await, Some(&server), without_sweeps()).await;
    attached(&server).await;
    let mut inner = Vec::new();
    for _ in 0..5 {
        inner.push(world.register_supplier().await);
        world.follows("insider", *inner.last().unwrap()).await;
    }
    consumer.stop().await;
    relay.stop().await;
    assert_eq!(effects(&world, "inner").await, inner);
    world.end().await;
}

#[tokio::test]
async fn a_message_of_a_newer_program_is_read_from_the_log() {
    let world = World::new("newer").await;
    let server = NatsServer::start().await;
    let previous = made_stream(&world, &server).await;
    let consumer = world.consume(Recorder::new(&world, &PLAIN).await, Some(&server), without_sweeps()).await;
    attached(&server).await;
    world.offer(1).await;
    let event = world.public().await.pop().unwrap();
    let body = event
        .to_cloud_event(PayloadStyle::Full)
        .replace("iris.product.created.v1", "iris.product.created.v9");
    publish(&server, &event, previous, body).await;
    world.follows("plain", event.position).await;
    consumer.stop().await;
    assert_exactly_once(&world, 0).await;
    world.end().await;
}

#[tokio::test]
async fn an_event_that_is_not_in_the_log_has_no_effect() {
    let world = World::new("ghost").await;
    let server = NatsServer::start().await;
    let previous = made_stream(&world, &server).await;
    let consumer = world.consume(Recorder::new(&world, &PLAIN).await, Some(&server), without_sweeps()).await;
    attached(&server).await;
    world.offer(1).await;
    let event = world.public().await.pop().unwrap();
    // At its place, another: from a log that this database was restored over.
    let ghost = PublicEvent { event_id: fresh(), ..event.clone() };
    publish(&server, &ghost, previous, ghost.to_cloud_event(PayloadStyle::Full)).await;
    world.follows("plain", event.position).await;
    consumer.stop().await;
    assert_exactly_once(&world, 0).await;
    world.end().await;
}

#[tokio::test]
async fn nobody_is_led_beyond_the_end_of_the_log() {
    let world = World::new("beyond").await;
    let server = NatsServer::start().await;
    let first = made_stream(&world, &server).await;
    let consumer =
        world.consume(Recorder::new(&world, &PLAIN).await, Some(&server), consumer_settings()).await;
    attached(&server).await;
    world.follows("plain", first).await;
    // What a longer log left behind: its relay's word, and its events.
    let client = server.client().await;
    let mut last = first;
    for round in 1..=5 {
        let mut headers = HeaderMap::new();
        headers.insert("Iris-Position", (round * 1_000).to_string());
        headers.insert("Iris-Previous-Position", first.to_string());
        client.publish_with_headers("iris.log.head", headers, "".into()).await.unwrap();
        let event = world.public().await.pop().unwrap();
        let ghost = PublicEvent { event_id: fresh(), position: round * 2_000, ..event };
        publish(&server, &ghost, last, ghost.to_cloud_event(PayloadStyle::Full)).await;
        last = world.offer(3).await;
        world.follows("plain", last).await;
    }
    consumer.stop().await;
    let position: i64 = world.value("SELECT position FROM fanout.followers WHERE name = 'plain'").await;
    assert_eq!(position, last);
    assert_exactly_once(&world, 0).await;
    world.end().await;
}

#[tokio::test]
async fn a_stream_made_anew_with_other_numbers_is_followed_again() {
    let world = World::new("renumbered").await;
    let server = NatsServer::start().await;
    let relay = world.relay(&server).await;
    world.offer(1).await;
    server.holds(1).await;
    // Others' messages raise the numbers that the consumer saw last.
    let context = jetstream::new(server.client().await);
    let consumer = world.consume(Recorder::new(&world, &PLAIN).await, Some(&server), without_sweeps()).await;
    attached(&server).await;
    for _ in 0..200 {
        context.publish("iris.events.not.ours", "hello".into()).await.unwrap().await.unwrap();
    }
    let last = world.offer(3).await;
    world.follows("plain", last).await;
    context.delete_stream("IRIS_EVENTS").await.unwrap();
    server.holds(4).await;
    for _ in 0..5 {
        let last = world.offer(3).await;
        world.follows("plain", last).await;
    }
    consumer.stop().await;
    relay.stop().await;
    assert_exactly_once(&world, 0).await;
    world.end().await;
}

#[tokio::test]
async fn while_nats_is_down_the_log_is_read() {
    let world = World::new("down").await;
    let mut server = NatsServer::start().await;
    let relay = world.relay(&server).await;
    let consumer =
        world.consume(Recorder::new(&world, &PLAIN).await, Some(&server), consumer_settings()).await;
    let first = world.offer(20).await;
    world.follows("plain", first).await;
    server.kill();
    let second = world.offer(20).await;
    world.follows("plain", second).await;
    server.launch().await;
    server.holds(40).await;
    let third = world.offer(20).await;
    world.follows("plain", third).await;
    server.holds(60).await;
    consumer.stop().await;
    relay.stop().await;
    assert_exactly_once(&world, 0).await;
    world.assert_published(&server.messages().await).await;
    world.end().await;
}
