//! The access log: what is recorded of reads and refusals, how surely, and who may read it.

use std::{collections::BTreeSet, time::Duration};

use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use events::{
    audit::{SigningKey, seal_next},
    order::Order,
    product::{Product, ProductDetails, ProductEvent},
    restaurant::{Restaurant, RestaurantEvent},
    supplier::{Supplier, SupplierEvent},
    values::Currency,
};
use platform::clock::Clock as _;
use serde_json::{Value, json};
use sqlx::Row;
use uuid::Uuid;

use crate::{
    fixtures::{restaurant_details, supplier_details},
    log::{Recording, placed},
    visibility::{OTHER_SUPPLIER, RESTAURANT, SUPPLIER, Town},
    world::{Caller, World, id, now},
};

const ACCESS: &str = "/api/v1/audit/access";

async fn rows(world: &World, kind: &str) -> Vec<Value> {
    let sql = "SELECT to_jsonb(a) AS row FROM audit.access_log a WHERE kind = $1 ORDER BY id";
    let rows = sqlx::query(sql).bind(kind).fetch_all(&world.pool).await.unwrap();
    rows.iter().map(|row| row.get("row")).collect()
}

/// What is queued is written a moment later.
async fn rows_until(world: &World, kind: &str, count: usize) -> Vec<Value> {
    for _ in 0..500 {
        let found = rows(world, kind).await;
        if found.len() >= count {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{count} rows of {kind} never came: {:?}", rows(world, kind).await);
}

fn members() -> String {
    format!("/api/v1/restaurants/{}/members", id(RESTAURANT))
}

#[tokio::test]
async fn lists_of_people_are_on_record_before_they_are_shown() {
    let town = Town::new().await;
    let (world, buyer) = (&town.world, town.caller("buyer"));
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let agent = "x".repeat(300);
    let headers = [("x-request-id", "who-works-here"), ("traceparent", trace), ("user-agent", &agent)];
    let answer = world.get_with(Some(buyer), &members(), &headers).await;
    assert_eq!(answer.status, 200);
    // Not waited for: the row is there with the answer.
    let found = rows(world, "personal_data_read").await;
    assert_eq!(found.len(), 1);
    let row = &found[0];
    assert_eq!(row["actor"], format!("account:{}:RESTAURANT", buyer.id));
    assert_eq!((&row["account_id"], &row["role"]), (&json!(buyer.id), &json!("RESTAURANT")));
    assert_eq!((&row["subject_kind"], &row["subject_id"]), (&json!("restaurant"), &json!(id(RESTAURANT))));
    assert_eq!((&row["outcome"], &row["details"]), (&json!("allowed"), &json!({"list": "members"})));
    assert_eq!(row["request_id"], "who-works-here");
    assert_eq!(row["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(row["user_agent"].as_str().unwrap().len(), 200);

    for path in ["restaurants", "suppliers"] {
        let of = if path == "restaurants" { RESTAURANT } else { SUPPLIER };
        for list in ["members", "partners"] {
            let path = format!("/api/v1/{path}/{}/{list}", id(of));
            assert_eq!(world.get(town.caller("admin"), &path).await.status, 200);
        }
    }
    assert_eq!(rows(world, "personal_data_read").await.len(), 5);
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_shown() {
    let town = Town::new().await;
    let world = &town.world;
    sqlx::raw_sql("ALTER TABLE audit.access_log RENAME TO access_log_away")
        .execute(&world.pool)
        .await
        .unwrap();
    let answer = world.get(town.caller("buyer"), &members()).await;
    let body = answer.refused(503, "access_log_unavailable");
    assert!(!body.to_string().contains("@iris.test"), "{body}");
    // What is only queued goes on: a lost row is counted, and no reason to stand still.
    assert_eq!(world.get(town.caller("buyer"), "/api/v1/orders").await.status, 200);
    sqlx::raw_sql("ALTER TABLE audit.access_log_away RENAME TO access_log")
        .execute(&world.pool)
        .await
        .unwrap();
    assert_eq!(world.get(town.caller("buyer"), &members()).await.status, 200);
    assert_eq!(rows(world, "personal_data_read").await.len(), 1);
}

#[tokio::test]
async fn who_is_refused_is_on_record_and_who_shows_no_token_is_not() {
    let town = Town::new().await;
    let (world, seller) = (&town.world, town.caller("seller_staff"));
    world.get(seller, &members()).await.refused(403, "owner_only");
    let refused = rows_until(world, "forbidden", 1).await;
    assert_eq!((&refused[0]["account_id"], &refused[0]["reason"]), (&json!(seller.id), &json!("owner_only")));
    assert_eq!(refused[0]["outcome"], "refused");
    let route = json!({"method": "GET", "route": "/api/v1/restaurants/{id}/members"});
    assert_eq!(refused[0]["details"], route);

    world.get_with(None, &members(), &[]).await.refused(401, "unauthorized");
    let forged = [("authorization", "Bearer forged")];
    world.get_with(None, &members(), &forged).await.refused(401, "unauthorized");
    let refused = rows_until(world, "forbidden", 2).await;
    assert_eq!(refused.len(), 2, "no token, no row");
    assert_eq!((&refused[1]["actor"], &refused[1]["account_id"]), (&json!("anonymous"), &Value::Null));
}

#[tokio::test]
async fn a_flood_of_refusals_leaves_its_first_rows_and_its_size() {
    let town = Town::new().await;
    let (world, seller) = (&town.world, town.caller("seller_staff"));
    for _ in 0..100 {
        world.get(seller, &members()).await.refused(403, "owner_only");
    }
    // Another one is heard all the same.
    world.get(town.caller("buyer_staff"), &members()).await.refused(403, "owner_only");
    rows_until(world, "forbidden", 31).await;
    world.clock.advance(TimeDelta::minutes(1));
    let all = rows_until(world, "forbidden", 32).await;
    assert_eq!(all.len(), 32);
    assert_eq!((&all[31]["reason"], &all[31]["details"]), (&json!("left_out"), &json!({"count": 70})));
}

#[tokio::test]
async fn accesses_are_appended_and_leave_by_their_age_alone() {
    let town = Town::new().await;
    let world = &town.world;
    world.get(town.caller("buyer"), &members()).await;
    for change in [
        "UPDATE audit.access_log SET kind = 'login'",
        "DELETE FROM audit.access_log",
        "TRUNCATE audit.access_log",
    ] {
        let refused = sqlx::query(change).execute(&world.pool).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{change}: {refused}");
    }
    for role in ["iris_query", "iris_command", "iris_projection", "iris_handler"] {
        let mut tx = platform::db::begin(&world.pool).await.unwrap();
        sqlx::raw_sql(&format!("SET LOCAL ROLE {role}")).execute(&mut *tx).await.unwrap();
        let refused = sqlx::query("DELETE FROM audit.access_log").execute(&mut *tx).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{role}: {refused}");
    }
    // The last day is nobody's to forget.
    let young = "SELECT audit.forget_accesses(clock_timestamp(), 100)";
    let refused = sqlx::query(young).execute(&world.pool).await.unwrap_err().to_string();
    assert!(refused.contains("are not forgotten"), "{refused}");
    assert_eq!(rows(world, "personal_data_read").await.len(), 1);

    let old = "INSERT INTO audit.access_log (at, kind, actor, outcome, request_id, trace_id)
               SELECT clock_timestamp() - make_interval(days => age), 'login', 'anonymous', 'allowed', '', ''
               FROM generate_series(395, 404) AS age";
    sqlx::query(old).execute(&world.pool).await.unwrap();
    let mut tx = platform::db::begin(&world.pool).await.unwrap();
    sqlx::raw_sql("SET LOCAL ROLE iris_projection").execute(&mut *tx).await.unwrap();
    let forget = "SELECT audit.forget_accesses(clock_timestamp() - interval '400 days', 3)";
    let mut forgotten = Vec::new();
    for _ in 0..3 {
        forgotten.push(sqlx::query_scalar::<_, i64>(forget).fetch_one(&mut *tx).await.unwrap());
    }
    tx.commit().await.unwrap();
    assert_eq!(forgotten, [3, 2, 0]);
    assert_eq!(rows(world, "login").await.len(), 5);
}

/// Accesses and commands at known moments, a minute apart.
async fn history(world: &World) {
    let at = |minute: i64| now() - TimeDelta::hours(1) + TimeDelta::minutes(minute);
    for (minute, kind, account) in
        [(0, "login", 100), (2, "login_failed", 0), (4, "login", 101), (6, "export", 100)]
    {
        let sql = "INSERT INTO audit.access_log (at, kind, actor, account_id, outcome, request_id, trace_id, address)
                   VALUES ($1, $2, 'x', $3, 'allowed', 'r', 't', '192.0.2.7')";
        let account = (account > 0).then(|| id(account));
        sqlx::query(sql).bind(at(minute)).bind(kind).bind(account).execute(&world.pool).await.unwrap();
    }
    for (minute, kind, number) in
        [(1, "admin_action", 7), (4, "membership_changed", 8), (4, "admin_action", 8)]
    {
        let sql = "INSERT INTO read.privileged_actions VALUES
                   ($1, $2, $3, $4, 'x', $5, 'ADMIN', 'supplier', $6, 'r', 't', '{}')";
        sqlx::query(sql)
            .bind(id(5_000 + u128::try_from(number).unwrap()))
            .bind(kind)
            .bind(number)
            .bind(at(minute))
            .bind(id(100))
            .bind(id(SUPPLIER))
            .execute(&world.pool)
            .await
            .unwrap();
    }
}

const NEWEST_FIRST: [&str; 7] =
    ["export", "login", "membership_changed", "admin_action", "login_failed", "admin_action", "login"];

fn kinds(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn accesses_and_commands_are_one_list_in_pages_without_gaps() {
    let town = Town::new().await;
    let (world, auditor) = (&town.world, town.caller("auditor"));
    history(world).await;
    // What the reading itself leaves comes after.
    let before = format!("to={}", now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
    let all = world.get(auditor, &format!("{ACCESS}?{before}&count=true")).await;
    assert_eq!(all.status, 200, "{}", all.json());
    let all = all.json();
    assert_eq!((kinds(&all), &all["total"]), (NEWEST_FIRST.map(str::to_owned).to_vec(), &json!(7)));
    assert_eq!(
        (&all["items"][1]["address"], &all["items"][1]["position"]),
        (&json!("192.0.2.7"), &Value::Null)
    );
    assert_eq!(
        (&all["items"][2]["position"], &all["items"][2]["id"]),
        (&json!(8), &json!("event-8-membership_changed"))
    );

    let (mut seen, mut path) = (Vec::new(), format!("{ACCESS}?{before}&limit=2"));
    loop {
        let page = world.get(auditor, &path).await.json();
        seen.extend(kinds(&page));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{ACCESS}?{before}&limit=2&cursor={cursor}");
    }
    assert_eq!(seen, NEWEST_FIRST);
    let third = world.get(auditor, &format!("{ACCESS}?{before}&limit=2&offset=2")).await.json();
    assert_eq!(kinds(&third), NEWEST_FIRST[2..4]);

    for (query, expected) in [
        ("kind=login", 2),
        ("kind=admin_action", 2),
        ("kind=nothing_yet", 0),
        (&*format!("account_id={}", id(101)), 1),
        (&*format!("account_id={}", id(100)), 5),
        (&*format!("subject_id={}", id(SUPPLIER)), 3),
        (&*format!("subject_id={}&kind=admin_action", id(SUPPLIER)), 2),
        (&*format!("subject_id={}", id(OTHER_SUPPLIER)), 0),
        ("from=2026-11-20T08:04:00Z", 4),
    ] {
        let list = world.get(auditor, &format!("{ACCESS}?{before}&{query}&count=true")).await.json();
        assert_eq!((kinds(&list).len(), &list["total"]), (expected, &json!(expected)), "{query}");
    }
    world.get(auditor, &format!("{ACCESS}?kind=Login")).await.refused(422, "invalid");
    let looked = rows_until(world, "history_read", 8).await;
    assert_eq!(looked[0]["subject_kind"], "access_log");
}

#[tokio::test]
async fn only_auditors_and_admins_read_accesses() {
    let town = Town::new().await;
    town.sees(ACCESS, 200, &["admin", "auditor"]).await;
    let others = [
        "partner",
        "seller",
        "seller_staff",
        "rival",
        "buyer",
        "buyer_staff",
        "stranger",
        "buyers_partner",
        "sellers_partner",
    ];
    town.sees(ACCESS, 403, &others).await;
    town.sees("/api/v1/audit/views", 403, &others).await;
    town.sees("/api/v1/audit/views", 200, &["admin", "auditor"]).await;
}

#[tokio::test]
async fn all_of_it_comes_as_lines_that_end_with_their_number() {
    let town = Town::new().await;
    let (world, auditor) = (&town.world, town.caller("auditor"));
    let many = "INSERT INTO audit.access_log (at, kind, actor, outcome, request_id, trace_id)
                SELECT $1 + make_interval(secs => n / 10), 'login', 'x', 'allowed', '', '' FROM generate_series(1, 1200) n";
    let began: DateTime<Utc> = now() - TimeDelta::hours(1);
    sqlx::query(many).bind(began).execute(&world.pool).await.unwrap();
    let accept = [("accept", "application/x-ndjson")];
    let answer = world.get_with(Some(auditor), &format!("{ACCESS}?kind=login"), &accept).await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/x-ndjson"));
    let text = String::from_utf8(answer.bytes.clone()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.last().unwrap(), &json!({"end": true, "position": answer.position(), "count": 1200}));
    let ids: BTreeSet<&str> = lines.iter().filter_map(|line| line["id"].as_str()).collect();
    assert_eq!((lines.len(), ids.len()), (1201, 1200), "each once");
    let times: Vec<&str> = lines.iter().filter_map(|line| line["at"].as_str()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "newest first");
    let exported = rows(world, "export").await;
    assert_eq!((exported.len(), &exported[0]["account_id"]), (1, &json!(auditor.id)));
}

#[tokio::test]
async fn an_exported_book_is_on_record() {
    let town = Town::new().await;
    let world = &town.world;
    let path =
        format!("/api/v1/restaurants/{}/accounting-export?from=2026-11-01&to=2026-11-30", id(RESTAURANT));
    assert_eq!(world.get(town.caller("buyer"), &path).await.status, 200);
    let exported = rows(world, "export").await;
    let subject: Uuid = exported[0]["subject_id"].as_str().unwrap().parse().unwrap();
    assert_eq!((exported.len(), subject), (1, id(RESTAURANT)));
    assert_eq!(exported[0]["details"], json!({"from": "2026-11-01", "to": "2026-11-30", "format": "sie4"}));
    assert_eq!(exported[0]["at"].as_str().unwrap()[..16], world.clock.now().to_rfc3339()[..16]);
}

/// Routes that show how far a view has been built, and nothing of what is in it.
const PROGRESS: [&str; 2] = ["/api/v1/audit/views", "/api/v1/audit/views/{id}"];

#[tokio::test]
async fn whatever_is_shown_of_history_is_on_record() {
    let world = World::new().await;
    let auditor = Caller::new(1, "AUDITOR");
    let (order, product, supplier, restaurant) = (id(3), id(4), id(20), id(10));
    let created = ProductEvent::ProductCreated {
        supplier_id: supplier.into(),
        details: ProductDetails::default(),
        unit_price_minor: 100,
        currency: Currency::SEK,
    };
    let (seller, buyer) = (supplier_details("Grossisten"), restaurant_details("Krogen"));
    let currency = Currency::SEK;
    let position = Recording::system()
        .event::<Supplier>(supplier, 1, &SupplierEvent::SupplierRegistered { details: seller, currency })
        .event::<Restaurant>(
            restaurant,
            1,
            &RestaurantEvent::RestaurantRegistered { details: buyer, currency },
        )
        .event::<Product>(product, 1, &created)
        .event::<Order>(order, 1, &placed(order, restaurant, supplier))
        .record(&world)
        .await;
    world.advance(position).await;
    let key = SigningKey::from_base64(&SigningKey::generate()).unwrap();
    let mut transaction = platform::db::begin(&world.pool).await.unwrap();
    seal_next(&mut transaction, &key, 10, now()).await.unwrap();
    transaction.commit().await.unwrap();
    let event_id: Uuid = sqlx::query_scalar("SELECT event_id FROM public.events LIMIT 1")
        .fetch_one(&world.pool)
        .await
        .unwrap();

    let (_, document) = query_api::router(world.state()).split_for_parts();
    let document = serde_json::to_value(document).unwrap();
    let paths = document["paths"].as_object().unwrap().keys();
    let of_history = |path: &&String| {
        // What is in a view is tested with views, which take a process that builds them.
        path.starts_with("/api/v1/audit/") && !PROGRESS.contains(&path.as_str()) && !path.contains("/views/")
    };
    let mut count = 0;
    for path in paths.filter(of_history) {
        let of = [("/products/", product), ("/suppliers/", supplier), ("/restaurants/", restaurant)];
        let of = of.iter().find(|(part, _)| path.contains(part)).map_or(order, |(_, id)| *id);
        let asked = path.replace("{id}", &of.to_string()).replace("{type}", "order");
        let asked = asked.replace("{event_id}", &event_id.to_string());
        assert_eq!(world.get(auditor, &asked).await.status, 200, "{asked}");
        count += 1;
        let found = rows_until(&world, "history_read", count).await;
        assert_eq!((found.len(), &found[count - 1]["account_id"]), (count, &json!(auditor.id)), "{asked}");
    }
    assert!(count >= 10, "{count}");

    for (place, path) in ["/api/v1/audit/events", ACCESS].into_iter().enumerate() {
        let lines = [("accept", "application/x-ndjson")];
        assert_eq!(world.get_with(Some(auditor), path, &lines).await.status, 200, "{path}");
        assert_eq!(rows(&world, "export").await.len(), place + 1, "{path}");
    }
}
