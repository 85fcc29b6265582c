//! The past, sent again.

use events::webhook_endpoint::WebhookEndpointEvent;
use uuid::Uuid;

use crate::world::World;

async fn replay(world: &mut World, endpoint: Uuid, from_position: i64, upto_position: i64) {
    let replay_id = world.id();
    let event = WebhookEndpointEvent::WebhookReplayRequested { replay_id, from_position, upto_position };
    world.tell(endpoint, event).await;
    world.fan_out().await;
}

#[tokio::test]
async fn a_stretch_that_stands_still_is_ended_by_the_database() {
    let mut world = World::new("replay_limit").await;
    // What a transaction is limited to when it takes up a replay, noted by the database itself.
    world.execute("CREATE TABLE seen (limit_ms text)").await;
    world.execute("GRANT INSERT ON seen TO iris_handler").await;
    world
        .execute(
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO public.seen VALUES (current_setting('idle_in_transaction_session_timeout')); \
             RETURN NEW; END $$",
        )
        .await;
    world
        .execute("CREATE TRIGGER note BEFORE UPDATE ON webhooks.replays FOR EACH ROW EXECUTE FUNCTION note()")
        .await;
    world.product().await;
    let endpoint = world.endpoint("a").await;
    let running = world.start();
    replay(&mut world, endpoint, 1, 1).await;
    world.until(FINISHED).await;
    world.until_quiet().await;
    assert_eq!(
        world.value::<String>("SELECT string_agg(DISTINCT limit_ms, ',') FROM public.seen").await,
        "10s"
    );
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_lane_that_cannot_be_read_keeps_nobody_else_waiting() {
    let mut world = World::new("unreadable").await;
    world.product().await;
    let (bad, good) = (world.endpoint("bad").await, world.endpoint("good").await);
    world.fan_out().await;
    replay(&mut world, bad, 1, 1).await;
    replay(&mut world, good, 1, 1).await;
    world
        .execute(&format!(
            "UPDATE webhooks.lanes SET state = '{{}}', revision = revision + 1, due = NULL WHERE endpoint_id = '{bad}'"
        ))
        .await;
    let running = world.start();
    world.until("SELECT count(*) = 1 FROM webhooks.replays WHERE finished_at IS NOT NULL").await;
    let heard = world.product().await.0;
    world.fan_out().await;
    world.receiver.until("good", 2).await;
    let received = world.receiver.received("good");
    let is_live = |body: &[u8]| String::from_utf8_lossy(body).contains(&heard.to_string());
    assert!(received.iter().any(|request| is_live(&request.body)));
    assert!(world.receiver.received("bad").is_empty());
    running.stop().await;
    world.end().await;
}

const FINISHED: &str = "SELECT bool_and(finished_at IS NOT NULL) FROM webhooks.replays";

#[tokio::test]
async fn a_replay_brings_the_stretch_again_in_order_even_from_before_the_endpoint() {
    let mut world = World::new("replay").await;
    let product = world.product().await;
    for cents in 0..5 {
        world.reprice(product, cents).await;
    }
    let endpoint = world.endpoint("a").await;
    let running = world.start();
    world.fan_out().await;
    assert!(world.receiver.positions("a").is_empty());
    replay(&mut world, endpoint, 2, 4).await;
    world.until(FINISHED).await;
    world.until_quiet().await;
    assert_eq!(world.receiver.positions("a"), [2, 3, 4]);
    // And once more: the same ids.
    replay(&mut world, endpoint, 3, 3).await;
    world.until("SELECT count(*) = 2 AND bool_and(finished_at IS NOT NULL) FROM webhooks.replays").await;
    world.until_quiet().await;
    let received = world.receiver.received("a");
    assert_eq!(received.len(), 4);
    assert_eq!(received[1].id(), received[3].id());
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_replay_goes_on_where_it_was_and_queues_no_more_than_may_wait() {
    let mut world = World::new("replay_crash").await;
    world.settings.replay_positions_max = 7;
    world.settings.replay_pending_max = 20;
    let endpoint = world.endpoint("a").await;
    let first = world.product().await;
    for cents in 0..99 {
        world.reprice(first, cents).await;
    }
    world.begin_here().await;
    replay(&mut world, endpoint, 1, 101).await;
    world.receiver.hold("a");
    let running = world.start();
    world.until("SELECT count(*) >= 20 FROM webhooks.deliveries WHERE state = 'pending'").await;
    world.receiver.until("a", 1).await;
    running.kill().await;
    let waiting = world.value::<i64>("SELECT count(*) FROM webhooks.deliveries").await;
    assert!((20..=26).contains(&waiting), "{waiting}: one stretch beyond what may wait, at most");
    let next = world.value::<i64>("SELECT next_position FROM webhooks.replays").await;
    assert!((2..=101).contains(&next), "half-way: {next}");

    world.receiver.let_go("a");
    world.expire_leases().await;
    let running = world.start();
    world.until(FINISHED).await;
    world.until_quiet().await;
    let mut positions = world.receiver.positions("a");
    assert!(positions.is_sorted());
    // What was under way at the crash came twice.
    positions.dedup();
    assert_eq!(positions, (2..=101).collect::<Vec<_>>());
    assert_eq!(world.value::<i64>("SELECT queued FROM webhooks.replays").await, 100);
    running.stop().await;
    world.end().await;
}
