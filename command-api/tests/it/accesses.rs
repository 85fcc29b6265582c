//! What the write side records of logins, refusals and shown secrets.

use std::time::Duration;

use axum::http::Method;
use events::values::Role;
use serde_json::{Value, json};
use sqlx::Row;

use crate::world::{PASSWORD, World, in_world};

/// The rows of a kind, once there are so many: what is queued is written a moment later.
async fn rows(world: &World, kind: &str, count: usize) -> Vec<Value> {
    let sql = "SELECT to_jsonb(a) AS row FROM audit.access_log a WHERE kind = $1 ORDER BY id";
    for _ in 0..500 {
        let rows = sqlx::query(sql).bind(kind).fetch_all(&mut *world.owner().await).await.unwrap();
        if rows.len() >= count {
            assert_eq!(rows.len(), count, "{kind}");
            return rows.iter().map(|row| row.get("row")).collect();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{count} rows of {kind} never came");
}

#[tokio::test]
async fn a_login_is_on_record_from_its_beginning_to_its_end() {
    in_world(async |world| {
        let account = world.account("restaurant@iris.test", Role::Restaurant).await;
        let credentials = json!({"email": "restaurant@iris.test", "password": PASSWORD});
        let login = credentials.to_string().into_bytes();
        let headers = [("x-request-id", "morning"), ("user-agent", "till/1.0")];
        let path = "/auth/dev/login";
        let first = world.send(Method::POST, path, Some(login), &headers).await.is(200).text("refresh_token");
        let begun = &rows(world, "login", 1).await[0];
        assert_eq!(begun["actor"], format!("account:{}:RESTAURANT", account.id));
        assert_eq!((&begun["request_id"], &begun["user_agent"]), (&json!("morning"), &json!("till/1.0")));

        let token = |token: &str| json!({ "refresh_token": token });
        let second = world.post_openly("/auth/refresh", token(&first)).await.is(200).text("refresh_token");
        assert_eq!(rows(world, "token_refreshed", 1).await[0]["account_id"], json!(account.id));

        world.post_openly("/auth/logout", token(&second)).await.is(204);
        assert_eq!(rows(world, "logout", 1).await[0]["account_id"], json!(account.id));
        world.post_openly("/auth/logout", token("made-up")).await.is(204);

        world.post_openly("/auth/refresh", token(&first)).await.refuses(401, "refresh_token_reused");
        let reused = &rows(world, "refresh_reused", 1).await[0];
        // Whose it was is known, who showed it is not.
        assert_eq!((&reused["actor"], &reused["outcome"]), (&json!("anonymous"), &json!("refused")));
        assert_eq!((&reused["subject_kind"], &reused["subject_id"]), (&json!("account"), &json!(account.id)));
        rows(world, "logout", 1).await;
        rows(world, "forbidden", 0).await;
    })
    .await;
}

#[tokio::test]
async fn failed_logins_are_told_apart_by_address_and_the_address_is_not_kept() {
    in_world(async |world| {
        world.account("restaurant@iris.test", Role::Restaurant).await;
        for email in ["restaurant@iris.test", "Restaurant@Iris.test", "guess@iris.test"] {
            let credentials = json!({"email": email, "password": "wrong"});
            world.post_openly("/auth/dev/login", credentials).await.refuses(401, "invalid_credentials");
        }
        let failed = rows(world, "login_failed", 3).await;
        let mark = |row: &Value| row["details"]["email_mark"].as_str().unwrap().to_owned();
        assert_eq!(mark(&failed[0]), mark(&failed[1]));
        assert_ne!(mark(&failed[0]), mark(&failed[2]));
        for row in &failed {
            let text = row.to_string().to_lowercase();
            assert!(!text.contains("iris.test") && !text.contains("wrong"), "{text}");
            assert_eq!((&row["outcome"], &row["reason"]), (&json!("refused"), &json!("invalid_credentials")));
        }
    })
    .await;
}

#[tokio::test]
async fn guessing_passwords_does_not_fill_the_log() {
    in_world(async |world| {
        for _ in 0..40 {
            let credentials = json!({"email": "guess@iris.test", "password": "wrong"});
            world.post_openly("/auth/dev/login", credentials).await.refuses(401, "invalid_credentials");
        }
        rows(world, "login_failed", 30).await;
    })
    .await;
}

#[tokio::test]
async fn a_secret_is_shown_only_on_record() {
    in_world(async |world| {
        let partner = world.account("till@partner.example", Role::Partner).await;
        let body = json!({"url": "https://partner.example/iris", "events": ["*"]});
        let made = world.post(&partner, "/webhook-endpoints", body.clone()).await.is(201);
        assert!(made.text("secret").starts_with("whsec_"));
        let rotate = format!("/webhook-endpoints/{}/rotate-secret", made.id());
        world.post_nothing(&partner, &rotate).await.is(200);
        let shown = rows(world, "secret_read", 2).await;
        for row in &shown {
            assert_eq!((&row["account_id"], &row["subject_id"]), (&json!(partner.id), &json!(made.id())));
            assert!(!row.to_string().contains("whsec_"));
        }

        let mut owner = world.owner().await;
        sqlx::query("REVOKE INSERT ON audit.access_log FROM iris_command")
            .execute(&mut *owner)
            .await
            .unwrap();
        owner.commit().await.unwrap();
        // It is in the log by now, so it is no error; but nobody has seen the secret.
        let unseen = world.post_nothing(&partner, &rotate).await.is(200);
        assert_eq!(unseen.body.get("secret"), None);
        rows(world, "secret_read", 2).await;
    })
    .await;
}

#[tokio::test]
async fn who_may_not_do_something_is_on_record_with_what_it_was() {
    in_world(async |world| {
        let buyer = world.account("restaurant@iris.test", Role::Restaurant).await;
        let body = json!({"name": "Grönt AB", "contact_email": "order@gront.example"});
        assert_eq!(world.post(&buyer, "/suppliers", body).await.status, 403);
        let refused = &rows(world, "forbidden", 1).await[0];
        assert_eq!(refused["account_id"], json!(buyer.id));
        assert_eq!(refused["details"], json!({"method": "POST", "route": "/api/v1/suppliers"}));
    })
    .await;
}
