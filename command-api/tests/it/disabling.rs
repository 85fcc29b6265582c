//! Keeping somebody out of an account, and letting them in again.

use events::values::Role;
use serde_json::json;
use uuid::Uuid;

use crate::world::{Answer, PASSWORD, World, in_world};

async fn login(world: &World) -> Answer {
    world.post_openly("/auth/dev/login", json!({"email": "restaurant@iris.test", "password": PASSWORD})).await
}

async fn refresh(world: &World, token: &str) -> Answer {
    world.post_openly("/auth/refresh", json!({"refresh_token": token})).await
}

#[tokio::test]
async fn a_disabled_account_is_logged_in_to_by_nobody_and_old_logins_do_not_come_back() {
    in_world(async |world| {
        let admin = world.account("admin@iris.test", Role::Admin).await;
        let person = world.account("restaurant@iris.test", Role::Restaurant).await;
        let before = login(world).await.is(200).text("refresh_token");
        let path = |verb: &str| format!("/accounts/{}/{verb}", person.id);
        let disabled = world.post(&admin, &path("disable"), json!({"reason": "Har slutat"})).await.is(200);
        assert_eq!((disabled.body["disabled"].as_bool(), disabled.header("etag")), (Some(true), "\"2\""));
        login(world).await.refuses(401, "invalid_credentials");
        refresh(world, &before).await.refuses(401, "invalid_refresh_token");
        // A second time changes nothing.
        world.post_nothing(&admin, &path("disable")).await.is(200);
        let enabled = world.post_nothing(&admin, &path("enable")).await.is(200);
        assert_eq!((enabled.body["disabled"].as_bool(), enabled.header("etag")), (Some(false), "\"3\""));
        world.post_nothing(&admin, &path("enable")).await.is(200);
        refresh(world, &before).await.refuses(401, "invalid_refresh_token");
        login(world).await.is(200);
        let open = "SELECT count(*) FROM auth.families WHERE account_id = $1 AND revoked_at IS NULL";
        let open: i64 = sqlx::query_scalar(open).bind(person.id).fetch_one(&world.pool).await.unwrap();
        assert_eq!(open, 1);
    })
    .await;
}

#[tokio::test]
async fn only_admins_do_so_and_only_to_accounts() {
    in_world(async |world| {
        let admin = world.account("admin@iris.test", Role::Admin).await;
        for role in [Role::Restaurant, Role::Supplier, Role::Auditor, Role::Partner] {
            let other = world.account(&format!("{role}@iris.test"), role).await;
            for verb in ["disable", "enable"] {
                let path = format!("/accounts/{}/{verb}", other.id);
                world.post_nothing(&other, &path).await.refuses(403, "forbidden");
            }
        }
        for verb in ["disable", "enable"] {
            let path = format!("/accounts/{}/{verb}", Uuid::nil());
            world.post_nothing(&admin, &path).await.refuses(404, "account_not_found");
        }
        let path = format!("/accounts/{}/disable", admin.id);
        world.post(&admin, &path, json!({"why": "x"})).await.refuses(422, "invalid");
    })
    .await;
}
