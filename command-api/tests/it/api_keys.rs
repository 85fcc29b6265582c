//! API keys, from their issue to their end, through the router.

use std::time::Duration;

use axum::http::Method;
use chrono::TimeDelta;
use events::values::Role;
use futures::future::join_all;
use platform::clock::Clock as _;
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use crate::world::{Account, Answer, World, in_world};

const KEYS: &str = "/api-keys";

fn wanted(scopes: &[&str]) -> Value {
    json!({"name": "the till at Storgatan", "scopes": scopes})
}

async fn issued(world: &World, who: &Account, scopes: &[&str]) -> Answer {
    world.post(who, KEYS, wanted(scopes)).await.is(201)
}

/// Whoever calls with that key.
fn holder(account: &Account, key: &str) -> Account {
    Account { token: key.to_owned(), ..account.clone() }
}

/// A call that only whoever is believed gets past, whatever becomes of it: 404 for a cart that is not there.
async fn knock(world: &World, account: &Account, key: &str) -> Answer {
    world.delete(&holder(account, key), &format!("/carts/{}/items/{}", Uuid::nil(), Uuid::nil())).await
}

async fn opens(world: &World, account: &Account, key: &str) -> bool {
    match knock(world, account, key).await.status {
        404 => true,
        401 => false,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_key_acts_as_its_account_as_far_as_its_scopes_reach() {
    in_world(async |world| {
        let market = world.market().await;
        let answer = issued(world, &market.restaurant, &["carts:write", "orders:read", "carts:write"]).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("location"), format!("/api/v1/api-keys/{}", answer.id()));
        assert_eq!((&answer.body["status"], &answer.body["revision"]), (&json!("active"), &json!(1)));
        assert_eq!(answer.body["scopes"], json!(["carts:write", "orders:read"]));
        assert_eq!(answer.body["expires_at"], "2027-02-18T09:00:00Z", "90 days");
        let (key, key_id) = (answer.text("key"), answer.id());
        assert!(key.starts_with("ik_") && key.len() == 73, "{}", key.len());

        let machine = holder(&market.restaurant, &key);
        let cart = json!({"restaurant_id": market.restaurant_id});
        let cart = world.post(&machine, "/carts", cart).await.is(201);
        let recorded: (String, Value) = sqlx::query_as(
            "SELECT actor, metadata::jsonb FROM public.events WHERE aggregate_type = 'cart' AND aggregate_id = $1",
        )
        .bind(cart.id())
        .fetch_one(&world.pool)
        .await
        .unwrap();
        assert_eq!(recorded.0, format!("account:{}:RESTAURANT", market.restaurant.id));
        assert_eq!(recorded.1["api_key_id"], json!(key_id), "which key it was is history");

        // The account's own limits hold as well: another's supplier is another's.
        let order = json!({"cart_id": cart.id(), "payment_method": "invoice"});
        let keyed = [("idempotency-key", "k")];
        let refused = world.call(Method::POST, &machine, "/orders", Some(order), &keyed).await;
        let refused = refused.refuses(403, "insufficient_scope");
        assert_eq!(refused.body["details"][0]["scope"], "orders:write");
        let row = access(world, "reason", "insufficient_scope").await;
        assert_eq!(row["actor"], format!("api_key:{key_id}:RESTAURANT"));
        assert_eq!((&row["account_id"], &row["on_behalf_of"]), (&json!(market.restaurant.id), &json!(market.restaurant.id)));
        let owner_of_all = issued(world, &market.restaurant, &["products:write"]).await.text("key");
        let product = json!({
            "supplier_id": market.supplier_id, "name": "Tomat", "sku": "T-1", "unit": "kg", "price_cents": 1,
            "tax_category": "food"
        });
        world.post(&holder(&market.restaurant, &owner_of_all), "/products", product).await.refuses(403, "forbidden");
    })
    .await;
}

#[tokio::test]
async fn with_a_key_no_keys_are_made_and_nobody_logs_in() {
    in_world(async |world| {
        let admin = world.account("admin@iris.test", Role::Admin).await;
        let all: Vec<String> = events::values::Scope::all().map(|scope| scope.to_string()).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let answer = issued(world, &admin, &all).await;
        let machine = holder(&admin, &answer.text("key"));
        world.post(&machine, KEYS, wanted(&["orders:read"])).await.refuses(403, "not_with_a_key");
        let one = format!("{KEYS}/{}", answer.id());
        world.post_nothing(&machine, &format!("{one}/rotate")).await.refuses(403, "not_with_a_key");
        world.delete(&machine, &one).await.refuses(403, "not_with_a_key");
        let erase = format!("/accounts/{}/erase", admin.id);
        world.post(&machine, &erase, json!({})).await.refuses(403, "not_with_a_key");
        let device = json!({"token": "x", "platform": "android"});
        world.post(&machine, "/notification-devices", device).await.refuses(403, "not_with_a_key");
        // As ADMIN it may do what ADMIN may.
        let supplier = json!({"name": "Grönt AB", "contact_email": "order@gront.example"});
        world.post(&machine, "/suppliers", supplier).await.is(201);
    })
    .await;
}

#[tokio::test]
async fn an_account_has_its_own_keys_and_admin_everybodys() {
    in_world(async |world| {
        let admin = world.account("admin@iris.test", Role::Admin).await;
        let auditor = world.account("auditor@iris.test", Role::Auditor).await;
        let partner = world.account("till@partner.example", Role::Partner).await;
        let other = world.account("restaurant@iris.test", Role::Restaurant).await;
        let for_partner =
            json!({"name": "n", "scopes": ["webhook-endpoints:write"], "account_id": partner.id});
        world.post(&other, KEYS, for_partner.clone()).await.refuses(404, "account_not_found");
        world.post(&auditor, KEYS, for_partner.clone()).await.refuses(403, "forbidden");
        let answer = world.post(&admin, KEYS, for_partner).await.is(201);
        assert_eq!(answer.body["account_id"], json!(partner.id));
        let nobodys = json!({"name": "n", "scopes": ["orders:read"], "account_id": Uuid::nil()});
        world.post(&admin, KEYS, nobodys).await.refuses(404, "account_not_found");

        let machine = holder(&partner, &answer.text("key"));
        let endpoint = json!({"url": "https://partner.example/iris", "events": ["*"]});
        let endpoint = world.post(&machine, "/webhook-endpoints", endpoint).await.is(201);
        assert_eq!(endpoint.body["account_id"], json!(partner.id));

        let one = format!("{KEYS}/{}", answer.id());
        let rotate = format!("{one}/rotate");
        for (stranger, status, code) in [(&other, 404, "api_key_not_found"), (&auditor, 403, "forbidden")] {
            world.post_nothing(stranger, &rotate).await.refuses(status, code);
            world.delete(stranger, &one).await.refuses(status, code);
        }
        world.delete(&admin, &format!("{KEYS}/{}", Uuid::nil())).await.refuses(404, "api_key_not_found");
        world.post_nothing(&partner, &rotate).await.is(200);
        let stale = [("if-match", "\"1\"")];
        let stale = world.call(Method::DELETE, &partner, &one, None, &stale).await;
        stale.refuses(412, "stale_revision");
        world.delete(&admin, &one).await.is(200);
        // An auditor's machine may read history.
        issued(world, &auditor, &["audit:read"]).await;
    })
    .await;
}

#[tokio::test]
async fn a_rotated_key_works_for_as_long_as_was_said_and_an_expired_or_revoked_one_not_at_all() {
    in_world(async |world| {
        let buyer = world.account("restaurant@iris.test", Role::Restaurant).await;
        let answer = issued(world, &buyer, &["carts:write"]).await;
        let (first, one) = (answer.text("key"), format!("{KEYS}/{}", answer.id()));
        let rotate = format!("{one}/rotate");
        let rotated = world.post(&buyer, &rotate, json!({"overlap_seconds": 3600})).await.is(200);
        let second = rotated.text("key");
        assert_eq!(rotated.body["former_valid_until"], "2026-11-20T10:00:00Z");
        assert!(opens(world, &buyer, &first).await && opens(world, &buyer, &second).await);
        world.clock.advance(TimeDelta::seconds(3599));
        assert!(opens(world, &buyer, &first).await);
        world.clock.advance(TimeDelta::seconds(1));
        assert!(!opens(world, &buyer, &first).await && opens(world, &buyer, &second).await);

        let third = world.post_nothing(&buyer, &rotate).await.is(200).text("key");
        assert!(!opens(world, &buyer, &second).await, "at once, unless said otherwise");
        assert!(opens(world, &buyer, &third).await);

        let too_long = json!({"overlap_seconds": 604_801});
        world.post(&buyer, &rotate, too_long).await.refuses(422, "invalid");
        let revoked = world.delete(&buyer, &one).await.is(200);
        assert_eq!(
            (&revoked.body["status"], &revoked.body["revoked_at"]),
            (&json!("revoked"), &json!("2026-11-20T10:00:00Z"))
        );
        assert!(!opens(world, &buyer, &third).await);
        world.post_nothing(&buyer, &rotate).await.refuses(409, "invalid_transition");
        assert_eq!(world.delete(&buyer, &one).await.is(200).body, revoked.body, "twice is as once");

        let soon = json!({"name": "n", "scopes": ["carts:write"], "expires_at": "2026-11-20T11:00:00Z"});
        let soon = world.post(&buyer, KEYS, soon).await.is(201);
        world.clock.advance(TimeDelta::seconds(3599));
        assert!(opens(world, &buyer, &soon.text("key")).await);
        world.clock.advance(TimeDelta::seconds(1));
        assert!(!opens(world, &buyer, &soon.text("key")).await);
        let rotate = format!("{KEYS}/{}/rotate", soon.id());
        world.post_nothing(&buyer, &rotate).await.refuses(409, "invalid_transition");
    })
    .await;
}

#[tokio::test]
async fn why_a_key_is_not_believed_is_on_record_and_not_in_the_answer() {
    in_world(async |world| {
        let buyer = world.account("restaurant@iris.test", Role::Restaurant).await;
        let answer = issued(world, &buyer, &["carts:write"]).await;
        let (key, id) = (answer.text("key"), answer.id());
        let other = issued(world, &buyer, &["carts:write"]).await.text("key");
        let rotated = issued(world, &buyer, &["carts:write"]).await;
        world.post_nothing(&buyer, &format!("{KEYS}/{}/rotate", rotated.id())).await.is(200);
        let nobodys = platform::auth::NewApiKey::generate(Uuid::from_u128(7)).text;
        world.delete(&buyer, &format!("{KEYS}/{id}")).await.is(200);
        let mut bodies = Vec::new();
        let mistyped = format!("{}X", &other[..other.len() - 1]);
        let mistyped = if mistyped == other { format!("{}Y", &other[..other.len() - 1]) } else { mistyped };
        for (key, failure, subject) in [
            (key.as_str(), "key_revoked", json!(id)),
            (&rotated.text("key"), "key_wrong_secret", json!(rotated.id())),
            (secrecy::ExposeSecret::expose_secret(&nobodys), "key_unknown", json!(Uuid::from_u128(7))),
            (&mistyped, "key_malformed", Value::Null),
            ("ik_", "key_malformed", Value::Null),
        ] {
            let headers = [("authorization", format!("Bearer {key}"))];
            let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
            let request_id = format!("why-{}", bodies.len());
            let headers = [headers[0], ("x-request-id", request_id.as_str())];
            let refused = world.send(Method::DELETE, "/carts/x/items/y", None, &headers).await;
            let refused = refused.refuses(401, "unauthorized");
            let row = access(world, "request_id", &request_id).await;
            assert_eq!(
                (&row["actor"], &row["details"]["failure"]),
                (&json!("anonymous"), &json!(failure)),
                "{row}"
            );
            assert_eq!((&row["subject_kind"], &row["subject_id"]), (&json!("api_key"), &subject));
            bodies.push(refused.body["message"].clone());
        }
        assert!(bodies.iter().all(|message| *message == bodies[0]), "{bodies:?}");
        assert!(opens(world, &buyer, &other).await);
    })
    .await;
}

#[tokio::test]
async fn an_account_has_so_many_living_keys_at_once() {
    in_world(async |world| {
        let buyer = world.account("restaurant@iris.test", Role::Restaurant).await;
        let short = json!({"name": "n", "scopes": ["orders:read"], "expires_at": "2026-11-20T10:00:00Z"});
        let short = world.post(&buyer, KEYS, short).await.is(201).id();
        let client = world.caller();
        // At once, so that places are taken in one batch and in several.
        let issue = || client.post(&buyer, KEYS, wanted(&["orders:read"]));
        let answers = join_all((0..30).map(|_| issue())).await;
        let taken: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert_eq!(taken.len(), 19);
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            assert_eq!((answer.status, &answer.body["code"]), (409, &json!("too_many_api_keys")));
        }
        let refused = issue().await.refuses(409, "too_many_api_keys");
        assert_eq!(refused.body["details"][0]["keys_max"], 20);
        let other = world.account("supplier@iris.test", Role::Supplier).await;
        issued(world, &other, &["orders:read"]).await;

        world.delete(&buyer, &format!("{KEYS}/{}", taken[0].id())).await.is(200);
        issue().await.is(201);
        issue().await.refuses(409, "too_many_api_keys");
        world.clock.advance(TimeDelta::hours(1));
        issue().await.is(201);
        issue().await.refuses(409, "too_many_api_keys");
        assert_ne!(short, taken[0].id());
    })
    .await;
}

#[tokio::test]
async fn a_repeated_request_is_answered_without_the_key() {
    in_world(async |world| {
        let buyer = world.account("restaurant@iris.test", Role::Restaurant).await;
        let keyed = [("idempotency-key", "k")];
        let issue = || world.call(Method::POST, &buyer, KEYS, Some(wanted(&["carts:write"])), &keyed);
        let first = issue().await.is(201);
        let mut without_key = first.body.clone();
        without_key.as_object_mut().unwrap().remove("key").unwrap();
        let again = issue().await.is(200);
        assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &without_key));
        assert!(opens(world, &buyer, &first.text("key")).await, "the key of then is the key");

        let rotate = format!("{KEYS}/{}/rotate", first.id());
        let rotate = || world.call(Method::POST, &buyer, &rotate, None, &keyed);
        let second = rotate().await.is(200).text("key");
        assert_eq!(rotate().await.is(200).body["key"], Value::Null);
        assert!(opens(world, &buyer, &second).await, "the repetition has not taken it away");

        // Beside each other under one key: one of them is told.
        let keyed = [("idempotency-key", "both")];
        let client = world.caller();
        let both = join_all(
            (0..2).map(|_| client.call(Method::POST, &buyer, KEYS, Some(wanted(&["carts:write"])), &keyed)),
        )
        .await;
        assert_eq!(both[0].id(), both[1].id());
        let told: Vec<&str> = both.iter().filter_map(|answer| answer.body["key"].as_str()).collect();
        assert_eq!(told.len(), 1);
        assert!(opens(world, &buyer, told[0]).await);
    })
    .await;
}

#[tokio::test]
async fn of_many_rotations_at_once_the_last_two_secrets_are_right() {
    in_world(async |world| {
        let buyer = world.account("restaurant@iris.test", Role::Restaurant).await;
        let first = issued(world, &buyer, &["carts:write"]).await;
        let rotate = format!("{KEYS}/{}/rotate", first.id());
        let client = world.caller();
        let overlap = json!({"overlap_seconds": 60});
        let rotations = join_all((0..12).map(|_| client.post(&buyer, &rotate, overlap.clone()))).await;
        let mut revisions = Vec::new();
        for rotated in &rotations {
            let revision = rotated.body["revision"].as_i64().unwrap();
            revisions.push(revision);
            let is_right = opens(world, &buyer, &rotated.text("key")).await;
            assert_eq!(is_right, revision >= 12, "revision {revision} of 13");
        }
        revisions.sort_unstable();
        assert_eq!(revisions, (2..=13).collect::<Vec<_>>());
        assert!(!opens(world, &buyer, &first.text("key")).await);
    })
    .await;
}

#[tokio::test]
async fn faults_of_a_key_are_told_together() {
    in_world(async |world| {
        let buyer = world.account("restaurant@iris.test", Role::Restaurant).await;
        let body = json!({"name": "", "scopes": ["orders:read", "api-keys:write", "orders"], "nope": 1, "expires_at": "soon"});
        let refused = world.post(&buyer, KEYS, body).await.refuses(422, "invalid");
        assert_eq!(
            refused.faults(),
            [
                "expires_at invalid_time",
                "name too_short",
                "nope unknown_field",
                "scopes[1] unknown_scope",
                "scopes[2] unknown_scope"
            ]
        );
        world.post(&buyer, KEYS, json!({"name": "n", "scopes": []})).await.refuses(422, "invalid");
        for (at, code) in
            [("2026-11-20T09:00:00Z", "in_the_past"), ("2027-12-25T09:00:01Z", "too_far")]
        {
            let body = json!({"name": "n", "scopes": ["orders:read"], "expires_at": at});
            let refused = world.post(&buyer, KEYS, body).await.refuses(422, "invalid");
            assert_eq!(refused.faults(), [format!("expires_at {code}")]);
        }
        let body = json!({"name": "n", "scopes": ["orders:read"], "expires_at": "2027-12-25T09:00:00Z"});
        world.post(&buyer, KEYS, body).await.is(201);
    })
    .await;
}

#[tokio::test]
async fn what_becomes_of_the_account_becomes_of_its_keys_at_once() {
    in_world(async |world| {
        let admin = world.account("admin@iris.test", Role::Admin).await;
        let account = world.account("helper@iris.test", Role::Admin).await;
        let key = issued(world, &account, &["suppliers:write"]).await.text("key");
        let supplier = |n: u32| json!({"name": format!("S{n}"), "contact_email": "order@gront.example"});
        world.post(&holder(&account, &key), "/suppliers", supplier(1)).await.is(201);
        // The same address with another role: the role changes.
        world.account("helper@iris.test", Role::Restaurant).await;
        let machine = holder(&account, &key);
        world.post(&machine, "/suppliers", supplier(2)).await.refuses(403, "forbidden");
        world.post(&admin, &format!("/accounts/{}/erase", account.id), json!({})).await.is(200);
        world.post(&machine, "/suppliers", supplier(3)).await.refuses(401, "unauthorized");
        let row = access(world, "reason", "unauthorized").await;
        assert_eq!(row["details"]["failure"], "key_account_closed");
        let again = json!({"name": "n", "scopes": ["orders:read"], "account_id": account.id});
        world.post(&admin, KEYS, again).await.refuses(404, "account_not_found");
    })
    .await;
}

#[tokio::test]
async fn the_secret_of_a_key_is_kept_nowhere() {
    in_world(async |world| {
        let buyer = world.account("restaurant@iris.test", Role::Restaurant).await;
        let keyed = [("idempotency-key", "k")];
        let issue = world.call(Method::POST, &buyer, KEYS, Some(wanted(&["carts:write"])), &keyed).await;
        let answer = issue.is(201);
        let key = answer.text("key");
        let rotate = format!("{KEYS}/{}/rotate", answer.id());
        let rotated = world.call(Method::POST, &buyer, &rotate, Some(json!({"overlap_seconds": 60})), &keyed);
        let rotated = rotated.await.is(200).text("key");
        for key in [&key, &rotated] {
            assert!(opens(world, &buyer, key).await);
            world
                .delete(&holder(&buyer, key), "/webhook-endpoints/x")
                .await
                .refuses(403, "insufficient_scope");
        }
        access(world, "reason", "insufficient_scope").await;
        let rows = all_rows(world).await;
        assert!(rows.iter().any(|(table, row)| table == "public.events" && row.contains("ApiKeyRotated")));
        for key in [&key, &rotated] {
            let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(secret_bytes(key)));
            for (table, row) in &rows {
                // The text, its secret part, the same as hex of its bytes: in no row of any table.
                for part in [&**key, &key[26..69], &hex::encode(secret_bytes(key))] {
                    assert!(!row.contains(part), "{table}");
                }
                assert!(!row.contains(&hash) || table == "auth.api_keys", "its hash is in {table}");
            }
            assert!(rows.iter().any(|(table, row)| table == "auth.api_keys" && row.contains(&hash)));
        }
        let shown = access(world, "kind", "secret_read").await;
        assert_eq!((&shown["subject_kind"], &shown["subject_id"]), (&json!("api_key"), &json!(answer.id())));
    })
    .await;
}

#[tokio::test]
async fn no_key_is_shown_whose_showing_cannot_be_recorded() {
    in_world(async |world| {
        let buyer = world.account("restaurant@iris.test", Role::Restaurant).await;
        let mut tx = world.owner().await;
        sqlx::raw_sql("ALTER TABLE audit.access_log RENAME TO access_log_away")
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let silent = issued(world, &buyer, &["carts:write"]).await;
        assert_eq!(silent.body["key"], Value::Null);
        let mut tx = world.owner().await;
        sqlx::raw_sql("ALTER TABLE audit.access_log_away RENAME TO access_log")
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let rotated = world.post_nothing(&buyer, &format!("{KEYS}/{}/rotate", silent.id())).await.is(200);
        assert!(opens(world, &buyer, &rotated.text("key")).await);
    })
    .await;
}

#[tokio::test]
async fn a_key_whose_row_was_lost_is_brought_back_by_a_rotation() {
    in_world(async |world| {
        let buyer = world.account("restaurant@iris.test", Role::Restaurant).await;
        let answer = issued(world, &buyer, &["carts:write"]).await;
        let mut tx = world.owner().await;
        sqlx::query("DELETE FROM auth.api_keys").execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!opens(world, &buyer, &answer.text("key")).await);
        let rotate = format!("{KEYS}/{}/rotate", answer.id());
        let overlap = json!({"overlap_seconds": 60});
        let rotated = world.post(&buyer, &rotate, overlap).await.is(200).text("key");
        assert!(opens(world, &buyer, &rotated).await && !opens(world, &buyer, &answer.text("key")).await);
    })
    .await;
}

#[tokio::test]
async fn when_keys_cannot_be_looked_up_nobody_is_told_that_his_is_wrong() {
    in_world(async |world| {
        let buyer = world.account("restaurant@iris.test", Role::Restaurant).await;
        let key = issued(world, &buyer, &["carts:write"]).await.text("key");
        let gone = PgPoolOptions::new().connect_lazy_with(world.pool.connect_options().as_ref().clone());
        gone.close().await;
        let client = world.with_keys_on(gone);
        let refused = client.delete(&holder(&buyer, &key), "/carts/x/items/y").await;
        let refused = refused.refuses(503, "database_unavailable");
        assert_eq!(refused.header("retry-after"), "1");
        client.delete(&holder(&buyer, "ik_x"), "/carts/x/items/y").await.refuses(401, "unauthorized");
    })
    .await;
}

#[tokio::test]
async fn when_a_key_was_used_is_known_to_the_minute() {
    in_world(async |world| {
        let buyer = world.account("restaurant@iris.test", Role::Restaurant).await;
        let key = issued(world, &buyer, &["carts:write"]).await.text("key");
        let first = world.clock.now();
        for after_s in [0, 59, 60] {
            world.clock.set(first + TimeDelta::seconds(after_s));
            assert!(opens(world, &buyer, &key).await);
            let noted = if after_s == 60 { world.clock.now() } else { first };
            used_at(world, noted).await;
        }
        // A use within the minute is no write: the row is the one of the last.
        let versions = || async {
            let sql = "SELECT xmin::text FROM auth.api_keys";
            sqlx::query_scalar::<_, String>(sql).fetch_one(&world.pool).await.unwrap()
        };
        let version = versions().await;
        world.clock.advance(TimeDelta::seconds(59));
        assert!(opens(world, &buyer, &key).await);
        let note = "SELECT auth.note_api_key_uses(ARRAY(SELECT key_id FROM auth.api_keys), $1)";
        sqlx::query(note).bind(world.clock.now()).execute(&world.pool).await.unwrap();
        assert_eq!(versions().await, version);
    })
    .await;
}

async fn used_at(world: &World, expected: chrono::DateTime<chrono::Utc>) {
    let sql = "SELECT last_used_at FROM auth.api_keys";
    for _ in 0..500 {
        let at: Option<chrono::DateTime<chrono::Utc>> =
            sqlx::query_scalar(sql).fetch_one(&world.pool).await.unwrap();
        if at == Some(expected) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("that the key was used at {expected} never came");
}

/// The row of the access log with that value, once it is there: what is queued is written a moment later.
async fn access(world: &World, column: &str, value: &str) -> Value {
    let sql = format!("SELECT to_jsonb(a) FROM audit.access_log a WHERE {column} = $1 ORDER BY id LIMIT 1");
    for _ in 0..500 {
        let row: Option<Value> =
            sqlx::query_scalar(&sql).bind(value).fetch_optional(&mut *world.owner().await).await.unwrap();
        if let Some(row) = row {
            return row;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no row with {column} {value} ever came");
}

/// Every row of every table, as text.
async fn all_rows(world: &World) -> Vec<(String, String)> {
    let mut tx = world.owner().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables \
         WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&mut *tx)
    .await
    .unwrap();
    let mut rows = Vec::new();
    for table in tables {
        let sql = format!("SELECT t::text FROM {table} t");
        let found: Vec<String> = sqlx::query_scalar(&sql).fetch_all(&mut *tx).await.unwrap();
        rows.extend(found.into_iter().map(|row| (table.clone(), row)));
    }
    rows
}

fn secret_bytes(key: &str) -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.decode(&key[26..69]).unwrap()
}
