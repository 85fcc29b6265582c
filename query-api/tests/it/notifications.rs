//! The caller's inbox, choices and devices.

use std::time::Duration;

use events::{
    account::{Account, AccountEvent},
    values::{Locale, NotificationPreferences, Personal, Role},
};
use serde_json::json;
use sqlx::{Executor, Postgres, postgres::PgPoolOptions, types::Json};
use uuid::Uuid;

use crate::{
    fixtures::folded,
    world::{Caller, World, id, now, time},
};

const INBOX: &str = "/api/v1/notifications";
const PREFERENCES: &str = "/api/v1/notification-preferences";
const DEVICES: &str = "/api/v1/notification-devices";

fn cook() -> Caller {
    Caller::new(2, "RESTAURANT")
}

fn admin() -> Caller {
    Caller::new(1, "ADMIN")
}

/// A row of the inbox.
#[derive(Clone, Copy)]
struct Told {
    number: u128,
    to: Caller,
    at: &'static str,
    in_app: bool,
    read_at: Option<&'static str>,
}

fn told(number: u128, at: &'static str) -> Told {
    Told { number, to: cook(), at, in_app: true, read_at: None }
}

async fn insert(told: Told, to: impl Executor<'_, Database = Postgres>) {
    sqlx::query(
        "INSERT INTO notifications.notifications (notification_id, account_id, kind, event_id, position, \
             subject_kind, subject_id, locale, title, body, in_app, created_at, read_at) \
         VALUES ($1, $2, 'order_placed', $1, 1, 'order', $3, 'sv', 'Ny order', 'Två lådor', $4, $5, $6)",
    )
    .bind(id(told.number))
    .bind(told.to.id)
    .bind(id(50))
    .bind(told.in_app)
    .bind(time(told.at))
    .bind(told.read_at.map(time))
    .execute(to)
    .await
    .unwrap();
}

/// How far the consumer has come.
async fn follow(position: i64, to: impl Executor<'_, Database = Postgres>) {
    let sql = "INSERT INTO fanout.followers (name, position, updated_at) VALUES ('notifications', $1, $2) \
               ON CONFLICT (name) DO UPDATE SET position = $1";
    sqlx::query(sql).bind(position).bind(now()).execute(to).await.unwrap();
}

#[tokio::test]
async fn the_inbox_is_the_callers_own_newest_first() {
    let world = World::new().await;
    for row in [
        told(101, "2026-11-20T08:00:00Z"),
        told(103, "2026-11-20T08:02:00Z"),
        Told { read_at: Some("2026-11-20T08:30:00Z"), ..told(102, "2026-11-20T08:02:00Z") },
        Told { in_app: false, ..told(104, "2026-11-20T08:03:00Z") },
        Told { to: admin(), ..told(105, "2026-11-20T08:04:00Z") },
    ] {
        insert(row, &world.pool).await;
    }
    let all = world.get(cook(), &format!("{INBOX}?count=true")).await;
    assert_eq!(all.ids(), [id(103), id(102), id(101)]);
    assert_eq!(all.json()["total"], 3);
    assert_eq!(
        all.json()["items"][1],
        json!({"id": id(102), "kind": "order_placed", "title": "Ny order", "body": "Två lådor",
               "subject": {"kind": "order", "id": id(50)}, "created_at": "2026-11-20T08:02:00Z",
               "read_at": "2026-11-20T08:30:00Z"})
    );
    let unread = world.get(cook(), &format!("{INBOX}?unread=true&count=true&limit=1")).await;
    assert_eq!((unread.ids(), unread.json()["total"].as_u64()), (vec![id(103)], Some(2)));
    let cursor = unread.json()["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(world.get(cook(), &format!("{INBOX}?unread=true&cursor={cursor}")).await.ids(), [id(101)]);
    assert_eq!(world.get(admin(), INBOX).await.ids(), [id(105)], "not even an ADMIN reads another's inbox");
    for bad in ["unread=yes", "kind=x", "limit=0"] {
        world.get(cook(), &format!("{INBOX}?{bad}")).await.refused(422, "invalid");
    }
    assert_eq!(world.get_with(None, INBOX, &[]).await.status, 401);
}

#[tokio::test]
async fn the_inbox_waits_for_its_consumer() {
    let world = World::new().await;
    world.advance(42).await;
    follow(41, &world.pool).await;
    assert_eq!(world.get(admin(), INBOX).await.position(), 41);
    let tell = async {
        let mut tx = platform::db::begin(&world.pool).await.unwrap();
        insert(Told { to: admin(), ..told(101, "2026-11-20T08:00:00Z") }, &mut *tx).await;
        follow(42, &mut *tx).await;
        tx.commit().await.unwrap();
    };
    let asked = [("iris-min-position", "42")];
    let (answer, ()) = tokio::join!(world.get_with(Some(admin()), INBOX, &asked), tell);
    assert_eq!((answer.ids(), answer.position()), (vec![id(101)], 42));
}

#[tokio::test]
async fn a_consumer_that_never_ran_has_seen_nothing() {
    let world = World::with(4, Duration::from_millis(30)).await;
    world.advance(42).await;
    let asked = [("iris-min-position", "42")];
    world.get_with(Some(cook()), INBOX, &asked).await.refused(503, "read_model_behind");
    assert_eq!(world.get(cook(), INBOX).await.position(), 0);
    assert_eq!(
        world.get_with(Some(cook()), DEVICES, &asked).await.position(),
        42,
        "others do not wait for it"
    );
}

#[tokio::test]
async fn preferences_are_told_with_defaults_and_follow_the_account() {
    let world = World::new().await;
    world.advance(7).await;
    world.get(cook(), PREFERENCES).await.refused(404, "account_not_found");
    let registered = AccountEvent::AccountRegistered {
        email: Personal::new(cook().id, "koket@example.se"),
        role: Role::Restaurant,
        invited: false,
    };
    let english = NotificationPreferences { locale: Locale::En, ..NotificationPreferences::default() };
    let set = AccountEvent::NotificationPreferencesSet { preferences: english };
    account(&world, std::slice::from_ref(&registered)).await;
    let answer = world.get(cook(), PREFERENCES).await;
    assert_eq!((answer.header("etag"), answer.position()), ("\"1\"", 7));
    let told = answer.json();
    assert_eq!(
        (&told["locale"], &told["time_zone"], &told["quiet_hours"], &told["digest_at"]),
        (&json!("sv"), &json!("Europe/Stockholm"), &json!(null), &json!("07:00"))
    );
    assert_eq!(told["kinds"].as_array().unwrap().len(), 15);
    assert_eq!(
        told["kinds"][0],
        json!({"kind": "order_placed", "description": "An order came in; to the supplier.",
               "critical": false, "in_app": true, "email": "now", "push": true})
    );
    account(&world, &[registered, set]).await;
    let known = [("if-none-match", "\"1\"")];
    let changed = world.get_with(Some(cook()), PREFERENCES, &known).await;
    assert_eq!((changed.header("etag"), &changed.json()["locale"]), ("\"2\"", &json!("en")));
}

async fn account(world: &World, events: &[AccountEvent]) {
    let state = folded::<Account>(now(), events);
    let sql = "INSERT INTO read.accounts (account_id, created_at, state) VALUES ($1, $2, $3) \
               ON CONFLICT (account_id) DO UPDATE SET state = EXCLUDED.state";
    sqlx::query(sql).bind(cook().id).bind(now()).bind(Json(state)).execute(&world.pool).await.unwrap();
}

#[tokio::test]
async fn devices_are_the_callers_own_and_tell_no_token() {
    let world = World::new().await;
    for (number, owner) in [(201, cook()), (202, cook()), (203, admin())] {
        let sql = "INSERT INTO notifications.devices (device_id, account_id, token, name, created_at) \
                   VALUES ($1, $2, $1::text, 'Köket', $3)";
        sqlx::query(sql).bind(id(number)).bind(owner.id).bind(now()).execute(&world.pool).await.unwrap();
    }
    let answer = world.get(cook(), &format!("{DEVICES}?count=true")).await;
    assert_eq!(answer.ids(), [id(202), id(201)]);
    assert_eq!(
        answer.json()["items"][0],
        json!({"id": id(202), "name": "Köket", "created_at": "2026-11-20T09:00:00Z"})
    );
    assert_eq!(answer.json()["total"], 2);
}

#[tokio::test]
async fn the_rights_of_reads_suffice() {
    let world = World::new().await;
    insert(told(101, "2026-11-20T08:00:00Z"), &world.pool).await;
    follow(0, &world.pool).await;
    account(&world, &[]).await;
    // As in production: a role that owns nothing, so that a missing grant shows here.
    let options = world.pool.connect_options().as_ref().clone().options([("role", "iris_query")]);
    let pool = PgPoolOptions::new().max_connections(2).connect_with(options).await.unwrap();
    let restricted = World::over(pool, Duration::from_secs(20));
    for path in [INBOX, PREFERENCES, DEVICES] {
        assert_eq!(restricted.get(cook(), path).await.status, 200, "{path}");
    }
    let inbox: Vec<Uuid> = restricted.get(cook(), INBOX).await.ids();
    assert_eq!(inbox, [id(101)]);
}
