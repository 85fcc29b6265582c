//! The relay while all goes well, and while more than one wants to be it.

use std::time::Duration;

use async_nats::jetstream;
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::{
    nats_server::{NatsServer, STREAM},
    world::{World, relay_settings, until},
};

#[tokio::test]
async fn every_public_event_is_published_once_in_order_and_says_what_came_before() {
    let world = World::new("published").await;
    let server = NatsServer::start().await;
    world.register_supplier().await;
    world.offer(2).await;
    let relay = world.relay(&server).await;
    server.holds(2).await;
    world.register_supplier().await;
    let last = world.offer(700).await;
    server.holds(702).await;

    let messages = server.messages().await;
    world.assert_published(&messages).await;
    let event = &world.public().await[0];
    let first = &messages[0];
    assert_eq!(first.subject, format!("iris.events.product.created.{}", event.subject));
    assert_eq!(first.header("Nats-Msg-Id"), Some(event.event_id.to_string().as_str()));
    assert_eq!(first.header("Content-Type"), Some("application/cloudevents+json"));
    assert_eq!(first.header("Iris-Position"), Some("2"));
    relay.stop().await;
    let published: i64 = world.value("SELECT position FROM fanout.followers WHERE name = 'relay'").await;
    assert_eq!(published, last);
    world.end().await;
}

#[tokio::test]
async fn invoices_have_subjects_of_their_own() {
    let world = World::new("invoices").await;
    let server = NatsServer::start().await;
    world.receive_invoice().await;
    let relay = world.relay(&server).await;
    server.holds(1).await;
    let messages = server.messages().await;
    world.assert_published(&messages).await;
    let event = &world.public().await[0];
    assert_eq!(event.public_type().name, "iris.invoice.received.v1");
    assert_eq!(messages[0].subject, format!("iris.events.invoice.received.{}", event.subject));
    relay.stop().await;
    world.end().await;
}

#[tokio::test]
async fn the_stream_is_made_as_it_is_meant_to_be() {
    let world = World::new("made").await;
    let server = NatsServer::start().await;
    world.offer(1).await;
    let relay = world.relay(&server).await;
    server.holds(1).await;
    let config = server.stream().await.cached_info().config.clone();
    assert_eq!(config.subjects, ["iris.events.>"]);
    assert_eq!(config.storage, jetstream::stream::StorageType::File);
    assert_eq!((config.max_messages, config.max_bytes, config.num_replicas), (-1, -1, 1));
    assert_eq!(config.duplicate_window.as_secs(), 120);
    assert!(config.allow_direct && config.max_age.is_zero());
    relay.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_relay_that_starts_again_goes_on_where_the_stream_ends() {
    let world = World::new("again").await;
    let server = NatsServer::start().await;
    for round in 1..=3 {
        world.offer(40).await;
        let relay = world.relay(&server).await;
        server.holds(40 * round).await;
        // Once in order, and otherwise without a word.
        if round == 1 { relay.stop().await } else { relay.kill().await }
    }
    world.assert_published(&server.messages().await).await;
    world.end().await;
}

#[tokio::test]
async fn a_writer_in_the_same_process_wakes_the_relay() {
    let world = World::new("woken").await;
    let server = NatsServer::start().await;
    let settings = handlers::relay::Settings { poll: Duration::from_hours(1), ..relay_settings() };
    let relay = world.relay_with(&server, settings).await;
    for round in 1..=5 {
        world.wake.send_replace(world.offer(1).await);
        server.holds(round).await;
    }
    relay.stop().await;
    world.end().await;
}

#[tokio::test]
async fn two_relays_at_once_publish_each_event_once_and_in_order() {
    let world = World::new("two").await;
    let server = NatsServer::start().await;
    // A lease that has always run out: each takes over from the other all the time, and each still has
    // messages under way when it does.
    let settings =
        handlers::relay::Settings { lease: Duration::from_millis(1), in_flight_max: 64, ..relay_settings() };
    let first = world.relay_with(&server, settings.clone()).await;
    let second = world.relay_with(&server, settings).await;
    for _ in 0..20 {
        world.offer(150).await;
    }
    server.holds(3_000).await;
    world.assert_published(&server.messages().await).await;
    let fence: i64 = world.value("SELECT fence FROM fanout.followers WHERE name = 'relay'").await;
    assert!(fence > 2, "they took over from each other");
    first.stop().await;
    second.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_standby_takes_over_when_the_leader_dies() {
    let world = World::new("standby").await;
    let server = NatsServer::start().await;
    let leader = world.relay(&server).await;
    world.offer(5).await;
    server.holds(5).await;
    let standby = world.relay(&server).await;
    leader.kill().await;
    world.offer(5).await;
    server.holds(10).await;
    world.assert_published(&server.messages().await).await;
    standby.stop().await;
    world.end().await;
}

#[tokio::test]
async fn what_cannot_be_published_stops_nothing_and_shows_as_a_hole() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let world = World::new("unpublishable").await;
    let server = NatsServer::start().await;
    world.offer(1).await;
    let unreadable = world.append_unreadable().await;
    let after_unreadable = world.offer(1).await;
    let too_large = world.offer_lengthy(2_000_000).await;
    let after_large = world.offer(1).await;
    let relay = world.relay(&server).await;
    server.holds(3).await;
    let said: Vec<(i64, Option<String>)> = server
        .messages()
        .await
        .iter()
        .map(|message| (message.position(), message.header("Iris-Previous-Position").map(str::to_owned)))
        .collect();
    let expected = [
        (1, Some("0".to_owned())),
        (after_unreadable, Some(unreadable.to_string())),
        (after_large, Some(too_large.to_string())),
    ];
    assert_eq!(said, expected);
    let metrics = recorder.handle();
    until("it is counted", async || metrics.render().contains("iris_relay_unpublishable_total 2")).await;
    relay.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_message_of_somebody_else_is_passed_over() {
    let world = World::new("foreign").await;
    let server = NatsServer::start().await;
    let relay = world.relay(&server).await;
    world.offer(3).await;
    server.holds(3).await;
    let context = jetstream::new(server.client().await);
    for _ in 0..2 {
        context.publish("iris.events.not.ours", "hello".into()).await.unwrap().await.unwrap();
    }
    world.offer(3).await;
    server.holds(8).await;
    relay.stop().await;
    // It stands between ours, and at the end when the next relay comes.
    context.publish("iris.events.not.ours", "hello".into()).await.unwrap().await.unwrap();
    world.offer(1).await;
    let relay = world.relay(&server).await;
    server.holds(10).await;
    let mut messages = server.messages().await;
    messages.retain(|message| message.subject != "iris.events.not.ours");
    world.assert_published(&messages).await;
    relay.stop().await;
    world.end().await;
}

#[tokio::test]
async fn the_stream_of_another_log_is_filled_from_this_one() {
    let server = NatsServer::start().await;
    let before = World::new("before").await;
    before.offer(30).await;
    let relay = before.relay(&server).await;
    server.holds(30).await;
    relay.stop().await;
    before.end().await;

    // The database was made anew, NATS was not.
    let world = World::new("after").await;
    world.offer(4).await;
    let relay = world.relay(&server).await;
    server.holds(4).await;
    world.assert_published(&server.messages().await).await;
    relay.stop().await;
    world.end().await;
    assert_eq!(server.stream().await.cached_info().config.name, STREAM);
}
