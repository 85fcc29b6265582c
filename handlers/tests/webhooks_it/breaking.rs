//! Receivers that are slow, overrun, broken or dead.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::Response,
};
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt as _, stream};

use crate::{receiver::respond, world::World};

#[tokio::test]
async fn five_failures_open_the_breaker_and_then_one_at_a_time_is_tried() {
    let mut world = World::new("breaker").await;
    let mut details = world.details("a");
    details.in_flight_max = 1;
    world.endpoint_with(events::webhook_endpoint::EndpointOwner::Platform, details, false).await;
    world.receiver.answer_status("a", 500);
    let running = world.start();
    for _ in 0..20 {
        world.product().await;
    }
    world.fan_out().await;
    world.until_attempts(5).await;
    world.settled().await;
    assert_eq!(world.receiver.received("a").len(), 5);
    let due: DateTime<Utc> = world.value("SELECT due FROM webhooks.lanes").await;
    assert_eq!(due, world.now() + TimeDelta::seconds(30));

    world.advance(TimeDelta::seconds(30));
    world.until_attempts(6).await;
    world.settled().await;
    assert_eq!(world.receiver.received("a").len(), 6);
    let due: DateTime<Utc> = world.value("SELECT due FROM webhooks.lanes").await;
    assert_eq!(due, world.now() + TimeDelta::seconds(60));

    world.receiver.answer_status("a", 200);
    world.advance(TimeDelta::seconds(60));
    // One is let through, and the rest on its heels; those that failed before have waited long enough, too.
    world.until_attempts(20).await;
    world.advance(TimeDelta::minutes(5));
    world.until_quiet().await;
    assert_eq!(
        world.value::<i64>("SELECT count(*) FROM webhooks.deliveries WHERE state = 'delivered'").await,
        20
    );
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_dead_endpoint_with_much_overdue_is_one_row_that_is_not_due() {
    let mut world = World::new("dead").await;
    let dead = world.endpoint("dead").await;
    world.endpoint("healthy").await;
    let product = world.product().await;
    world.fan_out().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut details = world.details("dead");
    details.url = format!("http://{closed}/dead");
    world
        .tell(dead, events::webhook_endpoint::WebhookEndpointEvent::WebhookEndpointRevised { details })
        .await;
    world.fan_out().await;
    // As if it had been dead for a long time.
    world
        .execute(&format!(
            "INSERT INTO webhooks.deliveries (delivery_id, endpoint_id, event_id, event_type, payload_style, \
                 aggregate_id, position, origin, state, due, created_at) \
             SELECT gen_random_uuid(), '{dead}', gen_random_uuid(), event_type, payload_style, gen_random_uuid(), \
                 position, origin, 'pending', due - interval '1 day', created_at \
             FROM webhooks.deliveries, generate_series(1, 20000) WHERE endpoint_id = '{dead}'"
        ))
        .await;
    world
        .execute(
            "INSERT INTO webhooks.messages (event_id, payload_style, body) \
             SELECT event_id, payload_style, '{}' FROM webhooks.deliveries ON CONFLICT DO NOTHING",
        )
        .await;
    let running = world.start();
    for cents in 0..200 {
        world.reprice(product, cents).await;
    }
    world.fan_out().await;
    world.until(&format!(
        "SELECT count(*) = 201 FROM webhooks.deliveries WHERE endpoint_id <> '{dead}' AND state = 'delivered'"
    ))
    .await;
    world.settled().await;
    let attempts = format!(
        "SELECT sum(attempts) FROM webhooks.deliveries WHERE endpoint_id = '{dead}' AND attempts > 0"
    );
    let wasted = world.value::<i64>(&attempts).await;
    assert!((5..=16).contains(&wasted), "{wasted} attempts at the dead");
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn retry_after_is_obeyed_and_opens_nothing() {
    let mut world = World::new("retry_after").await;
    world.endpoint("a").await;
    world.endpoint("greedy").await;
    world.receiver.answer("a", |_| respond(429, &[("retry-after", "600")]));
    world.receiver.answer("greedy", |_| respond(503, &[("retry-after", "99999999")]));
    let running = world.start();
    for _ in 0..7 {
        world.product().await;
    }
    world.fan_out().await;
    world.until_attempts(14).await;
    world.settled().await;
    let wait = "SELECT array_agg(DISTINCT extract(epoch FROM d.due - a.attempted_at)::bigint ORDER BY 1) \
                FROM webhooks.attempts a JOIN webhooks.deliveries d USING (delivery_id)";
    let waits: Vec<i64> =
        sqlx::query_scalar(&wait.replace(" ORDER BY 1", "")).fetch_one(&world.pool).await.unwrap();
    assert_eq!(waits, [600, 24 * 3_600]);
    assert_eq!(world.value::<i64>("SELECT sum(breaker_failures) FROM webhooks.lanes").await, 0);
    assert_eq!(world.value::<i64>("SELECT sum(failures)::bigint FROM webhooks.lanes").await, 14);
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn of_an_endless_answer_the_beginning_is_kept_and_a_dripping_one_is_cut() {
    let mut world = World::new("bodies").await;
    world.answer_timeout = Duration::from_millis(300);
    world.endpoint("endless").await;
    world.endpoint("dripping").await;
    world.receiver.answer("endless", |_| {
        let chunks = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 4_096])));
        Response::new(Body::from_stream(chunks))
    });
    world.receiver.answer("dripping", |_| {
        let drop = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"x"))]);
        Response::new(Body::from_stream(drop.chain(stream::pending())))
    });
    let running = world.start();
    world.product().await;
    world.fan_out().await;
    world.until_attempts(2).await;
    world.settled().await;
    let outcome = "SELECT string_agg(outcome || octet_length(response_body), ',' ORDER BY outcome) \
                   FROM webhooks.attempts";
    assert_eq!(world.value::<String>(outcome).await, "delivered16384,timeout0");
    running.stop().await;
    world.end().await;
}
