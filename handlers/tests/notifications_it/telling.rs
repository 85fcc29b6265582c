//! From an event to notifications and messages: who, what, in which words.

use std::collections::BTreeSet;

use events::{
    order::Party,
    public::{PublicData, PublicEvent, order, party},
    values::{
        ChannelChoice, EmailChoice, Locale, MemberRole, NotificationKind, NotificationPreferences, Quantity,
        QuietHours,
    },
    webhook_endpoint::DisabledReason,
};
use handlers::notifications::Notifications;
use platform::clock::Clock as _;

use super::{
    documented_resend::DocumentedResend,
    market::Market,
    world::{World, at},
};

const SCRIPT: &str = "Krog <script>alert(1)</script> & Co";

fn in_language(locale: Locale) -> NotificationPreferences {
    NotificationPreferences { locale, ..NotificationPreferences::default() }
}

/// Everybody wants mail of everything, at once.
fn all_by_mail(locale: Locale) -> NotificationPreferences {
    let choice = ChannelChoice { in_app: true, email: EmailChoice::Now, push: false };
    let choices = NotificationKind::ALL.iter().map(|kind| (*kind, choice)).collect();
    NotificationPreferences { choices, ..in_language(locale) }
}

/// One event of each kind, the later one of a trial's end apart.
fn one_of_each(world: &mut World, market: &Market) -> Vec<PublicEvent> {
    let at = world.clock.now();
    let (order_id, restaurant_id, supplier_id) = (market.order, market.restaurant, market.supplier);
    let confirmed = order::OrderConfirmed { order_id, restaurant_id, supplier_id, confirmed_at: at };
    let rejected = order::OrderRejected {
        order_id,
        restaurant_id,
        supplier_id,
        reason: "Slut <i>idag</i>".to_owned(),
        rejected_at: at,
    };
    let received = order::DeliveryConfirmed {
        order_id,
        restaurant_id,
        supplier_id,
        lines: vec![order::ReceivedLine {
            line_id: market.line,
            received_qty: Quantity::units(2),
            reason: Some("rutten".to_owned()),
        }],
        received_at: at,
    };
    let disabled =
        party::WebhookEndpointDisabled { webhook_endpoint_id: market.endpoint, reason: DisabledReason::Gone };
    let failing = market.failing(world);
    let switched_off = PublicEvent {
        event_id: world.id(),
        data: PublicData::WebhookEndpointDisabled(disabled),
        ..failing.clone()
    };
    vec![
        market.placed(world),
        market.event(world, order_id, PublicData::OrderConfirmed(confirmed)),
        market.event(world, order_id, PublicData::OrderRejected(rejected)),
        market.cancelled(world, Party::Admin),
        market.delivered(world, Quantity::units(3)),
        market.delivered(world, Quantity(2_500)),
        market.event(world, order_id, PublicData::DeliveryConfirmed(received)),
        market.held(world),
        market.matched(world),
        market.disputed(world),
        market.low(world),
        market.approved(world),
        market.trial_ended(world),
        failing,
        switched_off,
    ]
}

/// Two owners of both parties: one reads Swedish, one English.
async fn market_of_two(world: &World, preferences: fn(Locale) -> NotificationPreferences) -> Market {
    let market = Market::new(world, SCRIPT, "Grönt AB").await;
    for (email, locale) in [("sv@krog.example", Locale::Sv), ("en@krog.example", Locale::En)] {
        let account = world.account(email, preferences(locale)).await;
        market.works_for(world, account, market.restaurant, MemberRole::Owner).await;
        market.works_for(world, account, market.supplier, MemberRole::Owner).await;
    }
    market
}

async fn mail(world: &World, kind: &str, locale: &str) -> (String, String, String) {
    sqlx::query_as(
        "SELECT m.subject, m.text_body, m.html_body FROM notifications.messages AS m \
         JOIN notifications.notifications AS n USING (notification_id) \
         WHERE m.channel = 'email' AND m.kind = $1 AND n.locale = $2 ORDER BY n.position LIMIT 1",
    )
    .bind(kind)
    .bind(locale)
    .fetch_one(&world.pool)
    .await
    .unwrap()
}

fn with_spaces(text: &str) -> String {
    text.replace('\u{a0}', " ")
}

#[tokio::test]
async fn every_kind_is_written_in_every_language_and_what_others_wrote_stays_text() {
    let mut world = World::new("kinds").await;
    let resend = DocumentedResend::start([]).await;
    let notifications = world.with_mail(&resend.url);
    let market = market_of_two(&world, all_by_mail).await;
    let events = one_of_each(&mut world, &market);
    world.tell(&notifications, events).await;
    // The end of the trial is told later, from the same event.
    world.advance(chrono::TimeDelta::days(5));
    let running = World::start(&notifications);
    world.until("SELECT count(*) = 2 FROM notifications.messages WHERE kind = 'trial_ending' AND channel = 'email'").await;
    running.stop().await;

    let rows: Vec<(String, String, String, String, String)> = sqlx::query_as(
        "SELECT m.kind, n.locale, m.subject, m.text_body, m.html_body FROM notifications.messages AS m \
         JOIN notifications.notifications AS n USING (notification_id) WHERE m.channel = 'email'",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    let seen: BTreeSet<(&str, &str)> = rows.iter().map(|row| (row.0.as_str(), row.1.as_str())).collect();
    assert_eq!(seen.len(), NotificationKind::ALL.len() * Locale::ALL.len(), "{seen:?}");
    for (kind, locale, subject, text, html) in &rows {
        assert!(!subject.is_empty() && !subject.contains('\n'), "{kind} {locale}: {subject}");
        for words in [subject, text, html] {
            assert!(!words.contains("none") && !words.contains("{{"), "{kind} {locale}: {words}");
            assert!(!words.contains("hush"), "a secret of the endpoint's URL is told: {words}");
        }
        for markup in ["<script", "<i>idag", "<på>", "<b>King"] {
            assert!(!html.contains(markup), "{kind} {locale} lets markup through: {html}");
        }
        assert!(html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"), "{html}");
        // What is critical cannot be refused; everything else can.
        let can_end = kind != "webhook_endpoint_failing";
        assert_eq!(text.contains("/api/v1/unsubscribe?token="), can_end, "{kind}: {text}");
    }
    assert!(mail(&world, "order_placed", "sv").await.2.contains("Krog &lt;script&gt;alert(1)"));
    world.end().await;
}

#[tokio::test]
async fn amounts_and_dates_are_those_of_the_readers_language_and_zone() {
    let mut world = World::new("words").await;
    let resend = DocumentedResend::start([]).await;
    let notifications = world.with_mail(&resend.url);
    let market = market_of_two(&world, all_by_mail).await;
    let events = one_of_each(&mut world, &market);
    world.tell(&notifications, events).await;

    let (subject, text, _) = mail(&world, "order_placed", "sv").await;
    assert_eq!(with_spaces(&subject), format!("Ny beställning från {SCRIPT}: 1 234,50 kr"));
    assert!(
        text.contains("Önskad leveransdag: 23 november 2026.") && text.contains("- 2,5 kg Potatis"),
        "{text}"
    );
    let (subject, text, _) = mail(&world, "order_placed", "en").await;
    assert_eq!(with_spaces(&subject), format!("New order from {SCRIPT}: SEK 1,234.50"));
    assert!(text.contains("Wanted on 23 November 2026.") && text.contains("- 2.5 kg Potatis"), "{text}");

    let (_, text, _) = mail(&world, "delivery_short", "sv").await;
    assert!(text.contains("- 2,5 av 3 kg Potatis") && text.contains("20 november 2026 kl. 10:00"), "{text}");
    assert!(with_spaces(&text).contains("1 028,75 kr"), "{text}");
    let (_, text, html) = mail(&world, "delivery_claimed", "en").await;
    assert!(text.contains("- 2 of 2.5 kg Potatis (rutten)") && html.contains("<li>2 of 2.5 kg"), "{text}");
    let (_, text, _) = mail(&world, "webhook_endpoint_failing", "en").await;
    assert!(text.contains("https://partner.example/iris since 20 November 2026 at 09:00"), "{text}");
    world.end().await;
}

#[tokio::test]
async fn what_is_wrong_with_an_invoice_is_said_in_words() {
    let mut world = World::new("invoices").await;
    let resend = DocumentedResend::start([]).await;
    let notifications = world.with_mail(&resend.url);
    let market = market_of_two(&world, all_by_mail).await;
    let events = vec![market.held(&mut world), market.matched(&mut world), market.disputed(&mut world)];
    world.tell(&notifications, events).await;

    let (subject, text, html) = mail(&world, "invoice_disputed", "sv").await;
    assert_eq!(subject, "Kreditfaktura 2026-<b>1188</b> från Grönt AB är bestriden");
    let (text, html) = (with_spaces(&text), with_spaces(&html));
    let point = "högre pris än avtalat (388,21 väntat, 400 fakturerat; 29,48 NOK)";
    assert!(
        text.contains(&format!("Avvikelser: Potatis <b>King Edward</b>: {point}. Skäl: priset var avtalat"))
    );
    assert!(text.contains("1 061,00 NOK") && text.contains("Det gäller Potatis"), "{text}");
    assert!(html.contains(point) && html.contains("Potatis &lt;b&gt;King Edward"), "{html}");
    assert!(!text.contains("avgift"), "what is inside the policy is nothing to ask about: {text}");

    let (subject, text, _) = mail(&world, "invoice_matched", "en").await;
    assert_eq!(subject, "Invoice 2026-1187 from Grönt AB has been matched");
    let text = with_spaces(&text);
    assert!(
        text.contains("Invoice 2026-1187 of SEK 1,061.00") && text.contains("due on 21 December 2026"),
        "{text}"
    );
    assert!(text.contains("charge that nobody agreed to (SEK 1.00)"), "{text}");

    let (subject, text, html) = mail(&world, "invoice_held", "sv").await;
    assert_eq!(subject, "En faktura från Grönt AB behöver granskas");
    let why = "sidan gick inte att läsa säkert; en faktura med samma nummer har kommit förut.";
    assert!(text.contains(why) && html.contains("<li>sidan gick inte att läsa säkert</li>"), "{text}");
    world.end().await;
}

#[tokio::test]
async fn each_side_hears_of_an_invoice_what_concerns_it() {
    let mut world = World::new("sides").await;
    let notifications = world.notifications(World::settings());
    let market = Market::new(&world, "Krog", "Grönt AB").await;
    let buyer = world.account("kock@krog.example", NotificationPreferences::default()).await;
    let seller = world.account("order@grönt.example", NotificationPreferences::default()).await;
    market.works_for(&world, buyer, market.restaurant, MemberRole::Staff).await;
    market.works_for(&world, seller, market.supplier, MemberRole::Staff).await;
    let events = vec![market.held(&mut world), market.matched(&mut world), market.disputed(&mut world)];
    world.tell(&notifications, events).await;
    let told: Vec<String> = sqlx::query_scalar(
        "SELECT concat_ws(' ', kind, subject_kind, CASE account_id WHEN $1 THEN 'buyer' ELSE 'seller' END) \
         FROM notifications.notifications WHERE subject_id = $2 ORDER BY position, kind, account_id = $1",
    )
    .bind(buyer.0)
    .bind(market.invoice.0)
    .fetch_all(&world.pool)
    .await
    .unwrap();
    let expected = [
        "invoice_held invoice buyer",
        "invoice_matched invoice buyer",
        "invoice_disputed invoice seller",
        "invoice_disputed invoice buyer",
    ];
    assert_eq!(told, expected);
    world.end().await;
}

#[tokio::test]
async fn a_person_is_told_once_of_an_event_however_often_it_is_handled() {
    let mut world = World::new("once").await;
    let resend = DocumentedResend::start([]).await;
    let notifications = world.with_mail(&resend.url);
    let market = market_of_two(&world, in_language).await;
    // An administrator's cancellation concerns both parties, for both of which both work.
    let event = market.cancelled(&mut world, Party::Admin);
    world.tell(&notifications, vec![event.clone()]).await;
    world.tell(&notifications, vec![event]).await;
    assert_eq!(world.value::<i64>("SELECT count(*) FROM notifications.notifications").await, 2);
    let mails = "SELECT count(*) FROM notifications.messages WHERE channel = 'email'";
    assert_eq!(world.value::<i64>(mails).await, 2);
    world.end().await;
}

#[tokio::test]
async fn choices_are_honoured_and_why_is_written_down() {
    let mut world = World::new("choices").await;
    let market = Market::new(&world, "Krog", "Grönt AB").await;
    let night = QuietHours { from: "22:00".parse().unwrap(), to: "07:00".parse().unwrap() };
    let choose = |in_app, email, push, quiet_hours| NotificationPreferences {
        choices: [(NotificationKind::OrderPlaced, ChannelChoice { in_app, email, push })].into(),
        quiet_hours,
        ..NotificationPreferences::default()
    };
    for (email, preferences) in [
        ("1@grönt.example", choose(false, EmailChoice::Off, false, None)),
        ("2@grönt.example", choose(true, EmailChoice::Digest, true, None)),
        ("3@grönt.example", choose(true, EmailChoice::Now, true, Some(night))),
    ] {
        let account = world.account(email, preferences).await;
        market.works_for(&world, account, market.supplier, MemberRole::Staff).await;
    }
    let resend = DocumentedResend::start([]).await;
    let notifications = world.with_mail(&resend.url);
    // The night in which clocks go forward: it ends an hour earlier by UTC.
    world.clock.set(at("2027-03-27T22:30:00Z"));
    let event = market.placed(&mut world);
    world.tell(&notifications, vec![event]).await;

    assert_eq!(
        world.messages().await,
        [
            "email order_placed suppressed suppressed switched_off",
            "push order_placed suppressed suppressed switched_off",
            "email order_placed digest in_digest daily_digest",
            "push order_placed suppressed suppressed channel_not_configured",
            "email order_placed deferred queued quiet_hours",
            "push order_placed suppressed suppressed channel_not_configured",
        ]
    );
    let due = "SELECT due = '2027-03-28T05:00:00Z' FROM notifications.messages WHERE decision = 'deferred'";
    assert!(world.value::<bool>(due).await);
    let shown = "SELECT count(*) FROM notifications.notifications WHERE in_app";
    assert_eq!(world.value::<i64>(shown).await, 2);

    let running = World::start(&notifications);
    world.clock.set(at("2027-03-28T05:00:00Z"));
    world.until("SELECT count(*) = 2 FROM notifications.messages WHERE state = 'sent'").await;
    running.stop().await;
    world.assert_nothing_is_left().await;
    world.end().await;
}

#[tokio::test]
async fn without_providers_people_are_told_in_the_application_alone() {
    let mut world = World::new("unconfigured").await;
    let notifications: std::sync::Arc<Notifications> = world.notifications(World::settings());
    let market = market_of_two(&world, in_language).await;
    let event = market.placed(&mut world);
    world.tell(&notifications, vec![event]).await;
    let messages = world.messages().await;
    assert_eq!(messages.len(), 4);
    assert!(messages.iter().all(|message| message.ends_with("channel_not_configured")), "{messages:?}");
    let inbox = "SELECT count(*) = 2 AND min(subject_kind) = 'order' FROM notifications.notifications \
                 WHERE in_app AND read_at IS NULL";
    assert!(world.value::<bool>(inbox).await);
    world.end().await;
}

#[tokio::test]
async fn what_cannot_be_told_stops_nothing_else() {
    let mut world = World::new("unknown").await;
    let notifications = world.notifications(World::settings());
    let market = market_of_two(&world, in_language).await;
    let unknown = market.cancelled(&mut world, Party::Admin);
    let known = market.placed(&mut world);
    world.execute("DELETE FROM read.orders").await;
    world.tell(&notifications, vec![unknown, known]).await;
    let told = "SELECT count(*) = 2 AND bool_and(kind = 'order_placed') FROM notifications.notifications";
    assert!(world.value::<bool>(told).await);
    world.end().await;
}
