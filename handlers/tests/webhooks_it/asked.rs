//! What owners ask of an endpoint, and what receivers ask of us.

use std::{sync::atomic::Ordering, time::Duration};

use chrono::TimeDelta;
use events::webhook_endpoint::{DisabledReason, EndpointOwner, WebhookEndpointEvent};
use http::Method;
use uuid::Uuid;

use crate::{
    receiver::respond,
    world::{AskedFor, World},
};

async fn disabled(world: &mut World, endpoint: Uuid, reason: DisabledReason) {
    world.tell(endpoint, WebhookEndpointEvent::WebhookEndpointDisabled { reason }).await;
    world.fan_out().await;
}

#[tokio::test]
async fn a_ping_reaches_an_endpoint_that_is_active_or_disabled() {
    let mut world = World::new("ping").await;
    let endpoint = world.endpoint("a").await;
    let running = world.start();
    let first: Uuid = world.id();
    world.tell(endpoint, WebhookEndpointEvent::WebhookPingRequested { ping_id: first }).await;
    world.fan_out().await;
    world.until_quiet().await;
    disabled(&mut world, endpoint, DisabledReason::Owner).await;
    let second: Uuid = world.id();
    world.tell(endpoint, WebhookEndpointEvent::WebhookPingRequested { ping_id: second }).await;
    world.fan_out().await;
    world.until_quiet().await;
    let received = world.receiver.received("a");
    let ids: Vec<String> = received.iter().map(super::receiver::Received::id).collect();
    assert_eq!(ids, [first.to_string(), second.to_string()]);
    let body: serde_json::Value = serde_json::from_slice(&received[0].body).unwrap();
    assert_eq!(body["type"], "iris.webhook.ping.v1");
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_delivery_is_sent_again_with_the_same_id_when_its_owner_asks() {
    let mut world = World::new("retry").await;
    let endpoint = world.endpoint("a").await;
    let running = world.start();
    world.product().await;
    world.fan_out().await;
    world.until_quiet().await;
    let delivery_id = world.value("SELECT delivery_id FROM webhooks.deliveries").await;
    world.tell(endpoint, WebhookEndpointEvent::WebhookDeliveryRetryRequested { delivery_id }).await;
    world.fan_out().await;
    world.until_quiet().await;
    let received = world.receiver.received("a");
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].id(), received[1].id());
    assert_eq!(received[1].header("iris-attempt"), "2");
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_retry_is_let_through_an_open_breaker() {
    let mut world = World::new("retry_open").await;
    world.settings.breaker_failures = 1;
    let mut details = world.details("a");
    details.in_flight_max = 1;
    let endpoint = world.endpoint_with(EndpointOwner::Platform, details, false).await;
    world.receiver.answer_status("a", 500);
    let running = world.start();
    world.product().await;
    world.product().await;
    world.fan_out().await;
    world.until_attempts(1).await;
    world.settled().await;
    world.receiver.answer_status("a", 200);
    // The one that has failed, though the other has been due for longer.
    let delivery_id = world.value("SELECT delivery_id FROM webhooks.deliveries WHERE attempts = 1").await;
    world.tell(endpoint, WebhookEndpointEvent::WebhookDeliveryRetryRequested { delivery_id }).await;
    world.fan_out().await;
    world.until_quiet().await;
    assert_eq!(world.receiver.positions("a"), [2, 2, 3]);
    assert_eq!(world.value::<i32>("SELECT breaker_failures FROM webhooks.lanes").await, 0);
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn gone_means_disabled_and_nothing_is_sent_until_it_is() {
    let mut world = World::new("gone").await;
    let mut details = world.details("a");
    details.in_flight_max = 1;
    let endpoint = world.endpoint_with(EndpointOwner::Platform, details, false).await;
    world.receiver.answer_status("a", 410);
    let running = world.start();
    for _ in 0..5 {
        world.product().await;
    }
    world.commands.refuses_for_now.store(true, Ordering::SeqCst);
    world.fan_out().await;
    // The write side has no time: it is asked again.
    world.until_asked(2).await;
    world.commands.refuses_for_now.store(false, Ordering::SeqCst);
    disabled(&mut world, endpoint, DisabledReason::Gone).await;
    world.until("SELECT due IS NULL AND holder IS NULL FROM webhooks.lanes").await;
    assert_eq!(world.receiver.received("a").len(), 1);
    let gone = AskedFor::Disable(endpoint, DisabledReason::Gone);
    assert!(world.commands.asked().iter().all(|asked| *asked == gone));
    let outcome = world.value::<String>("SELECT outcome FROM webhooks.attempts").await;
    assert_eq!(outcome, "gone");
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn an_answer_from_the_former_url_is_not_held_against_the_new_one() {
    let mut world = World::new("former_url").await;
    world.settings.breaker_failures = 1;
    // The former receiver's answer comes late on purpose.
    world.answer_timeout = Duration::from_mins(1);
    let endpoint = world.endpoint("former").await;
    world.receiver.hold("former");
    world.receiver.answer_status("former", 410);
    let running = world.start();
    let product = world.product().await;
    world.fan_out().await;
    world.receiver.until("former", 1).await;

    let details = world.details("new");
    world.tell(endpoint, WebhookEndpointEvent::WebhookEndpointRevised { details }).await;
    world.reprice(product, 1).await;
    let other = world.product().await;
    world.fan_out().await;
    // The lane knows of the new URL once something went there.
    world.receiver.until("new", 1).await;
    world.receiver.let_go("former");
    world.until("SELECT count(*) = 1 FROM webhooks.attempts WHERE outcome = 'gone'").await;
    world.reprice(other, 2).await;
    world.fan_out().await;
    world.until("SELECT failures = 0 AND failing_since IS NULL FROM webhooks.lanes").await;
    world.receiver.until("new", 2).await;
    assert_eq!(world.commands.asked(), [], "nobody is to be disabled");
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_receiver_may_ask_to_be_left_alone_or_to_have_one_event_dropped() {
    let mut world = World::new("control").await;
    let endpoint = world.endpoint("stop").await;
    world.endpoint("drop").await;
    world.receiver.answer("stop", |_| respond(200, &[("webhook-delivery", "disable")]));
    world.receiver.answer("drop", |_| respond(422, &[("webhook-delivery", "abort-message")]));
    let running = world.start();
    world.product().await;
    world.fan_out().await;
    world.until("SELECT count(*) = 2 FROM webhooks.deliveries WHERE state <> 'pending'").await;
    world.until_asked(1).await;
    assert_eq!(world.commands.asked(), [AskedFor::Disable(endpoint, DisabledReason::Gone)]);
    let states = "SELECT string_agg(state, ',' ORDER BY state) FROM webhooks.deliveries";
    assert_eq!(world.value::<String>(states).await, "cancelled,delivered");
    disabled(&mut world, endpoint, DisabledReason::Gone).await;
    world.settled().await;
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let mut world = World::new("redirect").await;
    world.endpoint("a").await;
    let elsewhere = world.receiver.url("elsewhere");
    world.receiver.answer("a", move |_| respond(307, &[("location", &elsewhere)]));
    let running = world.start();
    world.product().await;
    world.fan_out().await;
    world.until_attempts(1).await;
    world.settled().await;
    assert_eq!(world.value::<String>("SELECT outcome FROM webhooks.attempts").await, "redirect");
    assert!(world.receiver.received("elsewhere").is_empty());
    assert_eq!(world.value::<String>("SELECT state FROM webhooks.deliveries").await, "pending");
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn nothing_is_sent_before_the_receiver_agreed() {
    let mut world = World::new("handshake").await;
    world.receiver.answer_status("a", 404);
    let details = world.details("a");
    let endpoint = world.endpoint_with(EndpointOwner::Platform, details, true).await;
    let running = world.start();
    let product = world.product().await;
    world.tell(endpoint, WebhookEndpointEvent::WebhookPingRequested { ping_id: Uuid::from_u128(9) }).await;
    world.fan_out().await;
    world.receiver.until("a", 1).await;
    world.settled().await;
    assert!(world.commands.asked().is_empty());

    world.receiver.answer("a", |_| {
        respond(200, &[("webhook-allowed-origin", "iris.test"), ("webhook-allowed-rate", "6000")])
    });
    world.advance(TimeDelta::minutes(1));
    world.until_asked(1).await;
    assert_eq!(world.commands.asked(), [AskedFor::Verify(endpoint, world.receiver.url("a"), Some(6_000))]);
    let asked = world.receiver.received("a");
    assert!(asked.iter().all(|request| request.method == Method::OPTIONS), "nothing but questions");
    assert_eq!(asked[1].header("webhook-request-origin"), "iris.test");
    assert_eq!(asked[1].header("webhook-request-rate"), "600");

    let agreed = WebhookEndpointEvent::WebhookEndpointVerified { rate_per_minute_max: Some(6_000) };
    world.tell(endpoint, agreed).await;
    let heard = world.reprice(product, 1).await;
    world.fan_out().await;
    world.until_attempts(1).await;
    // A hundred a second and no more: the clock stands still, so the second one waits for it.
    world.advance(TimeDelta::seconds(1));
    world.until_quiet().await;
    let sent = world.receiver.positions("a");
    assert_eq!(sent.len(), 2, "the ping that had waited, and what happened since: {sent:?}");
    assert!(sent.contains(&heard));
    running.stop().await;
    world.end().await;
}
