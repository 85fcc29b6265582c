//! Endpoints that fail for days, travelled through.

use chrono::{DateTime, TimeDelta, Utc};
use events::webhook_endpoint::{DisabledReason, WebhookEndpointEvent};

use crate::world::{AskedFor, World};

#[tokio::test]
async fn ten_attempts_over_seventy_five_hours_and_then_it_has_failed() {
    let mut world = World::new("schedule").await;
    world.endpoint("a").await;
    world.receiver.answer_status("a", 400);
    let running = world.start();
    world.product().await;
    world.fan_out().await;
    let begun = world.now();
    let schedule = world.settings.schedule.clone();
    for (made, wait) in (1_i64..).zip(schedule.iter().skip(1)) {
        world.until_attempts(made).await;
        world.settled().await;
        let due: DateTime<Utc> = world.value("SELECT due FROM webhooks.lanes").await;
        assert_eq!(due, world.now() + *wait, "after {made}");
        world.advance(*wait);
    }
    world.until_quiet().await;
    assert_eq!(world.value::<String>("SELECT state FROM webhooks.deliveries").await, "failed");
    let attempts: Vec<DateTime<Utc>> =
        sqlx::query_scalar("SELECT attempted_at FROM webhooks.attempts ORDER BY number")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    assert_eq!(attempts.len(), 10);
    let took = TimeDelta::hours(75) + TimeDelta::minutes(35) + TimeDelta::seconds(5);
    assert_eq!((attempts[0], attempts[9]), (begun, begun + took));
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn what_a_lane_has_felt_outlives_changes_that_say_nothing_about_it() {
    let mut world = World::new("felt").await;
    // The lane does not look by itself before the answer is there.
    world.settings.poll = std::time::Duration::from_mins(10);
    let endpoint = world.endpoint("a").await;
    world.receiver.answer_status("a", 400);
    world.receiver.hold("a");
    let running = world.start();
    world.product().await;
    world.fan_out().await;
    world.receiver.until("a", 1).await;
    // While the request is under way, the fan-out tells of a secret that says nothing about the receiver.
    let secret_id = world.secret(endpoint).await;
    let former_valid_until = world.now() + TimeDelta::hours(24);
    world.tell(endpoint, WebhookEndpointEvent::WebhookSecretRotated { secret_id, former_valid_until }).await;
    let mut tx = platform::db::begin(&world.worker).await.unwrap();
    world.fan_out_in_tx(&mut tx).await;
    tx.commit().await.unwrap();
    world.receiver.let_go("a");
    world.until_attempts(1).await;
    world.settled().await;
    let felt = "SELECT failures = 1 AND failing_since IS NOT NULL FROM webhooks.lanes";
    assert!(world.value::<bool>(felt).await);
    // The owner's own warning is nothing that a lane must look at.
    let (since, disabled_at) = (world.now(), world.now() + TimeDelta::days(5));
    let revision = world.value::<i64>("SELECT revision FROM webhooks.lanes").await;
    let failing =
        WebhookEndpointEvent::WebhookEndpointFailing { since, warning: 1, failures: 1, disabled_at };
    world.tell(endpoint, failing).await;
    world.fan_out().await;
    assert_eq!(world.value::<i64>("SELECT revision FROM webhooks.lanes").await, revision);
    assert!(world.value::<bool>(felt).await);
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn the_owner_is_warned_thrice_and_after_five_days_it_is_disabled() {
    let mut world = World::new("failing").await;
    let endpoint = world.endpoint("a").await;
    world.receiver.answer_status("a", 500);
    let running = world.start();
    let since = world.now();
    let mut told = Vec::new();
    for hour in 0..130 {
        if hour % 4 == 0 {
            world.product().await;
            world.fan_out().await;
        }
        let is_over = |asked: &[AskedFor]| matches!(asked.last(), Some(AskedFor::Disable(..)));
        world.settled_or_asked(is_over).await;
        while told.len() < world.commands.asked().len() {
            told.push(world.now() - since);
        }
        if is_over(&world.commands.asked()) {
            break;
        }
        world.advance(TimeDelta::hours(1));
    }
    let asked = world.commands.asked();
    assert_eq!(asked.len(), 4, "{asked:?}");
    let disabled_at = since + TimeDelta::hours(120);
    for (number, warning) in (1..).zip(&asked[..3]) {
        let AskedFor::Failing { endpoint_id, since: from, disabled_at: at, failures, warning } = warning
        else {
            panic!("{warning:?}");
        };
        assert_eq!((*endpoint_id, *from, *at), (endpoint, since, disabled_at));
        assert!(*failures > 0);
        assert_eq!(*warning, number);
    }
    assert_eq!(asked[3], AskedFor::Disable(endpoint, DisabledReason::Failing));
    let hours: Vec<i64> = told.iter().map(TimeDelta::num_hours).collect();
    assert_eq!(hours, [1, 24, 72, 120]);

    let reason = DisabledReason::Failing;
    world.tell(endpoint, WebhookEndpointEvent::WebhookEndpointDisabled { reason }).await;
    world.fan_out().await;
    world.until("SELECT due IS NULL AND holder IS NULL FROM webhooks.lanes").await;
    // Enabled again: what failed before counts no more.
    world.receiver.answer_status("a", 200);
    world.tell(endpoint, WebhookEndpointEvent::WebhookEndpointEnabled {}).await;
    world.fan_out().await;
    world.until("SELECT failing_since IS NULL AND failures = 0 AND last_success_at IS NOT NULL FROM webhooks.lanes").await;
    running.stop().await;
    world.end().await;
}
