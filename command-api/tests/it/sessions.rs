//! Logging in, going on, and logging out.

use axum::http::Method;
use chrono::TimeDelta;
use events::values::Role;
use serde_json::json;
use tokio::task::JoinSet;

use crate::world::{Account, Answer, NOBODY, PASSWORD, World, in_world};

async fn login(world: &World) -> Answer {
    let credentials = json!({"email": "restaurant@iris.test", "password": PASSWORD});
    world.post_openly("/auth/dev/login", credentials).await.is(200)
}

async fn refresh(world: &World, token: &str) -> Answer {
    world.post_openly("/auth/refresh", json!({"refresh_token": token})).await
}

async fn logout(world: &World, token: &str) -> Answer {
    world.post_openly("/auth/logout", json!({"refresh_token": token})).await
}

#[tokio::test]
async fn a_wrong_password_an_unknown_address_and_a_missing_account_get_one_answer() {
    in_world(async |world| {
        world.account("restaurant@iris.test", Role::Restaurant).await;
        let tokens = login(world).await;
        assert_eq!((tokens.text("token_type").as_str(), &tokens.body["expires_in"]), ("Bearer", &json!(900)));
        assert_eq!(tokens.header("cache-control"), "no-store");
        let mut answers = Vec::new();
        for (email, password) in [
            ("restaurant@iris.test", "iris-dew"),
            ("unknown@iris.test", PASSWORD),
            (NOBODY, PASSWORD),
            ("restaurant@iris.test", ""),
        ] {
            let refused =
                world.post_openly("/auth/dev/login", json!({"email": email, "password": password})).await;
            let refused = refused.refuses(401, "invalid_credentials");
            answers.push((refused.text("message"), refused.body["details"].clone()));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1);
        let malformed = json!({"email": "x", "password": 1, "remember": true});
        let refused = world.post_openly("/auth/dev/login", malformed).await.refuses(422, "invalid");
        assert_eq!(
            refused.faults(),
            ["email invalid_email", "password wrong_type", "remember unknown_field"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_reuse_ends_the_login() {
    in_world(async |world| {
        world.account("restaurant@iris.test", Role::Restaurant).await;
        let first = login(world).await.text("refresh_token");
        let second = refresh(world, &first).await.is(200).text("refresh_token");
        let third = refresh(world, &second).await.is(200).text("refresh_token");
        assert!(first != second && second != third);
        let other_login = login(world).await.text("refresh_token");

        refresh(world, &first).await.refuses(401, "refresh_token_reused");
        refresh(world, &third).await.refuses(401, "invalid_refresh_token");
        refresh(world, "made-up").await.refuses(401, "invalid_refresh_token");
        refresh(world, &other_login).await.is(200);
        let kept = "SELECT count(*) FROM auth.refresh_tokens WHERE token_hash = convert_to($1, 'UTF8')";
        let plain: i64 = sqlx::query_scalar(kept).bind(&first).fetch_one(&world.pool).await.unwrap();
        assert_eq!(plain, 0, "only hashes are kept");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_refreshes_at_once_one_wins_and_the_login_ends() {
    in_world(async |world| {
        world.account("restaurant@iris.test", Role::Restaurant).await;
        let token = login(world).await.text("refresh_token");
        let mut racers = JoinSet::new();
        for _ in 0..10 {
            let (caller, token) = (world.caller(), token.clone());
            racers.spawn(async move {
                caller.post_openly("/auth/refresh", json!({"refresh_token": token})).await
            });
        }
        let (won, lost): (Vec<Answer>, Vec<Answer>) =
            racers.join_all().await.into_iter().partition(|answer| answer.status == 200);
        assert_eq!((won.len(), lost.len()), (1, 9));
        for answer in lost {
            answer.refuses(401, "refresh_token_reused");
        }
        refresh(world, &won[0].text("refresh_token")).await.refuses(401, "invalid_refresh_token");
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_lapses_unused_and_a_login_lapses_in_any_case() {
    in_world(async |world| {
        world.account("restaurant@iris.test", Role::Restaurant).await;
        let idle = login(world).await.text("refresh_token");
        world.clock.advance(TimeDelta::days(7));
        refresh(world, &idle).await.refuses(401, "invalid_refresh_token");

        let mut token = login(world).await.text("refresh_token");
        for _ in 0..4 {
            world.clock.advance(TimeDelta::days(7) - TimeDelta::seconds(1));
            token = refresh(world, &token).await.is(200).text("refresh_token");
        }
        world.clock.advance(TimeDelta::days(2) + TimeDelta::seconds(4));
        refresh(world, &token).await.refuses(401, "invalid_refresh_token");

        login(world).await;
        let families: i64 =
            sqlx::query_scalar("SELECT count(*) FROM auth.families").fetch_one(&world.pool).await.unwrap();
        assert_eq!(families, 1, "what is over is cleared by the next login");
    })
    .await;
}

#[tokio::test]
async fn logging_out_ends_the_login_and_says_nothing() {
    in_world(async |world| {
        world.account("restaurant@iris.test", Role::Restaurant).await;
        let token = login(world).await.text("refresh_token");
        let other = login(world).await.text("refresh_token");
        for known_or_not in [&token, &token, "made-up", ""] {
            let answer = logout(world, known_or_not).await.is(204);
            assert!(answer.body.is_null());
        }
        refresh(world, &token).await.refuses(401, "invalid_refresh_token");
        refresh(world, &other).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn a_changed_role_is_in_the_next_access_token() {
    in_world(async |world| {
        let account = world.account("restaurant@iris.test", Role::Restaurant).await;
        let tokens = login(world).await;
        let body = json!({"name": "x", "contact_email": "a@b.example"});
        let with = |tokens: &Answer| Account { token: tokens.text("access_token"), ..account.clone() };
        world.post(&with(&tokens), "/suppliers", body.clone()).await.refuses(403, "forbidden");
        world.account("restaurant@iris.test", Role::Admin).await;
        world.post(&with(&tokens), "/suppliers", body.clone()).await.refuses(403, "forbidden");
        let tokens = refresh(world, &tokens.text("refresh_token")).await.is(200);
        world.post(&with(&tokens), "/suppliers", body.clone()).await.is(201);
        world.clock.advance(TimeDelta::minutes(16));
        world.post(&with(&tokens), "/suppliers", body).await.refuses(401, "unauthorized");
    })
    .await;
}

#[tokio::test]
async fn other_providers_have_no_logins_here() {
    in_world(async |world| {
        let elsewhere = world.without_logins();
        for path in ["/auth/dev/login", "/auth/refresh", "/auth/logout"] {
            let answer = elsewhere.send(Method::POST, path, Some(b"{}".to_vec()), &[]).await;
            answer.refuses(404, "route_not_found");
        }
    })
    .await;
}
