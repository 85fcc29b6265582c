//! Each aggregate's events arrive in their order, whatever fails.

use chrono::TimeDelta;
use events::webhook_endpoint::{DeliveryOrder, WebhookEndpointEvent};

use crate::{receiver::respond, world::World};

#[tokio::test]
async fn an_aggregate_in_order_and_others_beside_it() {
    let mut world = World::new("order").await;
    world.endpoint("a").await;
    world.receiver.hold("a");
    let running = world.start();
    let (one, two) = (world.product().await, world.product().await);
    let mut of_one = vec![1 + 1];
    for cents in 0..10 {
        of_one.push(world.reprice(one, cents).await);
        world.reprice(two, cents).await;
    }
    world.fan_out().await;
    world.receiver.until_waiting(2).await;
    world.receiver.let_go("a");
    world.until_quiet().await;
    assert_eq!(world.receiver.waiting_most(), 2, "one of each aggregate, though eight may be under way");
    let positions = world.receiver.positions("a");
    assert_eq!(positions.len(), 22);
    let heard: Vec<i64> = positions.into_iter().filter(|position| of_one.contains(position)).collect();
    assert_eq!(heard, of_one);
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_failed_one_is_waited_for_until_it_steps_aside() {
    let mut world = World::new("aside").await;
    world.endpoint("a").await;
    let running = world.start();
    let (stuck, other) = (world.product().await, world.product().await);
    let first = world.reprice(stuck, 1).await;
    let second = world.reprice(stuck, 2).await;
    // 400: no reason to open the breaker.
    world
        .receiver
        .answer("a", move |received| respond(if received.position() == first { 400 } else { 200 }, &[]));
    world.fan_out().await;
    world.until_attempts(3).await;
    world.until_released().await;
    assert!(!world.receiver.positions("a").contains(&second));
    let unrelated = world.reprice(other, 3).await;
    world.fan_out().await;
    world.until_attempts(4).await;
    assert!(world.receiver.positions("a").contains(&unrelated));
    world.advance(TimeDelta::seconds(5));
    world.until_attempts(5).await;
    assert!(!world.receiver.positions("a").contains(&second));
    world.advance(TimeDelta::minutes(5));
    // The third failure: it steps aside, and the second event goes.
    world.until_attempts(7).await;
    assert_eq!(world.receiver.positions("a").last(), Some(&second));
    assert!(world.value::<bool>("SELECT bool_or(stepped_aside) FROM webhooks.deliveries").await);
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn strict_waits_for_ever_until_it_is_retried_by_hand() {
    let mut world = World::new("strict").await;
    world.settings.schedule.truncate(2);
    let mut details = world.details("a");
    details.delivery_order = DeliveryOrder::Strict;
    let owner = events::webhook_endpoint::EndpointOwner::Platform;
    let endpoint = world.endpoint_with(owner, details, false).await;
    let running = world.start();
    let stuck = world.product().await;
    let first = world.reprice(stuck, 1).await;
    let second = world.reprice(stuck, 2).await;
    world
        .receiver
        .answer("a", move |received| respond(if received.position() == first { 400 } else { 200 }, &[]));
    world.fan_out().await;
    world.until_attempts(2).await;
    world.advance(TimeDelta::seconds(5));
    world.until("SELECT count(*) = 1 FROM webhooks.deliveries WHERE state = 'failed'").await;
    world.until("SELECT count(*) = 1 FROM webhooks.lanes WHERE holder IS NULL AND due IS NULL").await;
    assert!(!world.receiver.positions("a").contains(&second));
    world.receiver.answer_status("a", 200);
    let delivery_id = world.value("SELECT delivery_id FROM webhooks.deliveries WHERE state = 'failed'").await;
    world.tell(endpoint, WebhookEndpointEvent::WebhookDeliveryRetryRequested { delivery_id }).await;
    world.fan_out().await;
    world.until_quiet().await;
    assert!(world.receiver.positions("a").ends_with(&[first, second]));
    let attempts = format!("SELECT attempts FROM webhooks.deliveries WHERE delivery_id = '{delivery_id}'");
    assert_eq!(world.value::<i32>(&attempts).await, 3);
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn strict_does_not_wait_for_what_was_delivered_and_is_asked_for_again() {
    let mut world = World::new("by_hand").await;
    let mut details = world.details("a");
    details.delivery_order = DeliveryOrder::Strict;
    let owner = events::webhook_endpoint::EndpointOwner::Platform;
    let endpoint = world.endpoint_with(owner, details, false).await;
    let running = world.start();
    let product = world.product().await;
    world.fan_out().await;
    world.until_quiet().await;
    let first = world.receiver.positions("a")[0];
    world
        .receiver
        .answer("a", move |received| respond(if received.position() == first { 400 } else { 200 }, &[]));
    let delivery_id = world.value("SELECT delivery_id FROM webhooks.deliveries").await;
    world.tell(endpoint, WebhookEndpointEvent::WebhookDeliveryRetryRequested { delivery_id }).await;
    world.fan_out().await;
    world.until_attempts(2).await;
    let second = world.reprice(product, 1).await;
    world.fan_out().await;
    world.until_attempts(3).await;
    assert_eq!(world.receiver.positions("a"), [first, first, second]);
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn best_effort_does_not_wait() {
    let mut world = World::new("best_effort").await;
    let mut details = world.details("a");
    details.delivery_order = DeliveryOrder::BestEffort;
    world.endpoint_with(events::webhook_endpoint::EndpointOwner::Platform, details, false).await;
    let running = world.start();
    let product = world.product().await;
    let first = world.reprice(product, 1).await;
    let second = world.reprice(product, 2).await;
    world
        .receiver
        .answer("a", move |received| respond(if received.position() == first { 400 } else { 200 }, &[]));
    world.fan_out().await;
    world.until_attempts(3).await;
    assert!(world.receiver.positions("a").contains(&second));
    running.stop().await;
    world.end().await;
}
