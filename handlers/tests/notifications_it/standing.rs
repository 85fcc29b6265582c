//! What waits is sent as its receiver wants it by then: not at night, not against their choice, and not to
//! somebody who has left.

use chrono::TimeDelta;
use events::values::{
    ChannelChoice, EmailChoice, MemberRole, NotificationKind, NotificationPreferences, QuietHours,
};

use super::{
    documented_resend::{DocumentedResend, Does},
    market::Market,
    world::{World, at},
};

const ALL_SENT: &str = "SELECT count(*) > 0 AND bool_and(state = 'sent') FROM notifications.messages \
                        WHERE channel = 'email'";

fn quiet_at_night(email: EmailChoice) -> NotificationPreferences {
    let choice = ChannelChoice { in_app: true, email, push: false };
    NotificationPreferences {
        quiet_hours: Some(QuietHours { from: "22:00".parse().unwrap(), to: "06:00".parse().unwrap() }),
        digest_at: "20:00".parse().unwrap(),
        choices: [(NotificationKind::OrderPlaced, choice)].into(),
        ..NotificationPreferences::default()
    }
}

#[tokio::test]
async fn a_mail_that_is_tried_again_at_night_waits_for_the_morning() {
    let mut world = World::new("tried_at_night").await;
    let market = Market::new(&world, "Krog", "Grönt AB").await;
    let owner = world.account("anna@grönt.example", quiet_at_night(EmailChoice::Now)).await;
    market.works_for(&world, owner, market.supplier, MemberRole::Owner).await;
    let resend = DocumentedResend::start([Does::Refuse(503, "service_unavailable")]).await;
    let notifications = world.with_mail(&resend.url);
    world.clock.set(at("2026-11-20T20:59:50Z"));
    let event = market.placed(&mut world);
    world.tell(&notifications, vec![event]).await;
    let running = World::start(&notifications);
    world
        .until(
            "SELECT attempts = 1 AND reason = 'service_unavailable' FROM notifications.messages \
             WHERE channel = 'email'",
        )
        .await;
    world.clock.set(at("2026-11-20T21:05:00Z"));
    world
        .until(
            "SELECT attempts = 1 AND due = '2026-11-21T05:00:00Z' FROM notifications.messages \
             WHERE channel = 'email'",
        )
        .await;
    world.clock.set(at("2026-11-21T05:00:00Z"));
    world.until(ALL_SENT).await;
    running.stop().await;
    assert_eq!((resend.asked().len(), resend.mails().len()), (2, 1));
    world.end().await;
}

#[tokio::test]
async fn what_was_held_up_until_night_waits_for_the_morning_unless_it_is_critical() {
    let mut world = World::new("held_up").await;
    let market = Market::new(&world, "Krog", "Grönt AB").await;
    let owner = world.account("anna@grönt.example", quiet_at_night(EmailChoice::Now)).await;
    market.works_for(&world, owner, market.supplier, MemberRole::Owner).await;
    let resend = DocumentedResend::start([]).await;
    let notifications = world.with_mail(&resend.url);
    let events = vec![market.placed(&mut world), market.failing(&mut world)];
    world.tell(&notifications, events).await;
    world.clock.set(at("2026-11-20T23:00:00Z"));
    let running = World::start(&notifications);
    world
        .until(
            "SELECT due = '2026-11-21T05:00:00Z' AND attempts = 0 AND reason = 'quiet_hours' \
             FROM notifications.messages WHERE channel = 'email' AND kind = 'order_placed'",
        )
        .await;
    let critical = "SELECT state = 'sent' FROM notifications.messages \
                    WHERE channel = 'email' AND kind = 'webhook_endpoint_failing'";
    world.until(critical).await;
    world.clock.set(at("2026-11-21T05:00:00Z"));
    world.until(ALL_SENT).await;
    running.stop().await;
    assert_eq!(resend.mails().len(), 2);
    world.end().await;
}

#[tokio::test]
async fn a_digest_that_is_late_waits_for_the_morning() {
    let mut world = World::new("late_digest").await;
    let market = Market::new(&world, "Krog", "Grönt AB").await;
    let owner = world.account("anna@grönt.example", quiet_at_night(EmailChoice::Digest)).await;
    market.works_for(&world, owner, market.supplier, MemberRole::Owner).await;
    let resend = DocumentedResend::start([]).await;
    let notifications = world.with_mail(&resend.url);
    let event = market.placed(&mut world);
    world.tell(&notifications, vec![event]).await;
    world.clock.set(at("2026-11-20T23:00:00Z"));
    let running = World::start(&notifications);
    world
        .until(
            "SELECT decision = 'deferred' AND due = '2026-11-21T05:00:00Z' AND state = 'queued' \
             FROM notifications.messages WHERE kind = 'digest'",
        )
        .await;
    world.clock.set(at("2026-11-21T05:00:00Z"));
    world.until("SELECT state = 'sent' FROM notifications.messages WHERE kind = 'digest'").await;
    running.stop().await;
    assert_eq!(resend.mails().len(), 1);
    world.end().await;
}

#[tokio::test]
async fn what_was_switched_off_or_is_no_longer_ones_own_is_not_sent() {
    let mut world = World::new("switched_off").await;
    let market = Market::new(&world, "Krog", "Grönt AB").await;
    let resend = DocumentedResend::start([]).await;
    let notifications = world.with_mail(&resend.url);
    let mut people = Vec::new();
    for name in ["stays", "ends", "leaves"] {
        let person =
            world.account(&format!("{name}@grönt.example"), NotificationPreferences::default()).await;
        market.works_for(&world, person, market.supplier, MemberRole::Owner).await;
        people.push(person);
    }
    let events = vec![market.placed(&mut world), market.failing(&mut world)];
    world.tell(&notifications, events).await;
    let mut ended = NotificationPreferences::default();
    for kind in NotificationKind::ALL {
        ended.choices.insert(*kind, ChannelChoice { in_app: true, email: EmailChoice::Off, push: false });
    }
    world.prefer(people[1], &ended).await;
    world.execute(&format!("DELETE FROM read.memberships WHERE account_id = '{}'", people[2])).await;
    world.advance(TimeDelta::minutes(1));
    let running = World::start(&notifications);
    world
        .until("SELECT bool_and(state <> 'queued') FROM notifications.messages WHERE channel = 'email'")
        .await;
    running.stop().await;
    let mut became: Vec<String> = sqlx::query_scalar(
        "SELECT concat_ws(' ', split_part(recipient, '@', 1), kind, state, reason) \
         FROM notifications.messages WHERE channel = 'email'",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    became.sort();
    assert_eq!(
        became,
        [
            "ends order_placed suppressed switched_off",
            "ends webhook_endpoint_failing sent",
            "leaves order_placed suppressed no_longer_member",
            "leaves webhook_endpoint_failing suppressed no_longer_member",
            "stays order_placed sent",
            "stays webhook_endpoint_failing sent",
        ]
    );
    assert_eq!(resend.mails().len(), 3);
    world.end().await;
}
