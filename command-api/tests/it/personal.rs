//! Texts about people: sealed wherever they lie, and forgotten with their key.

use std::{sync::Arc, time::Duration};

use axum::http::Method;
use command_api::{
    Caller, SubmitError,
    domain::{
        Answer, Command, Concerns, Stop, Unit,
        account::{AccountCommand, RegisterAccount},
    },
    personal::{account_of_address, end_sessions, index_addresses, plan_erasure},
};
use cqrs_es::DomainEvent as _;
use events::{
    Fold, NewEvent,
    account::{Account, AccountEvent},
    canonical::canonical_json,
    log::{Append, NewPersonKey, append, read_head},
    supplier::{Supplier, SupplierDetails, SupplierEvent},
    values::{Currency, LoginAddress, Personal, Role},
};
use platform::{
    clock::{Clock as _, Ids, SystemClock, UuidV7Ids},
    personal::{PersonalError, PersonalKeys, Sealing, Vault},
};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::world::{PASSWORD, World, in_world};

const ADDRESS: &str = "restaurant@iris.test";

/// Every text that the write side keeps, where one of it is in the clear.
async fn places_of(world: &World, text: &str) -> Vec<String> {
    let sql = "SELECT place FROM ( \
                   SELECT 'events' AS place, payload::text AS text FROM public.events \
                   UNION ALL SELECT 'metadata', metadata::text FROM public.events \
                   UNION ALL SELECT 'answers', response FROM public.idempotency \
                   UNION ALL SELECT 'claims', value::text FROM public.claims \
                   UNION ALL SELECT 'snapshots', state::text FROM public.snapshots) AS kept \
               WHERE text ILIKE '%' || $1 || '%'";
    sqlx::query_scalar(sql).bind(text).fetch_all(&world.pool).await.unwrap()
}

async fn keys(world: &World, subject: Uuid) -> i64 {
    let sql = "SELECT count(*) FROM personal.keys WHERE subject = $1";
    sqlx::query_scalar(sql).bind(subject).fetch_one(&world.pool).await.unwrap()
}

#[tokio::test]
async fn what_is_shown_in_the_clear_is_kept_sealed_also_as_the_stored_answer() {
    in_world(async |world| {
        let admin = world.account("admin@iris.test", Role::Admin).await;
        let body = json!({"name": "Grossisten", "contact_email": "hemlig@grossisten.example", "phone": "+46 8 4711"});
        let path = "/suppliers";
        let post = || world.call(Method::POST, &admin, path, Some(body.clone()), &[("idempotency-key", "k1")]);
        let first = post().await.is(201);
        assert_eq!(first.text("contact_email"), "hemlig@grossisten.example");
        assert_eq!(first.text("phone"), "+46 8 4711");
        let again = post().await.is(200);
        assert_eq!(again.body, first.body);
        for secret in ["hemlig@", "4711", "admin@iris"] {
            assert_eq!(places_of(world, secret).await, Vec::<String>::new(), "{secret}");
        }
        let id: Uuid = first.text("id").parse().unwrap();
        assert_eq!(keys(world, id).await, 1, "one key for both texts, and none for the repetition");
        let all: i64 =
            sqlx::query_scalar("SELECT count(*) FROM personal.keys").fetch_one(&world.pool).await.unwrap();
        assert_eq!(all, 2, "the administrator's, and the supplier's");
        let revised = json!({"contact_email": "hemlig@grossisten.example"});
        let same = world.patch(&admin, &format!("/suppliers/{id}"), revised).await.is(200);
        assert_eq!(same.body["revision"], 1, "the same contact is nothing new, though nobody sees it");
    })
    .await;
}

#[tokio::test]
async fn an_erased_person_is_shown_as_nobody_and_can_come_again_as_somebody_else() {
    in_world(async |world| {
        let admin = world.account("admin@iris.test", Role::Admin).await;
        let person = world.account(ADDRESS, Role::Restaurant).await;
        let credentials = json!({"email": ADDRESS, "password": PASSWORD});
        let session = world.post_openly("/auth/dev/login", credentials.clone()).await.is(200);
        let path = format!("/accounts/{}/erase", person.id);

        world.post(&person, &path, json!({})).await.refuses(403, "forbidden");
        let naming = json!({"reason": format!("{} asked", ADDRESS.to_uppercase())});
        world.post(&admin, &path, naming).await.refuses(422, "invalid");
        let reason = json!({"reason": "asked for it"});
        let erased = world.post(&admin, &path, reason.clone()).await.is(200);
        assert_eq!((&erased.body["email"], &erased.body["erased"]), (&Value::Null, &json!(true)));
        assert_eq!(keys(world, person.id).await, 0);
        let head = world.head().await;
        world.post(&admin, &path, reason).await.is(200);
        assert_eq!(world.head().await, head, "a second time changes nothing");

        world.post_openly("/auth/dev/login", credentials).await.refuses(401, "invalid_credentials");
        let refresh = json!({"refresh_token": session.text("refresh_token")});
        world.post_openly("/auth/refresh", refresh).await.refuses(401, "invalid_refresh_token");
        let unknown = format!("/accounts/{}/erase", UuidV7Ids.next());
        world.post(&admin, &unknown, json!({})).await.refuses(404, "account_not_found");

        let again = world.account(ADDRESS, Role::Restaurant).await;
        assert_ne!(again.id, person.id);
        let mut connection = world.pool.acquire().await.unwrap();
        let found = account_of_address(&mut connection, world.personal(), "RESTAURANT@iris.test").await;
        assert_eq!(found.unwrap(), Some(again.id));
    })
    .await;
}

#[tokio::test]
async fn what_is_held_is_shown_to_the_person_and_to_who_sees_everything_and_to_nobody_else() {
    in_world(async |world| {
        let admin = world.account("admin@iris.test", Role::Admin).await;
        let auditor = world.account("auditor@iris.test", Role::Auditor).await;
        let person = world.account(ADDRESS, Role::Restaurant).await;
        let other = world.account("supplier@iris.test", Role::Supplier).await;
        let naming =
            json!({"name": "Grossisten", "contact_email": "a@b.example", "street": format!("c/o {ADDRESS}")});
        let supplier = world.post(&admin, "/suppliers", naming).await.is(201);
        let path = format!("/accounts/{}/personal-data", person.id);

        let held = world.call(Method::GET, &person, &path, None, &[]).await.is(200);
        assert_eq!(held.text("email"), ADDRESS);
        let event = &held.body["events"][0];
        assert_eq!(event["type"], "AccountRegistered");
        assert_eq!(event["data"]["AccountRegistered"]["email"], ADDRESS);
        let position: i64 = supplier.header("iris-position").parse().unwrap();
        assert_eq!(held.body["history"]["mentioned_at"], json!([position]), "free text, which no key covers");
        assert_eq!(held.body["history"]["next_after_position"], Value::Null);
        let path_of_admin = format!("/accounts/{}/personal-data", admin.id);
        let acted = world.call(Method::GET, &admin, &path_of_admin, None, &[]).await.is(200);
        assert_eq!(acted.body["history"]["acted"][0]["type"], "SupplierRegistered");
        let later = format!("{path}?after_position={position}");
        let later = world.call(Method::GET, &auditor, &later, None, &[]).await.is(200);
        assert_eq!(later.body["history"]["mentioned_at"], json!([]));
        // Positions are those of the log: beyond 32 bits, and to the end of what a caller can think of.
        for beyond in ["4294967296", "9223372036854775807"] {
            let beyond = format!("{path}?after_position={beyond}");
            let beyond = world.call(Method::GET, &auditor, &beyond, None, &[]).await.is(200);
            assert_eq!(beyond.body["history"]["next_after_position"], Value::Null);
        }
        let none = format!("{path}?after_position=9223372036854775808");
        world.call(Method::GET, &auditor, &none, None, &[]).await.refuses(422, "invalid");

        world.call(Method::GET, &other, &path, None, &[]).await.refuses(404, "account_not_found");
        let unknown = format!("/accounts/{}/personal-data", UuidV7Ids.next());
        world.call(Method::GET, &admin, &unknown, None, &[]).await.refuses(404, "account_not_found");
    })
    .await;
}

#[tokio::test]
async fn a_key_that_cannot_be_unwrapped_is_a_fault_and_no_erasure() {
    in_world(async |world| {
        world.account(ADDRESS, Role::Restaurant).await;
        let state: String = sqlx::query_scalar("SELECT payload::text FROM public.events LIMIT 1")
            .fetch_one(&world.pool)
            .await
            .unwrap();
        assert!(world.personal().open_json(&state).await.unwrap().contains(ADDRESS));
        let vault = Vault::derive(&"another secret of thirty-two bytes".into());
        let other = PersonalKeys::new(world.pool.clone(), Arc::new(vault));
        assert!(matches!(other.open_json(&state).await, Err(PersonalError::OtherSecret)));
    })
    .await;
}

/// As somebody might write it who does not know: it does not name its text as personal.
struct Careless;

impl Command for Careless {
    fn operation(&self) -> &'static str {
        "careless"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = Uuid::from_u128(7);
        let email = Personal::new(id, ADDRESS);
        let register = AccountCommand::Register { email, role: Role::Restaurant, invited: false };
        let account = unit.decide::<Account>(id, Concerns::NOBODY, register)?;
        Ok(Answer::ok(&json!({}), account.revision))
    }
}

#[tokio::test]
async fn a_command_that_would_record_a_plain_text_fails_and_harms_no_other() {
    in_world(async |world| {
        let refused = world.submit(Caller::system("test"), Careless).await;
        assert!(matches!(refused, Err(SubmitError::Internal)), "{refused:?}");
        assert_eq!(world.head().await, 0);
        world.account(ADDRESS, Role::Restaurant).await;
    })
    .await;
}

#[tokio::test]
async fn addresses_claimed_in_the_clear_are_indexed_once() {
    in_world(async |world| {
        let known = world.account(ADDRESS, Role::Restaurant).await;
        let plain = "UPDATE public.claims SET value = $1::citext WHERE scope = 'email'";
        sqlx::query(plain).bind(ADDRESS).execute(&world.pool).await.unwrap();
        assert_eq!(index_addresses(&world.pool, world.personal()).await.unwrap(), 1);
        assert_eq!(index_addresses(&world.pool, world.personal()).await.unwrap(), 0);
        let address = LoginAddress::new(UuidV7Ids.next(), "Restaurant@Iris.test");
        let same = RegisterAccount { address, role: Role::Restaurant };
        let outcome = world.submit(Caller::system("test"), same).await.unwrap();
        assert!(outcome.body.contains(&known.id.to_string()), "{}", outcome.body);
    })
    .await;
}

/// An event as another process records it, or an earlier version did.
async fn record<S: Fold>(
    connection: &mut PgConnection,
    actor: &str,
    (id, sequence): (Uuid, i64),
    event: &S::Event,
    unit: Append,
) {
    let now = SystemClock.now();
    let event = NewEvent {
        event_id: UuidV7Ids.next(),
        stream: S::stream(id),
        sequence,
        event_type: event.event_type(),
        event_version: event.event_version(),
        payload: canonical_json(event),
        metadata: "{}".to_owned(),
        recorded_at: now,
        command_id: UuidV7Ids.next(),
        actor: actor.to_owned(),
        supplier_id: None,
        restaurant_id: None,
    };
    let head = read_head(&mut *connection).await.unwrap();
    let unit = Append { events: vec![event], recorded_at: now, ..unit };
    append(connection, head, &unit).await.unwrap().expect("nobody else writes");
}

const BEFORE_KEYS: &str = "system:before_keys";

#[tokio::test]
async fn what_was_recorded_plain_can_be_revised_and_is_forgotten() {
    in_world(async |world| {
        let admin = world.account("admin@iris.test", Role::Admin).await;
        let (supplier, person) = (UuidV7Ids.next(), UuidV7Ids.next());
        let mut owner = world.owner().await;
        let details = SupplierDetails {
            name: "Grossisten".to_owned(),
            contact_email: Personal::new(supplier, ADDRESS),
            phone: Some(Personal::new(supplier, "+46 8 4711")),
            ..SupplierDetails::default()
        };
        let registered = SupplierEvent::SupplierRegistered { details, currency: Currency::SEK };
        record::<Supplier>(&mut owner, BEFORE_KEYS, (supplier, 1), &registered, Append::default()).await;
        let email = Personal::new(person, ADDRESS);
        let registered = AccountEvent::AccountRegistered { email, role: Role::Restaurant, invited: false };
        record::<Account>(&mut owner, BEFORE_KEYS, (person, 1), &registered, Append::default()).await;
        owner.commit().await.unwrap();

        let path = format!("/suppliers/{supplier}");
        let revised = world.patch(&admin, &path, json!({"name": "Grossisten AB"})).await.is(200);
        assert_eq!(
            (revised.text("contact_email"), revised.text("phone")),
            (ADDRESS.to_owned(), "+46 8 4711".to_owned())
        );
        let revised = world.patch(&admin, &path, json!({"phone": "+46 8 4712"})).await.is(200);
        assert_eq!(
            (revised.text("contact_email"), revised.text("phone")),
            (ADDRESS.to_owned(), "+46 8 4712".to_owned())
        );
        assert_eq!(places_of(world, "4712").await, Vec::<String>::new(), "what is new is sealed");

        let erased = world.post(&admin, &format!("/accounts/{person}/erase"), json!({})).await.is(200);
        assert_eq!(erased.body["email"], Value::Null);
        let revised = world.patch(&admin, &path, json!({"name": "Grossisten"})).await.is(200);
        assert_eq!((&revised.body["contact_email"], &revised.body["phone"]), (&Value::Null, &Value::Null));
    })
    .await;
}

#[tokio::test]
async fn an_erasure_finds_contacts_that_nobody_has_folded_yet_and_misses_none_that_comes_meanwhile() {
    in_world(async |world| {
        let admin = world.account("admin@iris.test", Role::Admin).await;
        let person = world.account(ADDRESS, Role::Restaurant).await;
        let naming = json!({"name": "Grossisten", "contact_email": ADDRESS});
        let first = world.post(&admin, "/suppliers", naming.clone()).await.is(201);
        let planned = plan_erasure(&world.pool, world.personal(), person.id.into(), None).await.unwrap();
        let second = world.post(&admin, "/restaurants", naming).await.is(201);
        let head = world.head().await;
        let refused = world.submit(Caller::system("operator"), planned).await;
        assert!(matches!(refused, Err(SubmitError::Outdated)), "{refused:?}");
        assert_eq!(world.head().await, head);

        world.post(&admin, &format!("/accounts/{}/erase", person.id), json!({})).await.is(200);
        for (path, registered) in [("suppliers", first), ("restaurants", second)] {
            let path = format!("/{path}/{}", registered.id());
            let revised = world.patch(&admin, &path, json!({"name": "Utan kontakt"})).await.is(200);
            assert_eq!(revised.body["contact_email"], Value::Null, "{path}");
        }
    })
    .await;
}

/// Waits until somebody waits for the head that `owner` has moved.
async fn somebody_waits(world: &World) {
    let sql = "SELECT count(*) FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    for _ in 0..500 {
        // Another role's waiting is shown to a superuser alone, and as of the transaction's first look.
        let waiting: i64 = sqlx::query_scalar(sql).fetch_one(&mut *world.owner().await).await.unwrap();
        if waiting > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody ever waited for the head");
}

#[tokio::test]
async fn a_text_whose_key_came_or_went_meanwhile_is_refused_and_not_lost() {
    in_world(async |world| {
        let admin = world.account("admin@iris.test", Role::Admin).await;
        let naming = json!({"name": "Grossisten", "contact_email": "a@b.example"});
        let id: Uuid = world.post(&admin, "/suppliers", naming).await.is(201).id().parse().unwrap();
        let path = format!("/suppliers/{id}");
        let phone = json!({"phone": "+46 8 4711"});

        // Sealed with the key that another process destroys.
        let mut other = world.owner().await;
        let gone = Append { destroyed_subjects: vec![id], ..Append::default() };
        record::<Supplier>(
            &mut other,
            "system:other",
            (id, 2),
            &SupplierEvent::SupplierContactErased {},
            gone,
        )
        .await;
        let (refused, ()) = tokio::join!(world.patch(&admin, &path, phone.clone()), async {
            somebody_waits(world).await;
            other.commit().await.unwrap();
        });
        refused.refuses(503, "changed_meanwhile");
        assert_eq!(keys(world, id).await, 0);

        // Sealed with a fresh key, where another process brings one.
        let Sealing::Fresh(fresh) = world.personal().sealing(id).await.unwrap() else {
            panic!("there is a key")
        };
        let key = NewPersonKey { key_id: fresh.key.key_id(), subject: id, wrapped: fresh.wrapped };
        let mut other = world.owner().await;
        let come = Append { person_keys: vec![key], ..Append::default() };
        let suspended = SupplierEvent::SupplierSuspended { reason: None };
        record::<Supplier>(&mut other, "system:other", (id, 3), &suspended, come).await;
        let (refused, ()) = tokio::join!(world.patch(&admin, &path, phone.clone()), async {
            somebody_waits(world).await;
            other.commit().await.unwrap();
        });
        refused.refuses(503, "changed_meanwhile");

        let taken = world.patch(&admin, &path, phone).await.is(200);
        assert_eq!(taken.text("phone"), "+46 8 4711");
    })
    .await;
}

#[tokio::test]
async fn nothing_of_an_erased_person_comes_back_or_stays_in_the_access_log() {
    in_world(async |world| {
        let admin = world.account("admin@iris.test", Role::Admin).await;
        let person = world.account(ADDRESS, Role::Restaurant).await;
        let seen = "INSERT INTO audit.access_log \
                        (at, kind, actor, account_id, outcome, request_id, trace_id, address, user_agent) \
                    SELECT now(), 'login', 'account:' || $1, $1, 'allowed', '', '', '192.0.2.7', 'Firefox'";
        let mut owner = world.owner().await;
        sqlx::query(seen).bind(person.id).execute(&mut *owner).await.unwrap();
        owner.commit().await.unwrap();
        let path = format!("/accounts/{}/personal-data", person.id);
        let held = world.call(Method::GET, &admin, &path, None, &[]).await.is(200);
        let kinds = "SELECT array_agg(kind || ' ' || actor) FROM audit.access_log WHERE subject_id = $1";
        let on_record: Vec<String> =
            sqlx::query_scalar(kinds).bind(person.id).fetch_one(&world.pool).await.unwrap();
        assert_eq!(on_record, [format!("personal_data_read account:{}:ADMIN", admin.id)]);
        assert_eq!(held.body["accesses"][0]["address"], "192.0.2.7");
        let own = world.call(Method::GET, &person, &path, None, &[]).await.is(200);
        let told = own.body["accesses"].as_array().unwrap();
        let looked = told.iter().find(|access| access["kind"] == "personal_data_read");
        let looked = looked.expect("who else has looked is told");
        assert_eq!((&looked["own"], &looked["address"]), (&json!(false), &Value::Null));

        let early = end_sessions(&world.pool, person.id.into(), SystemClock.now()).await;
        assert!(early.unwrap_err().to_string().contains("not erased"));
        world.post(&admin, &format!("/accounts/{}/erase", person.id), json!({})).await.is(200);
        let left = "SELECT count(*) FROM audit.access_log \
                    WHERE account_id = $1 AND (address IS NOT NULL OR user_agent IS NOT NULL)";
        let left: i64 = sqlx::query_scalar(left).bind(person.id).fetch_one(&world.pool).await.unwrap();
        assert_eq!(left, 0);
        let device = json!({"token": "a-token-of-some-device", "name": "Telefon"});
        world.post(&person, "/notification-devices", device).await.refuses(403, "account_erased");
    })
    .await;
}
