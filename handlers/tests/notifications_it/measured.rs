//! What notifications show of themselves.

use chrono::TimeDelta;
use events::values::{MemberRole, NotificationPreferences};
use metrics_exporter_prometheus::PrometheusBuilder;

use super::{
    documented_resend::{DocumentedResend, Does},
    market::Market,
    world::{World, until},
};

#[tokio::test]
async fn queues_outcomes_and_pauses_are_measured() {
    // All of the test runs on one thread, and so do the tasks that it starts.
    let recorder = PrometheusBuilder::new().build_recorder();
    let measured = recorder.handle();
    let _recording = metrics::set_default_local_recorder(&recorder);

    let mut world = World::new("measured").await;
    let market = Market::new(&world, "Krog", "Grönt AB").await;
    let owner = world.account("anna@grönt.example", NotificationPreferences::default()).await;
    market.works_for(&world, owner, market.supplier, MemberRole::Owner).await;
    let resend = DocumentedResend::start([Does::Refuse(429, "monthly_quota_exceeded")]).await;
    let notifications = world.with_mail(&resend.url);
    let event = market.placed(&mut world);
    world.tell(&notifications, vec![event]).await;
    let running = World::start(&notifications);
    world.until("SELECT paused_until = '2026-11-20T10:00:00Z' FROM notifications.channels WHERE channel = 'email'").await;
    running.stop().await;
    world.advance(TimeDelta::minutes(2));
    // It measures at its start.
    let running = World::start(&notifications);
    let shows = |line: &str| measured.render().lines().any(|found| found == line);
    until("it is measured", || shows(r#"iris_notification_oldest_queued_seconds{channel="email"} 120"#))
        .await;
    running.stop().await;
    for line in [
        r#"iris_notification_queue{channel="email"} 1"#,
        r#"iris_notification_queue{channel="push"} 0"#,
        r#"iris_notification_channel_paused{channel="email"} 1"#,
        r#"iris_notification_channel_paused{channel="push"} 0"#,
        r#"iris_notifications_total{kind="order_placed",channel="in_app",outcome="stored"} 1"#,
        r#"iris_notifications_total{kind="order_placed",channel="email",outcome="now"} 1"#,
        r#"iris_notifications_total{kind="order_placed",channel="email",outcome="quota_exceeded"} 1"#,
        r#"iris_notifications_total{kind="order_placed",channel="push",outcome="suppressed"} 1"#,
    ] {
        assert!(shows(line), "{line} is missing: {}", measured.render());
    }
    world.end().await;
}
