//! What a look at a lane costs does not grow with what waits in it.

use events::webhook_endpoint::{DeliveryOrder, EndpointOwner, WebhookEndpointEvent};
use uuid::Uuid;

use crate::{receiver::respond, world::World};

/// Deliveries of one aggregate that wait behind its first event, as if they had been queued long ago. Of other
/// processes' queueing a lane learns by `queued`.
async fn crowd(world: &World, endpoint: Uuid, aggregate: Uuid, size: i64) {
    world
        .execute(&format!(
            "INSERT INTO webhooks.deliveries (delivery_id, endpoint_id, event_id, event_type, payload_style, \
                 aggregate_id, position, origin, state, due, created_at) \
             SELECT gen_random_uuid(), endpoint_id, gen_random_uuid(), event_type, payload_style, aggregate_id, \
                 position + n, 'live', 'pending', due - interval '1 hour', created_at \
             FROM webhooks.deliveries, generate_series(1, {size}) n \
             WHERE endpoint_id = '{endpoint}' AND aggregate_id = '{aggregate}'"
        ))
        .await;
    world
        .execute(
            "INSERT INTO webhooks.messages (event_id, payload_style, body) \
             SELECT event_id, payload_style, '{}' FROM webhooks.deliveries ON CONFLICT DO NOTHING",
        )
        .await;
    world
        .execute(&format!(
            "UPDATE webhooks.lanes SET queued = queued + {size}, due = '{}' WHERE endpoint_id = '{endpoint}'",
            world.now().to_rfc3339()
        ))
        .await;
    world.execute("VACUUM ANALYZE webhooks.deliveries").await;
}

async fn endpoint(world: &mut World, order: DeliveryOrder) -> Uuid {
    let mut details = world.details("a");
    details.delivery_order = order;
    world.endpoint_with(EndpointOwner::Platform, details, false).await
}

const SETTLED: &str =
    "SELECT NOT EXISTS (SELECT 1 FROM webhooks.lanes WHERE holder IS NOT NULL OR due IS NOT NULL)";

#[tokio::test]
async fn where_many_wait_behind_a_failed_one_an_event_reads_few_rows() {
    let mut world = World::new("crowd_strict").await;
    world.settings.schedule.truncate(1);
    let endpoint = endpoint(&mut world, DeliveryOrder::Strict).await;
    world.receiver.answer_status("a", 400);
    let stuck = world.product().await;
    let running = world.start();
    world.fan_out().await;
    world.until("SELECT count(*) = 1 FROM webhooks.deliveries WHERE state = 'failed'").await;
    world.until(SETTLED).await;
    crowd(&world, endpoint, stuck.0, 20_000).await;
    // The first to look at them marks them; once.
    world.until(SETTLED).await;
    world.until("SELECT count(*) > 19000 FROM webhooks.deliveries WHERE blocked").await;
    running.stop().await;

    world.receiver.answer_status("a", 200);
    let before = world.deliveries_read().await;
    let running = world.start();
    for delivered in 1..=20 {
        world.product().await;
        world.fan_out().await;
        // Nothing that the test waits for reads deliveries.
        world.until_attempts(1 + delivered).await;
        world.until(SETTLED).await;
    }
    running.stop().await;
    // The gauges count all that is pending now and then, whatever happens.
    let cost = world.deliveries_read().await - before;
    assert!(cost < 120_000, "{cost} rows read for 20 events");
    world.end().await;
}

#[tokio::test]
async fn results_are_written_at_the_same_cost_though_statistics_know_of_nothing_that_waits() {
    let mut world = World::new("crowd_unknown").await;
    let mut details = world.details("a");
    details.in_flight_max = 16;
    world.endpoint_with(EndpointOwner::Platform, details, false).await;
    world.product().await;
    let running = world.start();
    world.fan_out().await;
    world.until_attempts(1).await;
    world.until(SETTLED).await;
    running.stop().await;
    // As it is nearly always when autovacuum comes by.
    world.execute("VACUUM ANALYZE").await;
    // Of an endpoint that nobody looks at.
    world
        .execute(
            "INSERT INTO webhooks.deliveries (delivery_id, endpoint_id, event_id, event_type, payload_style, \
                 aggregate_id, position, origin, state, due, created_at) \
             SELECT gen_random_uuid(), '00000000-0000-0000-0000-000000000001', gen_random_uuid(), event_type, \
                 payload_style, gen_random_uuid(), n, 'live', 'pending', due, created_at \
             FROM webhooks.deliveries, generate_series(1, 20000) n",
        )
        .await;
    let before = world.deliveries_read().await;
    world.receiver.hold("a");
    let running = world.start();
    for _ in 0..48 {
        world.product().await;
    }
    world.fan_out().await;
    // Many at once: it is for the results that are written together that Postgres has a choice.
    world.receiver.until("a", 1 + 16).await;
    world.receiver.let_go("a");
    world.until_attempts(1 + 48).await;
    world.until(SETTLED).await;
    running.stop().await;
    // The gauges count all that is pending now and then, whatever happens.
    let cost = world.deliveries_read().await - before;
    assert!(cost < 120_000, "{cost} rows read for 48 results");
    world.end().await;
}

#[tokio::test]
async fn many_of_one_aggregate_go_one_after_the_other_and_none_is_looked_at_again_and_again() {
    let mut world = World::new("crowd_hot").await;
    let endpoint = endpoint(&mut world, DeliveryOrder::Ordered).await;
    world.receiver.hold("a");
    let hot = world.product().await;
    let running = world.start();
    world.fan_out().await;
    world.receiver.until("a", 1).await;
    crowd(&world, endpoint, hot.0, 600).await;
    world.until("SELECT count(*) > 580 FROM webhooks.deliveries WHERE blocked").await;
    world.receiver.let_go("a");
    world.until_quiet().await;
    let positions = world.receiver.positions("a");
    assert_eq!(positions.len(), 601);
    assert!(positions.is_sorted());
    assert_eq!(world.value::<i64>("SELECT count(*) FROM webhooks.deliveries WHERE blocked").await, 0);
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn what_waits_is_found_by_the_successor_of_one_who_died() {
    let mut world = World::new("crowd_crash").await;
    let endpoint = endpoint(&mut world, DeliveryOrder::Ordered).await;
    world.receiver.hold("a");
    let hot = world.product().await;
    let running = world.start();
    world.fan_out().await;
    world.receiver.until("a", 1).await;
    crowd(&world, endpoint, hot.0, 100).await;
    world.until("SELECT count(*) > 80 FROM webhooks.deliveries WHERE blocked").await;
    running.kill().await;
    // It was committed, and its holder died before it took away the next one's mark.
    world
        .execute(
            "UPDATE webhooks.deliveries SET state = 'delivered', finished_at = due, attempts = 1 \
             WHERE NOT blocked",
        )
        .await;
    world.receiver.let_go("a");
    world.expire_leases().await;
    let running = world.start();
    world.until_quiet().await;
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn what_waits_goes_at_once_when_the_order_no_longer_matters() {
    let mut world = World::new("crowd_order").await;
    world.settings.schedule.truncate(1);
    let endpoint = endpoint(&mut world, DeliveryOrder::Strict).await;
    world.receiver.answer_status("a", 400);
    let stuck = world.product().await;
    let running = world.start();
    world.fan_out().await;
    world.until("SELECT count(*) = 1 FROM webhooks.deliveries WHERE state = 'failed'").await;
    world.until(SETTLED).await;
    crowd(&world, endpoint, stuck.0, 100).await;
    world.until("SELECT count(*) = 100 FROM webhooks.deliveries WHERE blocked").await;
    world.until(SETTLED).await;
    world.receiver.answer("a", |_| respond(200, &[]));
    let mut details = world.details("a");
    details.delivery_order = DeliveryOrder::BestEffort;
    world.tell(endpoint, WebhookEndpointEvent::WebhookEndpointRevised { details }).await;
    world.fan_out().await;
    world.until("SELECT count(*) = 100 FROM webhooks.deliveries WHERE state = 'delivered'").await;
    world.until(SETTLED).await;
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_ping_to_a_disabled_endpoint_does_not_read_what_waits_for_it() {
    let mut world = World::new("crowd_ping").await;
    let endpoint = endpoint(&mut world, DeliveryOrder::Ordered).await;
    let product = world.product().await;
    let reason = events::webhook_endpoint::DisabledReason::Owner;
    world.fan_out().await;
    world.tell(endpoint, WebhookEndpointEvent::WebhookEndpointDisabled { reason }).await;
    world.fan_out().await;
    crowd(&world, endpoint, product.0, 20_000).await;
    let before = world.deliveries_read().await;
    let running = world.start();
    let ping_id = world.id();
    world.tell(endpoint, WebhookEndpointEvent::WebhookPingRequested { ping_id }).await;
    world.fan_out().await;
    world.receiver.until("a", 1).await;
    world.until(SETTLED).await;
    running.stop().await;
    let cost = world.deliveries_read().await - before;
    // Once by the gauges, which count all that is pending.
    assert!(cost < 30_000, "{cost} rows read");
    world.end().await;
}
