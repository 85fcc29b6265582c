//! Pushes: to every device, once on its screen, and to none that is gone.

use chrono::TimeDelta;
use events::values::{AccountId, MemberRole, NotificationPreferences};

use super::{
    documented_fcm::{DocumentedFcm, Says},
    market::Market,
    world::{World, until},
};

const ALL_PUSHED: &str = "SELECT count(*) > 0 AND bool_and(state = 'sent') FROM notifications.messages \
                          WHERE channel = 'push'";

async fn started(test: &str) -> (World, Market, AccountId) {
    let world = World::new(test).await;
    let market = Market::new(&world, "Krog", "Grönt AB").await;
    let owner = world.account("anna@grönt.example", NotificationPreferences::default()).await;
    market.works_for(&world, owner, market.supplier, MemberRole::Owner).await;
    (world, market, owner)
}

#[tokio::test]
async fn every_device_is_pushed_to_and_one_access_token_serves_many() {
    let (mut world, market, owner) = started("devices").await;
    for number in 0..12 {
        world.device(owner, &format!("device-{number}")).await;
    }
    let fcm = DocumentedFcm::start(&[]).await;
    let notifications = world.with_push(fcm.client());
    let event = market.placed(&mut world);
    world.tell(&notifications, vec![event]).await;
    let running = World::start(&notifications);
    world.until(ALL_PUSHED).await;
    running.stop().await;
    assert_eq!((fcm.taken().len(), fcm.tokens_given()), (12, 1));
    let push = fcm.taken().remove(0);
    let id: String = world.value("SELECT notification_id::text FROM notifications.notifications").await;
    assert_eq!(push["message"]["android"]["collapse_key"], id);
    assert_eq!(push["message"]["data"]["subject_kind"], "order");
    assert_eq!(push["message"]["data"]["subject_id"], market.order.to_string());
    assert!(push["message"]["notification"]["title"].as_str().unwrap().starts_with("Ny beställning"));
    world.end().await;
}

#[tokio::test]
async fn every_error_code_has_the_documented_consequence() {
    let (mut world, market, owner) = started("error_codes").await;
    let table = [
        ("unregistered", Says::Error(404, "UNREGISTERED", None), "failed", 0),
        ("bad-token", Says::Error(400, "INVALID_ARGUMENT", Some("message.token")), "failed", 0),
        ("bad-message", Says::Error(400, "INVALID_ARGUMENT", Some("message.data")), "failed", 1),
        ("other-sender", Says::Error(403, "SENDER_ID_MISMATCH", None), "sent", 1),
        ("quota", Says::Error(429, "QUOTA_EXCEEDED", None), "sent", 1),
        ("unavailable", Says::Error(503, "UNAVAILABLE", None), "sent", 1),
        ("internal", Says::Error(500, "INTERNAL", None), "sent", 1),
        ("third-party", Says::Error(401, "THIRD_PARTY_AUTH_ERROR", None), "sent", 1),
    ];
    let script: Vec<(&str, Says)> = table.iter().map(|(token, says, ..)| (*token, *says)).collect();
    let fcm = DocumentedFcm::start(&script).await;
    let mut devices = Vec::new();
    for (token, ..) in table {
        devices.push(world.device(owner, token).await);
    }
    let notifications = world.with_push(fcm.client());
    let event = market.placed(&mut world);
    world.tell(&notifications, vec![event]).await;
    let running = World::start(&notifications);
    world
        .until("SELECT count(*) = 3 FROM notifications.messages WHERE channel = 'push' AND state = 'failed'")
        .await;
    let waiting = "SELECT count(*) = 5 FROM notifications.messages \
                   WHERE channel = 'push' AND state = 'queued' AND reason IS NOT NULL";
    world.until(waiting).await;
    world.advance(TimeDelta::minutes(2));
    world
        .until("SELECT count(*) = 4 FROM notifications.messages WHERE channel = 'push' AND state = 'sent'")
        .await;
    // Until credentials are mended that only some devices are reached by, the rest goes on.
    world.advance(TimeDelta::minutes(13));
    world
        .until("SELECT count(*) = 5 FROM notifications.messages WHERE channel = 'push' AND state = 'sent'")
        .await;
    running.stop().await;
    for ((token, _, state, kept), device) in table.into_iter().zip(devices) {
        let found: String = world
            .value(&format!("SELECT state FROM notifications.messages WHERE device_id = '{device}'"))
            .await;
        let devices: i64 = world
            .value(&format!("SELECT count(*) FROM notifications.devices WHERE device_id = '{device}'"))
            .await;
        assert_eq!((found.as_str(), devices), (state, kept), "{token}");
    }
    // A wrong certificate is not our access token's fault: it was not renewed for that.
    assert_eq!(fcm.tokens_given(), 1);
    world.end().await;
}

#[tokio::test]
async fn an_access_token_is_renewed_when_it_is_refused_and_before_it_lapses() {
    let (mut world, market, owner) = started("renewal").await;
    world.device(owner, "device").await;
    let fcm = DocumentedFcm::start(&[]).await;
    let notifications = world.with_push(fcm.client());
    let running = World::start(&notifications);
    for (given, before) in [(1, None), (2, Some(TimeDelta::zero())), (3, Some(TimeDelta::minutes(59)))] {
        match before {
            Some(wait) if wait.is_zero() => fcm.revoke(),
            Some(wait) => world.advance(wait),
            None => {}
        }
        let event = market.placed(&mut world);
        world.tell(&notifications, vec![event]).await;
        world.until(ALL_PUSHED).await;
        assert_eq!((fcm.taken().len(), fcm.tokens_given()), (given, given));
    }
    running.stop().await;
    let once = "SELECT bool_and(attempts = 1) FROM notifications.messages WHERE channel = 'push'";
    assert!(world.value::<bool>(once).await, "a renewal is no attempt of the message's");
    world.end().await;
}

#[tokio::test]
async fn a_push_that_was_taken_in_silence_replaces_itself_on_the_screen() {
    let (mut world, market, owner) = started("silence_push").await;
    world.device(owner, "slow").await;
    let fcm = DocumentedFcm::start(&[("slow", Says::SilenceAfterTaking)]).await;
    let notifications = world.with_push(fcm.client());
    let event = market.placed(&mut world);
    world.tell(&notifications, vec![event]).await;
    let running = World::start(&notifications);
    world.until("SELECT reason = 'timeout' FROM notifications.messages WHERE channel = 'push'").await;
    world.advance(TimeDelta::minutes(1));
    world.until(ALL_PUSHED).await;
    running.stop().await;
    let taken = fcm.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0], taken[1], "the same collapse key, tag and contents");
    world.end().await;
}

#[tokio::test]
async fn a_device_that_changed_hands_is_not_told_what_was_meant_for_another() {
    let (mut world, market, owner) = started("hands").await;
    world.device(owner, "shared").await;
    let other = world.account("bo@annan.example", NotificationPreferences::default()).await;
    let fcm = DocumentedFcm::start(&[]).await;
    let notifications = world.with_push(fcm.client());
    let event = market.placed(&mut world);
    world.tell(&notifications, vec![event]).await;
    world.execute(&format!("UPDATE notifications.devices SET account_id = '{other}'")).await;
    let running = World::start(&notifications);
    world
        .until(
            "SELECT state = 'failed' AND reason = 'device_gone' FROM notifications.messages \
             WHERE channel = 'push'",
        )
        .await;
    running.stop().await;
    until("nothing was asked", || fcm.asked().is_empty()).await;
    assert_eq!(world.value::<i64>("SELECT count(*) FROM notifications.devices").await, 1);
    world.end().await;
}
