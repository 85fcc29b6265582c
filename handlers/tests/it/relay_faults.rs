//! The relay while its stream is lost, in every way that one can be.

use async_nats::jetstream::{self, consumer::pull};
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::{
    nats_server::{Message, NatsServer, STREAM},
    world::{World, until},
};

fn ids(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|message| message.header("Nats-Msg-Id").unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_stream_deleted_under_a_running_relay_is_refilled_with_the_same_ids() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let world = World::new("deleted").await;
    let server = NatsServer::start().await;
    let relay = world.relay(&server).await;
    world.offer(300).await;
    server.holds(300).await;
    let before = ids(&server.messages().await);
    jetstream::new(server.client().await).delete_stream(STREAM).await.unwrap();
    server.holds(300).await;
    world.offer(1).await;
    server.holds(301).await;
    let after = server.messages().await;
    world.assert_published(&after).await;
    assert_eq!(ids(&after)[..300], before);
    let metrics = recorder.handle();
    until("the refill is counted", async || metrics.render().contains("iris_relay_refilled_total 300")).await;
    assert!(metrics.render().contains("iris_relay_published_total 301"), "{}", metrics.render());
    relay.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_stream_deleted_while_no_relay_runs_is_refilled_with_the_same_ids() {
    let world = World::new("deleted_stopped").await;
    let server = NatsServer::start().await;
    world.offer(50).await;
    let relay = world.relay(&server).await;
    server.holds(50).await;
    relay.stop().await;
    let before = ids(&server.messages().await);
    jetstream::new(server.client().await).delete_stream(STREAM).await.unwrap();
    let relay = world.relay(&server).await;
    server.holds(50).await;
    let after = server.messages().await;
    world.assert_published(&after).await;
    assert_eq!(ids(&after), before);
    relay.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_stream_whose_end_was_deleted_is_refilled_though_the_server_remembers_the_ids() {
    let world = World::new("tail").await;
    let server = NatsServer::start().await;
    let relay = world.relay(&server).await;
    world.offer(40).await;
    server.holds(40).await;
    let stream = server.stream().await;
    for sequence in 21..=40 {
        stream.delete_message(sequence).await.unwrap();
    }
    server.holds(40).await;
    world.assert_published(&server.messages().await).await;
    // And again, with ids that were used twice.
    relay.stop().await;
    let stream = server.stream().await;
    stream.purge().await.unwrap();
    assert_eq!(server.count().await, 0);
    let relay = world.relay(&server).await;
    server.holds(40).await;
    world.offer(2).await;
    server.holds(42).await;
    let messages = server.messages().await;
    world.assert_published(&messages).await;
    assert!(!ids(&messages)[41].contains('.'), "what is new has its own id");
    relay.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_killed_server_is_waited_for_and_nothing_is_lost() {
    let world = World::new("killed").await;
    let mut server = NatsServer::start().await;
    let relay = world.relay(&server).await;
    world.offer(500).await;
    until("it publishes", async || server.count().await > 0).await;
    server.kill();
    world.offer(500).await;
    server.launch().await;
    server.holds(1_000).await;
    world.assert_published(&server.messages().await).await;
    relay.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_server_that_lost_its_store_is_refilled() {
    let world = World::new("wiped").await;
    let mut server = NatsServer::start().await;
    let relay = world.relay(&server).await;
    world.offer(100).await;
    server.holds(100).await;
    // While it runs, and it goes on as if nothing had happened until it is started again.
    server.wipe();
    server.kill();
    server.wipe();
    server.launch().await;
    server.holds(100).await;
    world.assert_published(&server.messages().await).await;

    // While neither it nor the relay runs.
    relay.stop().await;
    server.kill();
    server.wipe();
    server.launch().await;
    assert_eq!(server.count().await, 0);
    world.offer(1).await;
    let relay = world.relay(&server).await;
    server.holds(101).await;
    world.assert_published(&server.messages().await).await;
    relay.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_server_that_forgot_its_last_messages_is_refilled() {
    let world = World::new("rolled_back").await;
    let mut server = NatsServer::start().await;
    let relay = world.relay(&server).await;
    world.offer(100).await;
    server.holds(100).await;
    // A durable consumer keeps a file that says how far it was, and the server keeps that.
    let config = pull::Config { durable_name: Some("kept".to_owned()), ..pull::Config::default() };
    server.stream().await.create_consumer(config).await.unwrap();
    server.kill();
    let copy = server.copy_blocks();
    server.launch().await;
    world.offer(50).await;
    server.holds(150).await;
    server.kill();
    // The acknowledged messages 101 to 150 never reached the disk.
    server.put_blocks_back(&copy);
    server.launch().await;
    world.offer(7).await;
    server.holds(157).await;
    world.assert_published(&server.messages().await).await;
    relay.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_lost_database_is_waited_for() {
    let world = World::new("database").await;
    let server = NatsServer::start().await;
    let relay = world.relay(&server).await;
    world.offer(10).await;
    server.holds(10).await;
    world
        .execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
    world.offer(10).await;
    server.holds(20).await;
    world.assert_published(&server.messages().await).await;
    relay.stop().await;
    world.end().await;
}
