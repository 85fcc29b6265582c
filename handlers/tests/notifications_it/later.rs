//! What is told later: the end of a trial, two days before it.

use chrono::TimeDelta;
use events::values::{MemberRole, NotificationPreferences};

use super::{documented_resend::DocumentedResend, market::Market, world::World};

async fn approved(
    test: &str,
) -> (World, DocumentedResend, std::sync::Arc<handlers::notifications::Notifications>) {
    let mut world = World::new(test).await;
    let market = Market::new(&world, "Krog", "Grönt AB").await;
    for (email, role) in
        [("owner@krog.example", MemberRole::Owner), ("staff@krog.example", MemberRole::Staff)]
    {
        let account = world.account(email, NotificationPreferences::default()).await;
        market.works_for(&world, account, market.restaurant, role).await;
    }
    let resend = DocumentedResend::start([]).await;
    let notifications = world.with_mail(&resend.url);
    let event = market.approved(&mut world);
    world.tell(&notifications, vec![event.clone()]).await;
    world.tell(&notifications, vec![event]).await;
    let told =
        "SELECT count(*) = 2 AND bool_and(kind = 'restaurant_approved') FROM notifications.notifications";
    assert!(world.value::<bool>(told).await, "the trial's end is not in the inbox yet");
    let kept = "SELECT count(*) FROM notifications.scheduled WHERE due = '2026-11-25T09:00:00Z'";
    assert_eq!(world.value::<i64>(kept).await, 1);
    (world, resend, notifications)
}

#[tokio::test]
async fn a_trials_end_is_told_to_owners_two_days_before_by_one_of_two_processes() {
    let (world, resend, notifications) = approved("trial").await;
    let other = world.with_mail(&resend.url);
    world.advance(TimeDelta::days(5));
    let (one, two) = (World::start(&notifications), World::start(&other));
    world
        .until("SELECT count(*) = 3 FROM notifications.messages WHERE channel = 'email' AND state = 'sent'")
        .await;
    one.stop().await;
    two.stop().await;
    let subjects: Vec<String> = resend
        .mails()
        .iter()
        .filter(|mail| mail["tags"][0]["value"] == "trial_ending")
        .map(|mail| format!("{} {}", mail["to"][0], mail["text"]))
        .collect();
    assert_eq!(subjects.len(), 1, "{subjects:?}");
    assert!(subjects[0].contains("owner@krog.example"), "{subjects:?}");
    assert!(subjects[0].contains("27 november 2026 kl. 10:00"), "{subjects:?}");
    assert_eq!(world.value::<i64>("SELECT count(*) FROM notifications.scheduled").await, 0);
    world.end().await;
}

#[tokio::test]
async fn that_a_trial_has_ended_is_told_to_owners_alone() {
    let (mut world, _resend, notifications) = approved("ended").await;
    let market = Market::new(&world, "Bistro", "Blått AB").await;
    let owner = world.account("owner@bistro.example", NotificationPreferences::default()).await;
    let staff = world.account("staff@bistro.example", NotificationPreferences::default()).await;
    market.works_for(&world, owner, market.restaurant, MemberRole::Owner).await;
    market.works_for(&world, staff, market.restaurant, MemberRole::Staff).await;
    let ended = market.trial_ended(&mut world);
    world.tell(&notifications, vec![ended.clone()]).await;
    world.tell(&notifications, vec![ended]).await;
    let told: Vec<(uuid::Uuid, String)> = sqlx::query_as(
        "SELECT account_id, title FROM notifications.notifications WHERE kind = 'trial_ended'",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    assert_eq!(told, [(owner.0, "Provperioden för Bistro är slut".to_owned())]);
    world.end().await;
}

#[tokio::test]
async fn a_trials_end_is_not_told_of_a_restaurant_that_may_no_longer_order() {
    let (world, _resend, notifications) = approved("suspended").await;
    world
        .execute("UPDATE read.restaurants SET state = jsonb_set(state, '{state,status}', '\"suspended\"')")
        .await;
    world.advance(TimeDelta::days(5));
    let running = World::start(&notifications);
    world.until("SELECT count(*) = 0 FROM notifications.scheduled").await;
    running.stop().await;
    let told = "SELECT count(*) FROM notifications.notifications WHERE kind = 'trial_ending'";
    assert_eq!(world.value::<i64>(told).await, 0);
    world.end().await;
}
