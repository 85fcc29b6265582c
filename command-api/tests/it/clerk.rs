//! What Clerk tells of its users, and what becomes of their accounts.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::Method;
use command_api::logins::LinkedAccounts;
use events::values::Role;
use futures::future::join_all;
use platform::{
    auth::{Accounts as _, LinkedAccount},
    clock::Clock as _,
    signing_secret::SigningSecret,
};
use serde_json::{Value, json};

use crate::world::{Answer, Client, World, in_world};

const PATH: &str = "/auth/clerk/webhooks";
const ANNA: &str = "user_29w83sxmDNGwOuEthce5gg56FcC";
const BO: &str = "user_29w83sxmDNGwOuEthce5gg56FcD";
/// When Clerk's users of these tests were first seen, in milliseconds since 1970.
const BEGIN_MS: i64 = 1_654_012_591_835;

/// Clerk, and the program that it sends to.
struct Clerk<'a> {
    world: &'a World,
    client: Client,
    secret: SigningSecret,
    sent: AtomicU32,
}

impl<'a> Clerk<'a> {
    fn of(world: &'a World) -> Self {
        let secret = SigningSecret::generate();
        Self { world, client: world.with_clerk(&secret), secret, sent: AtomicU32::new(0) }
    }

    fn fresh_id(&self) -> String {
        format!("msg_{}", self.sent.fetch_add(1, Ordering::Relaxed))
    }

    async fn deliver(&self, client: &Client, id: &str, body: Vec<u8>) -> Answer {
        let now_s = self.world.clock.now().timestamp();
        let (timestamp, signature) = (now_s.to_string(), self.secret.sign(id, now_s, &body));
        // Svix sends more than one while a secret is replaced.
        let signatures = format!("v1,Zm9yIHNvbWVib2R5IGVsc2U= {signature}");
        let headers = [
            ("svix-id", id),
            ("svix-timestamp", timestamp.as_str()),
            ("svix-signature", signatures.as_str()),
        ];
        client.send(Method::POST, PATH, Some(body), &headers).await
    }

    async fn tell_under(&self, id: &str, event_type: &str, data: Value) -> Answer {
        let body = message(event_type, &data).into_bytes();
        self.deliver(&self.client, id, body).await
    }

    /// Tells it under an id of its own.
    async fn tell(&self, event_type: &str, data: Value) {
        self.tell_under(&self.fresh_id(), event_type, data).await.is(204);
    }

    async fn account(&self, user: &str) -> Option<LinkedAccount> {
        LinkedAccounts::new(self.world.pool.clone()).find("clerk", user).await.unwrap()
    }

    /// The account's address in the clear.
    async fn address(&self, user: &str) -> String {
        let line = self.account(user).await.unwrap().identity.email;
        assert!(!line.contains('@'), "sealed: {line}");
        let opened = self.world.personal().open_json(&line).await.unwrap();
        serde_json::from_str(&opened).unwrap()
    }

    async fn is_disabled(&self, user: &str) -> bool {
        self.account(user).await.unwrap().is_disabled
    }

    /// The types of the events of the user's account, in order.
    async fn history(&self, user: &str) -> Vec<String> {
        let id = self.account(user).await.unwrap().identity.subject;
        sqlx::query_scalar("SELECT event_type FROM public.events WHERE aggregate_id = $1 ORDER BY sequence")
            .bind(id.to_string())
            .fetch_all(&self.world.pool)
            .await
            .unwrap()
    }
}

/// The envelope of every webhook of Clerk's.
fn message(event_type: &str, data: &Value) -> String {
    json!({
        "data": data, "event_attributes": {"http_request": {"client_ip": "203.0.113.7", "user_agent": "Mozilla/5.0"}},
        "instance_id": "ins_123", "object": "event", "timestamp": BEGIN_MS, "type": event_type
    })
    .to_string()
}

/// A user as Clerk writes it, with that address and so many seconds after the first time.
fn user(id: &str, email: &str, at_s: i64, changes: &[(&str, Value)]) -> Value {
    let mut user = json!({
        "birthday": "", "created_at": BEGIN_MS, "email_addresses": [
            {"email_address": email, "id": "idn_29w83yL7CwVlJXylYLxcslromF1", "linked_to": [],
             "object": "email_address", "verification": {"status": "verified", "strategy": "ticket"}}
        ],
        "external_accounts": [], "external_id": null, "first_name": "Anna", "gender": "", "id": id,
        "last_name": "Ek", "last_sign_in_at": BEGIN_MS, "object": "user", "password_enabled": true, "phone_numbers": [],
        "primary_email_address_id": "idn_29w83yL7CwVlJXylYLxcslromF1", "primary_phone_number_id": null,
        "private_metadata": {}, "profile_image_url": "https://www.gravatar.com/avatar", "public_metadata": {},
        "two_factor_enabled": false, "unsafe_metadata": {"iris_role": "ADMIN"}, "username": null,
        "updated_at": BEGIN_MS + at_s * 1_000, "web3_wallets": [], "banned": false, "locked": false
    });
    for (name, value) in changes {
        user[*name] = value.clone();
    }
    user
}

#[tokio::test]
async fn a_user_becomes_an_account_once_however_often_it_is_told() {
    in_world(async |world| {
        let clerk = Clerk::of(world);
        assert_eq!(clerk.account(ANNA).await, None);
        let anna = user(ANNA, "Anna@krog.example", 0, &[]);
        clerk.tell_under("msg_same", "user.created", anna.clone()).await.is(204);
        let account = clerk.account(ANNA).await.unwrap();
        assert_eq!((account.identity.role.as_str(), account.is_disabled), ("RESTAURANT", false));
        assert_eq!(clerk.address(ANNA).await, "Anna@krog.example");
        let head = world.head().await;
        clerk.tell_under("msg_same", "user.created", anna.clone()).await.is(204);
        clerk.tell("user.created", anna.clone()).await;
        clerk.tell("user.updated", anna).await;
        assert_eq!((world.head().await, clerk.account(ANNA).await), (head, Some(account)));
        assert_eq!(clerk.history(ANNA).await, ["AccountRegistered", "LoginLinked"]);
        // Ids differ in case: this is nobody.
        assert_eq!(clerk.account(&ANNA.replace("FcC", "fcC")).await, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_two_processes_at_once_it_happens_once() {
    in_world(async |world| {
        let clerk = Clerk::of(world);
        let elsewhere = world.with_clerk_elsewhere(&clerk.secret);
        let created = message("user.created", &user(ANNA, "anna@krog.example", 0, &[])).into_bytes();
        let same =
            [&clerk.client, &elsewhere].map(|client| clerk.deliver(client, "msg_same", created.clone()));
        let updates = (1..8).map(|n| {
            let changed = user(ANNA, &format!("anna{n}@krog.example"), n, &[]);
            (
                if n % 2 == 0 { &clerk.client } else { &elsewhere },
                format!("msg_{n}"),
                message("user.updated", &changed),
            )
        });
        let updates: Vec<_> = updates.collect();
        let updates =
            updates.iter().map(|(client, id, body)| clerk.deliver(client, id, body.clone().into_bytes()));
        let answers = join_all(
            same.into_iter().map(futures::FutureExt::boxed).chain(updates.map(futures::FutureExt::boxed)),
        )
        .await;
        for (n, answer) in answers.into_iter().enumerate() {
            // Clerk sends again what could not be taken.
            if answer.status == 503 {
                assert!(n > 1, "the same message is taken");
                let changed =
                    user(ANNA, &format!("anna{}@krog.example", n - 1), i64::try_from(n - 1).unwrap(), &[]);
                clerk.tell("user.updated", changed).await;
            } else {
                answer.is(204);
            }
        }
        assert_eq!(
            clerk.address(ANNA).await,
            "anna7@krog.example",
            "the latest, in whatever order they came"
        );
        let accounts =
            "SELECT count(*) FROM public.events WHERE event_type IN ('AccountRegistered', 'LoginLinked')";
        let count: i64 = sqlx::query_scalar(accounts).fetch_one(&world.pool).await.unwrap();
        assert_eq!(count, 2);
        let held = "SELECT count(*) FROM public.claims WHERE scope = 'email'";
        let held: i64 = sqlx::query_scalar(held).fetch_one(&world.pool).await.unwrap();
        assert_eq!(held, 1, "addresses of before are given back");
    })
    .await;
}

#[tokio::test]
async fn whoever_proves_the_address_gets_the_account_that_waits_under_it() {
    in_world(async |world| {
        let clerk = Clerk::of(world);
        let admin = world.account("boss@iris.test", Role::Admin).await;
        for unproved in [
            json!([{"id": "idn_29w83yL7CwVlJXylYLxcslromF1", "email_address": "boss@iris.test",
                    "verification": {"status": "unverified"}}]),
            json!([{"id": "idn_other", "email_address": "boss@iris.test", "verification": {"status": "verified"}}]),
        ] {
            clerk.tell("user.created", user(ANNA, "", 0, &[("email_addresses", unproved)])).await;
            assert_eq!(clerk.account(ANNA).await, None);
        }
        clerk.tell("user.updated", user(ANNA, "BOSS@iris.test", 1, &[])).await;
        let account = clerk.account(ANNA).await.unwrap().identity;
        assert_eq!((account.subject, account.role.as_str()), (admin.id, "ADMIN"));
        // Another user with that address gets nothing: addresses go from hand to hand, accounts do not.
        clerk.tell("user.created", user(BO, "boss@iris.test", 2, &[])).await;
        assert_eq!(clerk.account(BO).await, None);
        assert_eq!(clerk.account(ANNA).await.unwrap().identity, account);
    })
    .await;
}

#[tokio::test]
async fn metadata_choose_a_side_and_nothing_else() {
    in_world(async |world| {
        let clerk = Clerk::of(world);
        let said = |role: &str| [("public_metadata", json!({ "iris_role": role }))];
        clerk.tell("user.created", user(ANNA, "anna@krog.example", 0, &said("SUPPLIER"))).await;
        clerk.tell("user.created", user(BO, "bo@krog.example", 0, &said("ADMIN"))).await;
        let role = async |user| clerk.account(user).await.unwrap().identity.role;
        assert_eq!((role(ANNA).await, role(BO).await), ("SUPPLIER".to_owned(), "RESTAURANT".to_owned()));
        // An account that is there keeps its role, whatever Clerk's metadata become.
        clerk.tell("user.updated", user(ANNA, "anna@krog.example", 1, &said("RESTAURANT"))).await;
        assert_eq!(role(ANNA).await, "SUPPLIER");
    })
    .await;
}

#[tokio::test]
async fn a_changed_address_is_followed_and_the_old_one_is_free() {
    in_world(async |world| {
        let clerk = Clerk::of(world);
        clerk.tell("user.created", user(ANNA, "anna@krog.example", 0, &[])).await;
        let id = clerk.account(ANNA).await.unwrap().identity.subject;
        clerk.tell("user.updated", user(ANNA, "anna@bistro.example", 1, &[])).await;
        assert_eq!(clerk.address(ANNA).await, "anna@bistro.example");
        assert_eq!(clerk.account(ANNA).await.unwrap().identity.subject, id);
        clerk.tell("user.created", user(BO, "anna@krog.example", 2, &[])).await;
        assert_eq!(clerk.address(BO).await, "anna@krog.example");
        assert_ne!(clerk.account(BO).await.unwrap().identity.subject, id);
    })
    .await;
}

#[tokio::test]
async fn an_address_of_somebody_else_stays_theirs_and_the_rest_is_followed() {
    in_world(async |world| {
        let clerk = Clerk::of(world);
        clerk.tell("user.created", user(ANNA, "anna@krog.example", 0, &[])).await;
        clerk.tell("user.created", user(BO, "bo@krog.example", 0, &[])).await;
        let banned = [("banned", json!(true))];
        clerk.tell("user.updated", user(BO, "anna@krog.example", 1, &banned)).await;
        assert_eq!(clerk.address(BO).await, "bo@krog.example");
        assert!(clerk.is_disabled(BO).await);
        assert_eq!(
            (clerk.address(ANNA).await.as_str(), clerk.is_disabled(ANNA).await),
            ("anna@krog.example", false)
        );
    })
    .await;
}

#[tokio::test]
async fn what_comes_late_is_no_news() {
    in_world(async |world| {
        let clerk = Clerk::of(world);
        clerk.tell("user.created", user(ANNA, "anna@krog.example", 0, &[])).await;
        // Tells nothing new but how recent it is: what it overtook is old from here on.
        clerk.tell("user.updated", user(ANNA, "anna@krog.example", 20, &[])).await;
        let head = world.head().await;
        let overtaken = user(ANNA, "anna@gone.example", 10, &[("banned", json!(true))]);
        clerk.tell("user.updated", overtaken).await;
        assert_eq!(world.head().await, head);
        assert_eq!(
            (clerk.address(ANNA).await.as_str(), clerk.is_disabled(ANNA).await),
            ("anna@krog.example", false)
        );
    })
    .await;
}

#[tokio::test]
async fn a_bar_is_lifted_by_whoever_imposed_it_or_by_an_admin() {
    in_world(async |world| {
        let clerk = Clerk::of(world);
        let admin = world.account("admin@iris.test", Role::Admin).await;
        let told = async |at_s, changes: &[(&str, Value)]| {
            clerk.tell("user.updated", user(ANNA, "anna@krog.example", at_s, changes)).await;
            clerk.is_disabled(ANNA).await
        };
        clerk.tell("user.created", user(ANNA, "anna@krog.example", 0, &[])).await;
        let account = clerk.account(ANNA).await.unwrap().identity.subject;
        assert!(told(1, &[("banned", json!(true))]).await);
        assert!(!told(2, &[]).await);
        assert!(!told(3, &[("locked", json!(true))]).await, "anybody could have somebody locked");

        let disable = format!("/accounts/{account}/disable");
        let disabled = world.post(&admin, &disable, json!({"reason": "Har slutat"})).await.is(200);
        assert_eq!(disabled.body["disabled"], true);
        assert!(told(5, &[]).await, "an ADMIN's is not Clerk's to lift");
        assert!(told(6, &[("banned", json!(true))]).await);
        assert!(told(7, &[]).await);
        assert!(told(8, &[("banned", json!(true))]).await);
        let enabled = world.post_nothing(&admin, &format!("/accounts/{account}/enable")).await.is(200);
        assert_eq!(enabled.body["disabled"], false);
        assert!(!clerk.is_disabled(ANNA).await);
    })
    .await;
}

#[tokio::test]
async fn who_is_deleted_stays_out() {
    in_world(async |world| {
        let clerk = Clerk::of(world);
        let gone = |user: &str| json!({"deleted": true, "id": user, "object": "user"});
        clerk.tell("user.deleted", gone(BO)).await;
        clerk.tell("user.created", user(ANNA, "anna@krog.example", 0, &[])).await;
        clerk.tell("user.deleted", gone(ANNA)).await;
        assert!(clerk.is_disabled(ANNA).await);
        let head = world.head().await;
        clerk.tell("user.deleted", gone(ANNA)).await;
        clerk.tell("user.updated", user(ANNA, "anna@krog.example", 50, &[])).await;
        assert_eq!((world.head().await, clerk.is_disabled(ANNA).await), (head, true));
        assert_eq!(
            clerk.history(ANNA).await,
            ["AccountRegistered", "LoginLinked", "LoginEnded", "AccountDisabled"]
        );
    })
    .await;
}

#[tokio::test]
async fn who_is_erased_belongs_to_no_account_and_gets_no_other() {
    in_world(async |world| {
        let clerk = Clerk::of(world);
        let admin = world.account("admin@iris.test", Role::Admin).await;
        clerk.tell("user.created", user(ANNA, "anna@krog.example", 0, &[])).await;
        let account = clerk.account(ANNA).await.unwrap().identity.subject;
        world.post_nothing(&admin, &format!("/accounts/{account}/erase")).await.is(200);
        assert_eq!(clerk.account(ANNA).await, None);
        let head = world.head().await;
        clerk.tell("user.updated", user(ANNA, "anna@krog.example", 1, &[])).await;
        assert_eq!((world.head().await, clerk.account(ANNA).await), (head, None));
        let path = format!("/accounts/{account}/enable");
        world.post_nothing(&admin, &path).await.refuses(409, "invalid_transition");
    })
    .await;
}

#[tokio::test]
async fn only_what_clerk_signed_just_now_is_taken() {
    in_world(async |world| {
        let clerk = Clerk::of(world);
        let now_s = world.clock.now().timestamp();
        let body = message("user.created", &user(ANNA, "anna@krog.example", 0, &[]));
        let signed = |secret: &SigningSecret, at_s: i64| secret.sign("msg_1", at_s, body.as_bytes());
        let (good, foreign) = (signed(&clerk.secret, now_s), signed(&SigningSecret::generate(), now_s));
        let (stale, early) = (now_s - 301, now_s + 301);
        let old = signed(&clerk.secret, stale);
        let (now, stale, early_at) = (now_s.to_string(), stale.to_string(), early.to_string());
        let early = signed(&clerk.secret, early);
        let (id, time, signature) = ("svix-id", "svix-timestamp", "svix-signature");
        let refused: [&[(&str, &str)]; 9] = [
            &[],
            &[(id, "msg_1"), (time, &now)],
            &[(id, "msg_1"), (signature, &good)],
            &[(time, &now), (signature, &good)],
            &[(id, "msg_2"), (time, &now), (signature, &good)],
            &[(id, "msg_1"), (time, &now), (signature, &foreign)],
            &[(id, "msg_1"), (time, &stale), (signature, &old)],
            &[(id, "msg_1"), (time, &early_at), (signature, &early)],
            &[(id, "msg_1"), (id, "msg_1"), (time, &now), (signature, &good)],
        ];
        for headers in refused {
            let body = Some(body.clone().into_bytes());
            clerk.client.send(Method::POST, PATH, body, headers).await.refuses(401, "invalid_signature");
        }
        let altered = Some(body.replace("false", "true").into_bytes());
        let headers = [(id, "msg_1"), (time, now.as_str()), (signature, good.as_str())];
        clerk.client.send(Method::POST, PATH, altered, &headers).await.refuses(401, "invalid_signature");
        assert_eq!(world.head().await, 0);
        clerk.client.send(Method::POST, PATH, Some(body.clone().into_bytes()), &headers).await.is(204);
        // Where somebody else vouches for callers there is no such route.
        world
            .send(Method::POST, PATH, Some(body.into_bytes()), &headers)
            .await
            .refuses(404, "route_not_found");
    })
    .await;
}

#[tokio::test]
async fn what_is_of_no_interest_or_no_form_changes_nothing() {
    in_world(async |world| {
        let clerk = Clerk::of(world);
        for event_type in ["session.created", "organization.created", "email.created", "user.invented"] {
            clerk.tell(event_type, json!({"id": "sess_1", "object": "session"})).await;
        }
        clerk.tell("user.created", user(ANNA, "not an address", 0, &[])).await;
        let without_time = user(ANNA, "anna@krog.example", 0, &[("updated_at", Value::Null)]);
        let foreign_id = user("29w83sxm", "anna@krog.example", 0, &[]);
        for data in [json!([]), json!({"id": ANNA}), without_time, foreign_id] {
            let id = clerk.fresh_id();
            clerk.tell_under(&id, "user.created", data).await.refuses(422, "malformed_webhook");
        }
        for body in ["", "{", "[]", "{\"type\":\"user.created\"}"] {
            let answer = clerk.deliver(&clerk.client, &clerk.fresh_id(), body.into()).await;
            answer.refuses(422, "malformed_webhook");
        }
        let large = message("user.created", &json!({"more": "x".repeat(256 * 1024)})).into_bytes();
        clerk.deliver(&clerk.client, "msg_large", large).await.refuses(413, "payload_too_large");
        assert_eq!(world.head().await, 0);
    })
    .await;
}
