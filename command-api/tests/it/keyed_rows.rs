//! Commands that change rows and record nothing take `Idempotency-Key` as all commands do.

use axum::http::Method;
use events::values::Role;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    notifications::{DEVICES, notified},
    world::{Account, Answer, World, in_world},
};

const KEYED: [(&str, &str); 1] = [("idempotency-key", "k")];

async fn keyed(world: &World, method: Method, who: &Account, path: &str, body: Option<Value>) -> Answer {
    world.call(method, who, path, body, &KEYED).await
}

#[track_caller]
fn repeats(again: &Answer, first: &Answer) {
    assert_eq!((again.status, again.header("idempotency-replayed")), (200, "true"), "{}", again.body);
    assert_eq!((&again.body, again.header("iris-position")), (&first.body, first.header("iris-position")));
    assert!(!first.headers.contains_key("idempotency-replayed"));
}

#[tokio::test]
async fn what_was_read_under_a_key_is_answered_as_then() {
    in_world(async |world| {
        let who = world.account("restaurant@iris.test", Role::Restaurant).await;
        let other = world.account("supplier@iris.test", Role::Supplier).await;
        let (one, two) = (notified(world, &who, true).await, notified(world, &who, true).await);
        let path = format!("/notifications/{one}/read");
        let first = keyed(world, Method::POST, &who, &path, None).await.is(200);
        // A later position, so that it shows which one is told.
        world.account("later@iris.test", Role::Supplier).await;
        repeats(&keyed(world, Method::POST, &who, &path, Some(json!({}))).await, &first);
        let elsewhere = keyed(world, Method::POST, &who, &format!("/notifications/{two}/read"), None).await;
        elsewhere.refuses(422, "idempotency_key_reused");

        let all = "/notifications/read-all";
        let first = keyed(world, Method::POST, &who, all, None).await.is(200);
        assert_eq!(
            first.body,
            json!({"read": 1}),
            "the refused one left it unread; and another operation's key"
        );
        notified(world, &who, true).await;
        repeats(&keyed(world, Method::POST, &who, all, None).await, &first);
        let foreign = keyed(world, Method::POST, &other, all, None).await.is(200);
        assert_eq!(foreign.body, json!({"read": 0}), "another account's key is another key");
        let unkeyed = world.post_nothing(&who, all).await.is(200);
        assert_eq!(unkeyed.body, json!({"read": 1}), "what came after was not read by the repeated request");
    })
    .await;
}

#[tokio::test]
async fn a_device_is_registered_and_removed_once_per_key() {
    in_world(async |world| {
        let who = world.account("restaurant@iris.test", Role::Restaurant).await;
        let new = |token: &str| Some(json!({"token": token, "name": "Köket"}));
        let first = keyed(world, Method::POST, &who, DEVICES, new("t-1")).await.is(201);
        repeats(&keyed(world, Method::POST, &who, DEVICES, new("t-1")).await, &first);
        keyed(world, Method::POST, &who, DEVICES, new("t-2")).await.refuses(422, "idempotency_key_reused");

        let path = format!("{DEVICES}/{}", first.id());
        let removed = keyed(world, Method::DELETE, &who, &path, None).await.is(200);
        repeats(&keyed(world, Method::DELETE, &who, &path, None).await, &removed);
        world.delete(&who, &path).await.refuses(404, "device_not_found");
        let replayed = keyed(world, Method::POST, &who, DEVICES, new("t-1")).await;
        repeats(&replayed, &first);
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM notifications.devices")
            .fetch_one(&world.pool)
            .await
            .unwrap();
        assert_eq!(left, 0, "an answer is repeated, what it tells of is not done again");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_removals_at_once_with_one_key_all_get_the_one_answer() {
    in_world(async |world| {
        let who = world.account("restaurant@iris.test", Role::Restaurant).await;
        let device = world.post(&who, DEVICES, json!({"token": "t-1"})).await.is(201);
        let mut requests = JoinSet::new();
        for _ in 0..20 {
            let (caller, who, path) = (world.caller(), who.clone(), format!("{DEVICES}/{}", device.id()));
            requests.spawn(async move { caller.call(Method::DELETE, &who, &path, None, &KEYED).await });
        }
        let answers = requests.join_all().await;
        assert!(
            answers.iter().all(|answer| (answer.status, &answer.body) == (200, &device.body)),
            "{answers:?}"
        );
        let fresh =
            answers.iter().filter(|answer| !answer.headers.contains_key("idempotency-replayed")).count();
        assert_eq!(fresh, 1);
    })
    .await;
}

#[tokio::test]
async fn a_refused_one_leaves_its_key_free() {
    in_world(async |world| {
        let who = world.account("restaurant@iris.test", Role::Restaurant).await;
        for number in 0..50 {
            world.post(&who, DEVICES, json!({"token": format!("t-{number}")})).await.is(201);
        }
        let new = || Some(json!({"token": "t-50"}));
        let refused = keyed(world, Method::POST, &who, DEVICES, new()).await;
        refused.refuses(409, "too_many_devices");
        let known = world.post(&who, DEVICES, json!({"token": "t-7"})).await.is(200);
        world.delete(&who, &format!("{DEVICES}/{}", known.id())).await.is(200);
        keyed(world, Method::POST, &who, DEVICES, new()).await.is(201);
    })
    .await;
}

#[tokio::test]
async fn what_has_no_revision_refuses_one_and_takes_the_star() {
    in_world(async |world| {
        let who = world.account("restaurant@iris.test", Role::Restaurant).await;
        let id = notified(world, &who, true).await;
        let device = world.post(&who, DEVICES, json!({"token": "t-1"})).await.is(201);
        let read = format!("/notifications/{id}/read");
        let removed = format!("{DEVICES}/{}", device.id());
        for (method, path, body) in [
            (Method::POST, read.as_str(), None),
            (Method::POST, "/notifications/read-all", None),
            (Method::POST, DEVICES, Some(json!({"token": "t-1"}))),
            (Method::DELETE, &removed, None),
        ] {
            let numbered = [("if-match", "\"1\"")];
            let refused = world.call(method.clone(), &who, path, body.clone(), &numbered).await;
            refused.refuses(400, "invalid_if_match");
            world.call(method, &who, path, body, &[("if-match", "*")]).await.is(200);
        }
    })
    .await;
}
