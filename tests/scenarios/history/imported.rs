//! An export, imported into an empty database, is the same log.

use std::fs;

use chrono::{DateTime, Utc};
use events::{
    canonical::recorded_hash,
    history_line::{HistoryLine, HistoryWriter, read_history_line},
    log::{check_log, read_head},
};
use harness::{TestDatabase, Upload};
use platform::clock::SystemClock;
use projections::{SchemaName, all, rebuild_into};
use reqwest::Method;
use serde_json::json;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::world::{World, end_of, failed, succeeded};

/// Every row of a schema's tables but what says how far they have come, as text.
async fn rows(pool: &PgPool, schema: &str) -> Vec<(String, Vec<String>)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT table_name::text FROM information_schema.tables
         WHERE table_schema = $1 AND table_name NOT IN ('checkpoints', 'parked') ORDER BY table_name",
    )
    .bind(schema)
    .fetch_all(pool)
    .await
    .unwrap();
    let mut rows = Vec::new();
    for table in tables {
        let sql = format!("SELECT t::text FROM {schema}.{table} t ORDER BY t::text");
        rows.push((table, sqlx::query_scalar(&sql).fetch_all(pool).await.unwrap()));
    }
    rows
}

async fn claims(pool: &PgPool) -> Vec<String> {
    let sql = "SELECT c::text FROM public.claims c ORDER BY c.scope, c.value";
    sqlx::query_scalar(sql).fetch_all(pool).await.unwrap()
}

/// Orders in several states, a revised product, and a matched invoice.
async fn trade(world: &World) {
    let tomatoes = world.product("tomater").await;
    let product = format!("/products/{}", tomatoes["id"].as_str().unwrap());
    let send = |method, path: String, body| async move {
        world.supplier.send(method, &path, &[], Some(&body)).await.unwrap().expect(200)
    };
    send(Method::PATCH, product, json!({"sku": "FG-NEW"})).await;
    for _ in 0..4 {
        world.order(&world.restaurant, &[(&tomatoes, "2")]).await;
    }
    let order = world.order(&world.restaurant, &[(&tomatoes, "3")]).await;
    for step in ["confirm", "deliver"] {
        send(Method::POST, format!("/orders/{order}/{step}"), json!({})).await;
    }
    let key = json!({"name": "the till", "scopes": ["orders:read"]});
    world.restaurant.post("/api-keys", &key).await.expect(201);
    let path = format!("/orders/{order}/confirm-delivery");
    let position = world.restaurant.post(&path, &json!({})).await.expect(200).position().to_string();
    let headers = [("accept", "application/xml"), ("iris-min-position", position.as_str())];
    let xml = world.supplier.send(Method::GET, &format!("/orders/{order}/invoice"), &headers, None).await;
    let upload = Upload::file("faktura.xml", &xml.unwrap().expect(200).bytes);
    assert_eq!(world.supplier.upload("/invoices", &upload).await.expect(201).text("status"), "matched");
    world.caught_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_log_has_the_same_root_claims_and_read_models() {
    let world = World::open().await;
    trade(&world).await;
    let whole = world.lines("").await.unwrap();
    let end = end_of(&whole);
    let file = world.file("whole.ndjson");
    fs::write(&file, &whole).unwrap();
    let other = TestDatabase::create().await;
    bring_keys(&world.database.pool, &other.pool).await;

    // The first part alone is a whole export, too; with the rest the import goes on from there.
    world.export("part.ndjson", 40);
    succeeded(&world.events_on(&other, &["import", world.file("part.ndjson").to_str().unwrap()]));
    let imported = world.events_on(&other, &["import", file.to_str().unwrap()]);
    succeeded(&imported);
    assert!(String::from_utf8_lossy(&imported.stdout).contains(&end.root));
    // Once more changes nothing.
    succeeded(&world.events_on(&other, &["import", file.to_str().unwrap()]));

    let check = check_log(&mut other.pool.acquire().await.unwrap()).await.unwrap();
    assert_eq!((check.faults, check.count), (vec![], end.position));
    let again = world.file("again.ndjson");
    succeeded(&world.events_on(&other, &["export", again.to_str().unwrap()]));
    assert!(fs::read(again).unwrap() == whole, "byte for byte");
    assert_eq!(claims(&other.pool).await, claims(&world.database.pool).await);

    let scratch: SchemaName = "read_again".parse().unwrap();
    let stop = CancellationToken::new();
    rebuild_into(&other.pool, &scratch, &all(), &SystemClock, &stop).await.unwrap();
    let folded = rows(&other.pool, "read_again").await;
    assert!(folded.iter().any(|(table, rows)| table == "orders" && rows.len() == 5));
    for (table, rows) in rows(&world.database.pool, "read").await {
        let Some((_, found)) = folded.iter().find(|(name, _)| *name == table) else { continue };
        assert!(*found == rows, "read.{table} differs: {found:?} {rows:?}");
    }
}

/// The same with a hole in a stream, every hash, the count and the root as they would be.
fn renumbered(whole: &str) -> String {
    let (mut writer, mut text, mut renumbered) = (HistoryWriter::after(0), Vec::new(), 0);
    for line in whole.lines() {
        let HistoryLine::Event(mut event) = read_history_line(line).unwrap() else { continue };
        if event.sequence == 2 && renumbered == 0 {
            renumbered = event.global_position;
            event.sequence = 3;
            event.content_hash = recorded_hash(&event).to_vec();
        }
        writer.write(&event, &mut text).unwrap();
    }
    text.extend_from_slice(writer.end().line().as_bytes());
    assert!(renumbered > 0);
    String::from_utf8(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_broken_off_keeps_every_role_from_starting_until_it_has_gone_on() {
    let world = World::open().await;
    let whole = world.lines("").await.unwrap();
    let file = world.file("whole.ndjson");
    fs::write(&file, &whole).unwrap();
    let other = TestDatabase::create().await;
    // As a killed import leaves it: some of the file, and the mark.
    world.export("part.ndjson", 40);
    succeeded(&world.events_on(&other, &["import", world.file("part.ndjson").to_str().unwrap()]));
    let mark = "INSERT INTO public.import_under_way (upto) VALUES ($1)";
    sqlx::query(mark).bind(end_of(&whole).position).execute(&other.pool).await.unwrap();
    let run = |role: &str| world.iris.command(role).env("DATABASE_URL", other.url()).output().unwrap();
    failed(&run("query-api"), "`iris events import FILE`");
    let doctor = run("doctor");
    assert!(!doctor.status.success());
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("FAULT an import up to position"));

    succeeded(&world.events_on(&other, &["import", file.to_str().unwrap()]));
    succeeded(&run("doctor"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_whole_and_unaltered_log_moves_no_head() {
    let world = World::open().await;
    let whole = String::from_utf8(world.lines("").await.unwrap()).unwrap();
    let other = TestDatabase::create().await;
    let lines: Vec<&str> = whole.lines().collect();
    let without = |left_out: usize| {
        let kept = lines.iter().enumerate().filter(|(index, _)| *index != left_out);
        kept.flat_map(|(_, line)| [*line, "\n"]).collect::<String>()
    };
    let end = lines.last().unwrap();
    for (name, text, because) in [
        (
            "altered",
            whole.replacen("\"type\":\"SupplierRegistered\"", "\"type\":\"SupplierSuspended\"", 1),
            "altered",
        ),
        ("hole", without(4), "follows on"),
        ("cut", without(lines.len() - 1), "no last line"),
        ("behind", format!("{whole}{}\n", lines[0]), "behind its last line"),
        ("root", whole.replace(end, &end.replace("\"root\":\"", "\"root\":\"0")), "the last line says"),
        ("renumbered", renumbered(&whole), "comes after"),
        ("rest", lines[7..].iter().flat_map(|line| [*line, "\n"]).collect(), "follows on"),
    ] {
        assert_ne!(text, whole, "{name}");
        let file = world.file(name);
        fs::write(&file, text).unwrap();
        failed(&world.events_on(&other, &["import", file.to_str().unwrap()]), because);
        let head = read_head(&mut other.pool.acquire().await.unwrap()).await.unwrap();
        assert_eq!(head.position, 0, "{name}");
    }
    // A log of its own stays as it is.
    let file = world.file("whole");
    fs::write(&file, &whole).unwrap();
    let third = World::open().await;
    let before = third.lines("").await.unwrap();
    failed(&world.events_on(&third.database, &["import", file.to_str().unwrap()]), "");
    assert!(third.lines("").await.unwrap() == before);
}

/// Without them nobody's address could be read, and so none be claimed.
async fn bring_keys(from: &PgPool, to: &PgPool) {
    let keys: Vec<(Uuid, Uuid, Vec<u8>, DateTime<Utc>)> =
        sqlx::query_as("SELECT key_id, subject, wrapped, created_at FROM personal.keys")
            .fetch_all(from)
            .await
            .unwrap();
    assert!(!keys.is_empty());
    for (key_id, subject, wrapped, created_at) in keys {
        sqlx::query(
            "INSERT INTO personal.keys (key_id, subject, wrapped, created_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(key_id)
        .bind(subject)
        .bind(wrapped)
        .bind(created_at)
        .execute(to)
        .await
        .unwrap();
    }
    bring_data_keys(from, to).await;
}

/// What those are wrapped under.
async fn bring_data_keys(from: &PgPool, to: &PgPool) {
    let keys: Vec<(Uuid, String, String, String, Vec<u8>)> = sqlx::query_as(
        "SELECT id, purpose, provider, kek_id, wrapped FROM platform.data_keys ORDER BY number",
    )
    .fetch_all(from)
    .await
    .unwrap();
    for (id, purpose, provider, kek_id, wrapped) in keys {
        sqlx::query(
            "INSERT INTO platform.data_keys (id, purpose, provider, kek_id, wrapped) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(id)
        .bind(purpose)
        .bind(provider)
        .bind(kek_id)
        .bind(wrapped)
        .execute(to)
        .await
        .unwrap();
    }
}
