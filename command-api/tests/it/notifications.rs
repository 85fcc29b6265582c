//! The inbox, what is chosen, and devices.

use axum::http::Method;
use events::values::Role;
use platform::clock::{Clock, Ids, UuidV7Ids};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{Account, Answer, World, in_world};

const PREFERENCES: &str = "/notification-preferences";
pub const DEVICES: &str = "/notification-devices";

/// A notification as the consumer writes it.
pub async fn notified(world: &World, who: &Account, in_app: bool) -> Uuid {
    let id = UuidV7Ids.next();
    let mut tx = world.owner().await;
    sqlx::query(
        "INSERT INTO notifications.notifications (notification_id, account_id, kind, event_id, position, \
             subject_kind, subject_id, locale, title, body, in_app, created_at) \
         VALUES ($1, $2, 'order_placed', $1, 1, 'order', $1, 'sv', 'Ny order', 'Två lådor', $3, $4)",
    )
    .bind(id)
    .bind(who.id)
    .bind(in_app)
    .bind(world.clock.now())
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    id
}

fn kind<'a>(preferences: &'a Answer, name: &str) -> &'a Value {
    let kinds = preferences.body["kinds"].as_array().unwrap();
    kinds.iter().find(|kind| kind["kind"] == name).unwrap()
}

#[tokio::test]
async fn preferences_are_replaced_as_a_whole_and_told_with_every_kind() {
    in_world(async |world| {
        let who = world.account("restaurant@iris.test", Role::Restaurant).await;
        let body = json!({
            "locale": "en", "time_zone": "Europe/Helsinki", "quiet_hours": {"from": "22:00", "to": "06:30"},
            "digest_at": "05:45", "kinds": [{"kind": "stock_low", "email": "off"}]
        });
        let set = world.put(&who, PREFERENCES, body.clone()).await.is(200);
        assert_eq!((set.header("etag"), set.header("iris-position")), ("\"2\"", "2"));
        assert_eq!(
            (&set.body["locale"], &set.body["time_zone"], &set.body["digest_at"]),
            (&json!("en"), &json!("Europe/Helsinki"), &json!("05:45"))
        );
        assert_eq!(set.body["quiet_hours"], json!({"from": "22:00", "to": "06:30"}));
        let stock_low = kind(&set, "stock_low");
        assert_eq!((&stock_low["email"], &stock_low["in_app"]), (&json!("off"), &json!(true)));
        assert_eq!(kind(&set, "order_placed")["email"], "now");
        assert_eq!(kind(&set, "webhook_endpoint_failing")["critical"], true);
        assert!(stock_low["description"].as_str().unwrap().contains("Little is left"));

        let again = world.put(&who, PREFERENCES, body).await.is(200);
        assert_eq!((again.header("etag"), world.head().await), ("\"2\"", 2), "the same changes nothing");
        let emptied = world.put(&who, PREFERENCES, json!({})).await.is(200);
        assert_eq!((&emptied.body["locale"], &emptied.body["quiet_hours"]), (&json!("sv"), &Value::Null));
        assert_eq!(kind(&emptied, "stock_low")["email"], "digest");
    })
    .await;
}

#[tokio::test]
async fn preferences_have_revisions_and_keys_like_every_command() {
    in_world(async |world| {
        let who = world.account("auditor@iris.test", Role::Auditor).await;
        let set = async |body: Value, headers: &[(&str, &str)]| {
            world.call(Method::PUT, &who, PREFERENCES, Some(body), headers).await
        };
        let english = || json!({"locale": "en"});
        set(english(), &[("if-match", "\"7\"")]).await.refuses(412, "stale_revision");
        let keyed = [("if-match", "\"1\""), ("idempotency-key", "k")];
        set(english(), &keyed).await.is(200);
        let again = set(english(), &keyed).await.is(200);
        assert_eq!((again.header("idempotency-replayed"), again.header("etag")), ("true", "\"2\""));
        set(json!({"locale": "sv"}), &keyed).await.refuses(422, "idempotency_key_reused");
    })
    .await;
}

#[tokio::test]
async fn all_faults_of_preferences_are_told_at_once() {
    in_world(async |world| {
        let who = world.account("restaurant@iris.test", Role::Restaurant).await;
        let body = json!({
            "locale": "fi", "time_zone": "Europe/Sthlm", "quiet_hours": {"from": "25:00"}, "digest_at": "7:00",
            "colour": "red",
            "kinds": [{"kind": "weather", "email": "later"}, {"kind": "stock_low", "in_app": "yes", "sms": true}]
        });
        let refused = world.put(&who, PREFERENCES, body).await.refuses(422, "invalid");
        assert_eq!(
            refused.faults(),
            [
                "colour unknown_field",
                "digest_at invalid_time_of_day",
                "kinds[0].email unknown_value",
                "kinds[0].kind unknown_value",
                "kinds[1].in_app wrong_type",
                "kinds[1].sms unknown_field",
                "locale unknown_value",
                "quiet_hours.from invalid_time_of_day",
                "quiet_hours.to missing",
                "time_zone unknown_time_zone",
            ]
        );
        let twice = json!({"locale": null, "kinds": [{"kind": "stock_low"}, {"kind": "stock_low"}]});
        let refused = world.put(&who, PREFERENCES, twice).await.refuses(422, "invalid");
        assert_eq!(refused.faults(), ["kinds[1].kind repeated", "locale wrong_type"]);
        let critical = json!({"kinds": [{"kind": "webhook_endpoint_failing", "email": "digest"}]});
        let refused = world.put(&who, PREFERENCES, critical).await.refuses(422, "invalid");
        assert_eq!(refused.faults(), ["kinds[webhook_endpoint_failing].email critical_kind"]);
        assert_eq!(world.head().await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_notification_is_read_once_and_by_its_receiver_alone() {
    in_world(async |world| {
        let who = world.account("restaurant@iris.test", Role::Restaurant).await;
        let admin = world.account("admin@iris.test", Role::Admin).await;
        let id = notified(world, &who, true).await;
        let unseen = notified(world, &who, false).await;
        let path = format!("/notifications/{id}/read");
        world.post_nothing(&admin, &path).await.refuses(404, "notification_not_found");
        world
            .post_nothing(&who, &format!("/notifications/{unseen}/read"))
            .await
            .refuses(404, "notification_not_found");

        let read = world.post_nothing(&who, &path).await.is(200);
        assert_eq!((read.id(), read.header("iris-position")), (id.to_string(), "2"));
        assert_eq!(read.body["subject"], json!({"kind": "order", "id": id}));
        assert_eq!(read.text("read_at"), "2026-11-20T09:00:00Z");
        world.clock.advance(chrono::TimeDelta::minutes(5));
        let again = world.post_nothing(&who, &path).await.is(200);
        assert_eq!(again.body, read.body, "the first time stays");
    })
    .await;
}

#[tokio::test]
async fn all_that_is_unread_is_read_at_once() {
    in_world(async |world| {
        let who = world.account("restaurant@iris.test", Role::Restaurant).await;
        let other = world.account("supplier@iris.test", Role::Supplier).await;
        for in_app in [true, true, false] {
            notified(world, &who, in_app).await;
        }
        notified(world, &other, true).await;
        let read_all = async |who| world.post_nothing(who, "/notifications/read-all").await.is(200);
        assert_eq!(read_all(&who).await.body, json!({"read": 2}));
        assert_eq!(read_all(&who).await.body, json!({"read": 0}));
        assert_eq!(read_all(&other).await.body, json!({"read": 1}));
        world.post(&who, "/notifications/read-all", json!({"upto": 1})).await.refuses(422, "invalid");
    })
    .await;
}

#[tokio::test]
async fn the_same_token_is_the_same_device() {
    in_world(async |world| {
        let who = world.account("restaurant@iris.test", Role::Restaurant).await;
        let first = world.post(&who, DEVICES, json!({"token": "t-1", "name": "Köket"})).await.is(201);
        assert_eq!(first.header("location"), format!("/api/v1/notification-devices/{}", first.id()));
        assert_eq!(first.header("iris-position"), "1");
        assert_eq!(first.body.get("token"), None, "a token is not told again");
        let again = world.post(&who, DEVICES, json!({"token": "t-1"})).await.is(200);
        assert_eq!(again.body, first.body);
        let renamed = world.post(&who, DEVICES, json!({"token": "t-1", "name": "Baren"})).await.is(200);
        assert_eq!((renamed.id(), renamed.text("name")), (first.id(), "Baren".to_owned()));
        for bad in [json!({}), json!({"token": ""}), json!({"token": "x".repeat(4_097)})] {
            world.post(&who, DEVICES, bad).await.refuses(422, "invalid");
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_moves_to_whoever_registers_it_and_leaves_nothing_behind() {
    in_world(async |world| {
        let former = world.account("restaurant@iris.test", Role::Restaurant).await;
        let next = world.account("supplier@iris.test", Role::Supplier).await;
        let device = world.post(&former, DEVICES, json!({"token": "t-1", "name": "Köket"})).await.is(201);
        let moved = world.post(&next, DEVICES, json!({"token": "t-1"})).await.is(201);
        assert_ne!(moved.id(), device.id(), "what is queued for the former owner must not reach the next");
        assert_eq!(moved.body["name"], Value::Null, "nor what the former owner called it");
        let gone = format!("{DEVICES}/{}", device.id());
        world.delete(&former, &gone).await.refuses(404, "device_not_found");
        let kept = format!("{DEVICES}/{}", moved.id());
        world.delete(&former, &kept).await.refuses(404, "device_not_found");
        world.delete(&next, &kept).await.is(200);
        world.delete(&next, &kept).await.refuses(404, "device_not_found");
    })
    .await;
}

#[tokio::test]
async fn an_account_has_fifty_devices_at_most() {
    in_world(async |world| {
        let who = world.account("restaurant@iris.test", Role::Restaurant).await;
        for number in 0..50 {
            world.post(&who, DEVICES, json!({"token": format!("t-{number}")})).await.is(201);
        }
        world.post(&who, DEVICES, json!({"token": "t-50"})).await.refuses(409, "too_many_devices");
        let known = world.post(&who, DEVICES, json!({"token": "t-7"})).await.is(200);
        world.delete(&who, &format!("{DEVICES}/{}", known.id())).await.is(200);
        world.post(&who, DEVICES, json!({"token": "t-50"})).await.is(201);
    })
    .await;
}

#[tokio::test]
async fn a_token_that_two_register_at_once_ends_with_one_of_them() {
    in_world(async |world| {
        let one = world.account("restaurant@iris.test", Role::Restaurant).await;
        let other = world.account("supplier@iris.test", Role::Supplier).await;
        for _ in 0..20 {
            let body = || json!({"token": "t-1"});
            let (first, second) =
                tokio::join!(world.post(&one, DEVICES, body()), world.post(&other, DEVICES, body()));
            assert!([first.status, second.status].iter().all(|status| [200, 201].contains(status)));
            let sql = "SELECT device_id::text FROM notifications.devices WHERE token = 't-1'";
            let left: Vec<String> = sqlx::query_scalar(sql).fetch_all(&world.pool).await.unwrap();
            assert!(left == [first.id()] || left == [second.id()], "{left:?}");
        }
    })
    .await;
}
