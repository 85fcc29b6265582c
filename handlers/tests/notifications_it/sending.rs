//! Mails: never lost, never twice, as fast as the provider lets us.

use std::{collections::HashSet, sync::Arc};

use chrono::TimeDelta;
use events::values::{MemberRole, NotificationPreferences};
use handlers::notifications::Notifications;
use platform::clock::{Clock as _, SystemClock};

use super::{
    documented_resend::{DocumentedResend, Does},
    market::Market,
    world::{World, until},
};

const ALL_SENT: &str = "SELECT count(*) > 0 AND bool_and(state = 'sent') FROM notifications.messages \
                        WHERE channel = 'email'";

async fn started(test: &str, script: Vec<Does>) -> (World, Market, DocumentedResend, Arc<Notifications>) {
    let world = World::new(test).await;
    let market = Market::new(&world, "Krog", "Grönt AB").await;
    let owner = world.account("anna@grönt.example", NotificationPreferences::default()).await;
    market.works_for(&world, owner, market.supplier, MemberRole::Owner).await;
    let resend = DocumentedResend::start(script).await;
    let notifications = world.with_mail(&resend.url);
    (world, market, resend, notifications)
}

async fn place(world: &mut World, market: &Market, notifications: &Notifications, count: usize) {
    let events = (0..count).map(|_| market.placed(world)).collect();
    world.tell(notifications, events).await;
}

/// One mail arrived, however often it was asked for; always the same was asked.
fn assert_one_mail(resend: &DocumentedResend, asked_times: usize) {
    let asked = resend.asked();
    assert_eq!(asked.len(), asked_times);
    assert_eq!(resend.mails().len(), 1);
    assert!(asked.iter().all(|one| one.key == asked[0].key && one.body == asked[0].body));
}

#[tokio::test]
async fn a_mail_has_what_resend_and_mail_programs_need() {
    let (mut world, market, resend, notifications) = started("mail", vec![]).await;
    let events = vec![market.placed(&mut world), market.failing(&mut world)];
    world.tell(&notifications, events).await;
    let running = World::start(&notifications);
    world.until(ALL_SENT).await;
    running.stop().await;

    let asked = resend.asked();
    let of = |kind: &str| asked.iter().find(|one| one.body["tags"][0]["value"] == kind).unwrap();
    let order = of("order_placed");
    let id: String =
        world.value("SELECT message_id::text FROM notifications.messages WHERE kind = 'order_placed' AND channel = 'email'").await;
    assert_eq!(order.key, format!("notif/{id}"));
    assert_eq!(order.body["to"][0], "anna@grönt.example");
    assert_eq!(order.body["from"], "Iris <no-reply@iris.example>");
    assert!(order.headers["user-agent"].to_str().unwrap().starts_with("iris/"));
    let link = order.body["headers"]["List-Unsubscribe"].as_str().unwrap();
    assert_eq!(order.body["headers"]["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click");
    let token = link.strip_prefix("<https://iris.example/api/v1/unsubscribe?token=").unwrap();
    let key = platform::link_token::LinkKey::derive(&super::world::SECRET.to_owned().into());
    let account: String = world.value("SELECT account_id::text FROM read.accounts").await;
    let payload = key.verify(platform::link_token::UNSUBSCRIBE, token.trim_end_matches('>'));
    assert_eq!(payload, Some(format!("{account}:order_placed")));
    // What is critical cannot be ended.
    assert!(of("webhook_endpoint_failing").body.get("headers").is_none());

    let known = "SELECT bool_and(provider_id LIKE 're-%') FROM notifications.messages WHERE state = 'sent'";
    assert!(world.value::<bool>(known).await);
    world.assert_nothing_is_left().await;
    world.end().await;
}

#[tokio::test]
async fn a_mail_that_was_taken_and_answered_with_an_error_arrives_once() {
    let (mut world, market, resend, notifications) =
        started("taken", vec![Does::FailAfterTaking, Does::Refuse(409, "concurrent_idempotent_requests")])
            .await;
    place(&mut world, &market, &notifications, 1).await;
    let running = World::start(&notifications);
    for attempt in 1..=2 {
        let tried = format!(
            "SELECT attempts = {attempt} AND due > created_at AND uncertain_since IS NOT NULL \
             FROM notifications.messages WHERE channel = 'email'"
        );
        until("it was asked", || resend.asked().len() == attempt).await;
        world.until(&tried).await;
        world.until("SELECT max(due) > '2026-11-20T09:00:00Z' FROM notifications.messages").await;
        world.advance(TimeDelta::minutes(1 << attempt));
    }
    world.until(ALL_SENT).await;
    running.stop().await;
    assert_one_mail(&resend, 3);
    world.end().await;
}

#[tokio::test]
async fn a_mail_that_was_taken_in_silence_arrives_once() {
    let (mut world, market, resend, notifications) = started("silence", vec![Does::SilenceAfterTaking]).await;
    place(&mut world, &market, &notifications, 1).await;
    let running = World::start(&notifications);
    world.until("SELECT reason = 'timeout' FROM notifications.messages WHERE channel = 'email'").await;
    world.advance(TimeDelta::minutes(1));
    world.until(ALL_SENT).await;
    running.stop().await;
    assert_one_mail(&resend, 2);
    world.end().await;
}

#[tokio::test]
async fn a_process_that_is_killed_between_sending_and_recording_loses_and_doubles_nothing() {
    let (mut world, market, resend, notifications) = started("killed", vec![Does::SilenceAfterTaking]).await;
    place(&mut world, &market, &notifications, 1).await;
    let running = World::start(&notifications);
    until("the mail was taken", || resend.mails().len() == 1).await;
    running.kill().await;
    let known = "SELECT state = 'queued' AND attempts = 1 AND uncertain_since IS NOT NULL \
                 FROM notifications.messages WHERE channel = 'email'";
    assert!(world.value::<bool>(known).await, "{:?}", world.messages().await);

    // Another process, once the dead one's lease has run out.
    let successor = world.with_mail(&resend.url);
    let running = World::start(&successor);
    world.until(ALL_SENT).await;
    running.stop().await;
    assert_one_mail(&resend, 2);
    world.end().await;
}

#[tokio::test]
async fn two_processes_send_every_mail_once() {
    let (mut world, market, resend, notifications) = started("two", vec![]).await;
    place(&mut world, &market, &notifications, 40).await;
    let other = world.with_mail(&resend.url);
    let (one, two) = (World::start(&notifications), World::start(&other));
    world.until(ALL_SENT).await;
    one.stop().await;
    two.stop().await;
    assert_eq!(resend.asked().len(), 40);
    assert_eq!(resend.mails().len(), 40);
    world.end().await;
}

#[tokio::test]
async fn a_process_that_stops_hands_the_channel_to_the_next_at_once() {
    let (mut world, market, resend, notifications) = started("handing_over", vec![]).await;
    place(&mut world, &market, &notifications, 1).await;
    let running = World::start(&notifications);
    world.until(ALL_SENT).await;
    running.stop().await;
    let free = "SELECT bool_and(holder IS NULL) FROM notifications.channels";
    assert!(world.value::<bool>(free).await);
    assert_eq!(resend.mails().len(), 1);
    world.end().await;
}

#[tokio::test]
async fn too_fast_means_waiting_as_long_as_the_provider_says() {
    let (mut world, market, resend, notifications) = started("too_fast", vec![Does::TooFast(30)]).await;
    place(&mut world, &market, &notifications, 1).await;
    let running = World::start(&notifications);
    until("it was asked", || resend.asked().len() == 1).await;
    // No attempt of the message's: it did nothing wrong.
    world
        .until(
            "SELECT attempts = 0 AND uncertain_since IS NULL FROM notifications.messages \
             WHERE channel = 'email' AND state = 'queued'",
        )
        .await;
    world.advance(TimeDelta::seconds(29));
    place(&mut world, &market, &notifications, 1).await;
    world.looked_again().await;
    assert_eq!(resend.asked().len(), 1);
    world.advance(TimeDelta::seconds(1));
    world.until(ALL_SENT).await;
    running.stop().await;
    assert_eq!(resend.mails().len(), 2);
    world.end().await;
}

#[tokio::test]
async fn what_the_provider_allows_is_what_is_sent() {
    let (mut world, market, resend, notifications) =
        started("allowance", vec![Does::Allow { left: 0, seconds: 60 }]).await;
    place(&mut world, &market, &notifications, 1).await;
    let running = World::start(&notifications);
    world.until(ALL_SENT).await;
    place(&mut world, &market, &notifications, 3).await;
    world.advance(TimeDelta::seconds(59));
    world.looked_again().await;
    // Nothing is taken in hand before the window ends.
    let untouched = "SELECT bool_and(attempts = 0) FROM notifications.messages WHERE state = 'queued'";
    assert!(world.value::<bool>(untouched).await);
    world.advance(TimeDelta::seconds(1));
    world.until(ALL_SENT).await;
    running.stop().await;
    assert_eq!(resend.mails().len(), 4);
    world.end().await;
}

#[tokio::test]
async fn a_used_up_quota_pauses_the_channel_and_one_mail_an_hour_asks_for_a_new_one() {
    let (mut world, market, resend, notifications) =
        started("quota", vec![Does::Refuse(429, "monthly_quota_exceeded"); 2]).await;
    place(&mut world, &market, &notifications, 1).await;
    let running = World::start(&notifications);
    let paused = "SELECT paused_until = '2026-11-20T10:00:00Z' AND pause_reason = 'monthly_quota_exceeded' \
                  FROM notifications.channels WHERE channel = 'email'";
    world.until(paused).await;
    place(&mut world, &market, &notifications, 2).await;
    assert_eq!(world.value::<i64>("SELECT count(*) FROM notifications.notifications").await, 3);
    world.advance(TimeDelta::minutes(59));
    world.looked_again().await;
    let untouched = "SELECT bool_and(attempts = 0) FROM notifications.messages WHERE state = 'queued'";
    assert!(world.value::<bool>(untouched).await);
    assert_eq!(resend.asked().len(), 1);
    world.advance(TimeDelta::minutes(1));
    world.until(&paused.replace("10:00", "11:00")).await;
    world.looked_again().await;
    assert_eq!(resend.asked().len(), 2, "one alone went ahead");
    world.advance(TimeDelta::hours(1));
    world.until(ALL_SENT).await;
    running.stop().await;
    assert_eq!(resend.mails().len(), 3);
    world.end().await;
}

#[tokio::test]
async fn a_key_or_sender_that_is_refused_costs_no_mail() {
    let (mut world, market, resend, notifications) =
        started("our_fault", vec![Does::Refuse(403, "validation_error"); 4]).await;
    place(&mut world, &market, &notifications, 3).await;
    let running = World::start(&notifications);
    let paused = "SELECT paused_until = '2026-11-20T09:05:00Z' AND pause_reason = 'validation_error' \
                  FROM notifications.channels WHERE channel = 'email'";
    world.until(paused).await;
    // As if they had never been tried.
    world
        .until(
            "SELECT bool_and(state = 'queued' AND attempts = 0 AND uncertain_since IS NULL \
                             AND reason = 'validation_error') \
             FROM notifications.messages WHERE channel = 'email'",
        )
        .await;
    world.advance(TimeDelta::minutes(4));
    world.looked_again().await;
    assert_eq!(resend.asked().len(), 3);
    world.advance(TimeDelta::minutes(2));
    world.until(&paused.replace("09:05", "09:11")).await;
    world.looked_again().await;
    assert_eq!(resend.asked().len(), 4, "one alone went ahead");
    // By then it is mended.
    world.advance(TimeDelta::minutes(6));
    world.until(ALL_SENT).await;
    running.stop().await;
    assert_eq!((resend.asked().len(), resend.mails().len()), (7, 3));
    let over = "SELECT paused_until IS NULL AND pause_reason IS NULL FROM notifications.channels \
                WHERE channel = 'email'";
    assert!(world.value::<bool>(over).await);
    world.end().await;
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_tried_again() {
    let (mut world, market, resend, notifications) =
        started("refused", vec![Does::Refuse(422, "validation_error")]).await;
    place(&mut world, &market, &notifications, 1).await;
    let running = World::start(&notifications);
    world
        .until(
            "SELECT state = 'failed' AND reason = 'validation_error' AND finished_at IS NOT NULL \
             FROM notifications.messages WHERE channel = 'email'",
        )
        .await;
    running.stop().await;
    assert_eq!(resend.asked().len(), 1);
    world.assert_nothing_is_left().await;
    world.end().await;
}

#[tokio::test]
async fn a_provider_that_is_down_costs_no_mail() {
    let (mut world, market, resend, _) = started("down", vec![]).await;
    let nobody = "http://127.0.0.1:1";
    let notifications = world.with_mail(nobody);
    place(&mut world, &market, &notifications, 3).await;
    let running = World::start(&notifications);
    // Where no connection stood, nothing can have been sent.
    world
        .until(
            "SELECT bool_and(reason = 'connect' AND uncertain_since IS NULL AND state = 'queued') \
             FROM notifications.messages WHERE channel = 'email'",
        )
        .await;
    running.stop().await;
    let notifications = world.with_mail(&resend.url);
    world.advance(TimeDelta::minutes(1));
    let running = World::start(&notifications);
    world.until(ALL_SENT).await;
    running.stop().await;
    assert_eq!(resend.mails().len(), 3);
    world.end().await;
}

#[tokio::test]
async fn what_the_provider_may_have_forgotten_is_given_up_and_not_sent_twice() {
    let (mut world, market, resend, notifications) = started("uncertain", vec![Does::FailAfterTaking]).await;
    place(&mut world, &market, &notifications, 1).await;
    let running = World::start(&notifications);
    let uncertain = "SELECT reason = 'application_error' FROM notifications.messages WHERE channel = 'email'";
    world.until(uncertain).await;
    running.stop().await;
    // Nothing ran for a day.
    world.advance(TimeDelta::hours(24));
    let running = World::start(&notifications);
    world
        .until(
            "SELECT state = 'failed' AND reason = 'outcome_unknown_for_23_hours' \
             FROM notifications.messages WHERE channel = 'email'",
        )
        .await;
    running.stop().await;
    assert_one_mail(&resend, 1);
    world.end().await;
}

#[tokio::test]
async fn what_is_critical_goes_first() {
    let (mut world, market, resend, notifications) =
        started("critical", vec![Does::SilenceAfterTaking; 8]).await;
    place(&mut world, &market, &notifications, 20).await;
    let failing = market.failing(&mut world);
    world.tell(&notifications, vec![failing]).await;
    let running = World::start(&notifications);
    until("eight are under way", || resend.asked().len() == 8).await;
    let kinds: HashSet<String> =
        resend.asked().iter().map(|one| one.body["tags"][0]["value"].to_string()).collect();
    assert!(kinds.contains("\"webhook_endpoint_failing\""), "{kinds:?}");
    running.kill().await;
    world.end().await;
}

#[tokio::test]
async fn a_clock_that_was_ahead_for_a_moment_holds_no_mail_back() {
    let (mut world, market, resend, notifications) = started("ahead", vec![]).await;
    // Once as who tells, then as another who sends, and whose clock is the database's.
    world.clock.set(SystemClock.now() + TimeDelta::minutes(40));
    place(&mut world, &market, &notifications, 1).await;
    world.clock.set(SystemClock.now());
    let running = World::start(&notifications);
    world.until(ALL_SENT).await;
    running.stop().await;

    assert_one_mail(&resend, 1);
    world.end().await;
}
