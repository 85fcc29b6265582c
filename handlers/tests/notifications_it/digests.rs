//! Digests: once a day, everything, by one process.

use chrono::TimeDelta;
use events::values::{ChannelChoice, EmailChoice, MemberRole, NotificationKind, NotificationPreferences};

use platform::link_token::{LinkKey, UNSUBSCRIBE};

use super::{
    documented_resend::DocumentedResend,
    market::Market,
    world::{SECRET, World, at},
};

const PEOPLE: usize = 30;

fn digests_of(kinds: &[NotificationKind]) -> NotificationPreferences {
    let choice = ChannelChoice { in_app: true, email: EmailChoice::Digest, push: false };
    NotificationPreferences {
        choices: kinds.iter().map(|kind| (*kind, choice)).collect(),
        ..NotificationPreferences::default()
    }
}

#[tokio::test]
async fn two_processes_at_once_make_one_digest_per_person_and_day() {
    let mut world = World::new("digests").await;
    let market = Market::new(&world, "Krog", "Grönt AB").await;
    let kinds = [NotificationKind::OrderPlaced, NotificationKind::StockLow];
    for number in 0..PEOPLE {
        let person = world.account(&format!("{number}@grönt.example"), digests_of(&kinds)).await;
        market.works_for(&world, person, market.supplier, MemberRole::Staff).await;
    }
    let resend = DocumentedResend::start([]).await;
    let (one, two) = (world.with_mail(&resend.url), world.with_mail(&resend.url));
    let first = market.placed(&mut world);
    world.tell(&one, vec![first]).await;
    world.advance(TimeDelta::hours(3));
    let more = vec![market.low(&mut world), market.placed(&mut world)];
    world.tell(&two, more).await;
    assert!(
        world
            .value::<bool>(
                "SELECT bool_and(state IN ('in_digest', 'suppressed')) FROM notifications.messages"
            )
            .await
    );
    let due =
        "SELECT bool_and(due = '2026-11-21T06:00:00Z' AND day = '2026-11-21') FROM notifications.digests";
    assert!(world.value::<bool>(due).await);

    world.clock.set(at("2026-11-21T06:00:00Z"));
    let (first, second) = (World::start(&one), World::start(&two));
    let all = format!(
        "SELECT count(*) = {PEOPLE} FROM notifications.messages WHERE kind = 'digest' AND state = 'sent'"
    );
    world.until(&all).await;
    first.stop().await;
    second.stop().await;

    let mails = resend.mails();
    assert_eq!((mails.len(), resend.asked().len()), (PEOPLE, PEOPLE));
    for mail in &mails {
        let text = mail["text"].as_str().unwrap();
        assert_eq!(mail["subject"], "3 händelser i Iris");
        assert!(text.contains("Ny beställning från Krog") && text.contains("Snart slut: Potatis"), "{text}");
        assert!(mail["html"].as_str().unwrap().contains("Potatis &lt;b&gt;King"));
        let link = mail["headers"]["List-Unsubscribe"].as_str().unwrap();
        let (_, token) = link.trim_end_matches('>').split_once("token=").unwrap();
        let payload = LinkKey::derive(&SECRET.to_owned().into()).verify(UNSUBSCRIBE, token).unwrap();
        assert!(payload.ends_with(":order_placed"), "the kind that it tells most of: {payload}");
    }
    world.assert_nothing_is_left().await;
    world.end().await;
}

#[tokio::test]
async fn what_comes_after_a_digest_was_closed_is_told_on_the_next_day() {
    let mut world = World::new("next_day").await;
    let market = Market::new(&world, "Krog", "Grönt AB").await;
    let kinds = [NotificationKind::OrderPlaced];
    let person = world.account("anna@grönt.example", digests_of(&kinds)).await;
    market.works_for(&world, person, market.supplier, MemberRole::Owner).await;
    let resend = DocumentedResend::start([]).await;
    let notifications = world.with_mail(&resend.url);
    let first = market.placed(&mut world);
    world.tell(&notifications, vec![first]).await;
    world.clock.set(at("2026-11-21T06:00:00Z"));
    let running = World::start(&notifications);
    world
        .until("SELECT count(*) = 1 FROM notifications.messages WHERE kind = 'digest' AND state = 'sent'")
        .await;
    running.stop().await;

    // Handled by a process whose clock is behind: that day's digest is closed already.
    world.clock.set(at("2026-11-21T05:59:00Z"));
    let second = market.placed(&mut world);
    world.tell(&notifications, vec![second]).await;
    let days: Vec<String> = sqlx::query_scalar("SELECT day::text FROM notifications.digests ORDER BY day")
        .fetch_all(&world.pool)
        .await
        .unwrap();
    assert_eq!(days, ["2026-11-21", "2026-11-22"]);
    world.clock.set(at("2026-11-22T06:00:00Z"));
    let running = World::start(&notifications);
    world
        .until("SELECT count(*) = 2 FROM notifications.messages WHERE kind = 'digest' AND state = 'sent'")
        .await;
    running.stop().await;
    // One thing alone is its own subject.
    assert!(
        resend.mails().iter().all(|mail| mail["subject"].as_str().unwrap().starts_with("Ny beställning"))
    );
    world.end().await;
}

#[tokio::test]
async fn whoever_ended_a_kind_meanwhile_gets_none_of_it_in_todays_digest() {
    let mut world = World::new("ended").await;
    let market = Market::new(&world, "Krog", "Grönt AB").await;
    let both = [NotificationKind::OrderPlaced, NotificationKind::StockLow];
    let person = world.account("anna@grönt.example", digests_of(&both)).await;
    let other = world.account("bo@grönt.example", digests_of(&both[..1])).await;
    for account in [person, other] {
        market.works_for(&world, account, market.supplier, MemberRole::Owner).await;
    }
    let resend = DocumentedResend::start([]).await;
    let notifications = world.with_mail(&resend.url);
    let events = vec![market.placed(&mut world), market.low(&mut world)];
    world.tell(&notifications, events).await;
    for account in [person, other] {
        let mut ended = digests_of(&both);
        let off = ChannelChoice { in_app: true, email: EmailChoice::Off, push: false };
        ended.choices.insert(NotificationKind::OrderPlaced, off);
        if account == other {
            ended.choices.insert(NotificationKind::StockLow, off);
        }
        world.prefer(account, &ended).await;
    }
    world.clock.set(at("2026-11-21T06:00:00Z"));
    let running = World::start(&notifications);
    world
        .until("SELECT count(*) = 1 FROM notifications.messages WHERE kind = 'digest' AND state = 'sent'")
        .await;
    world
        .until(
            "SELECT count(*) = 1 FROM notifications.messages WHERE kind = 'digest' AND state = 'suppressed'",
        )
        .await;
    running.stop().await;
    let mails = resend.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["to"][0], "anna@grönt.example");
    assert!(!mails[0]["text"].as_str().unwrap().contains("beställning från"), "{}", mails[0]["text"]);
    world.end().await;
}
