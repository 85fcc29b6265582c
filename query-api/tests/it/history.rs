//! `GET /audit/events` as pages: filters, bounds and rights.

use events::{
    account::{Account, AccountEvent},
    order::{Order, OrderEvent},
    values::Role,
};
use serde_json::Value;

use crate::{
    log::{Recording, placed},
    world::{Answer, Caller, World, id, now, time},
};

fn auditor() -> Caller {
    Caller::new(1, "AUDITOR")
}

fn positions(answer: &Answer) -> Vec<i64> {
    assert_eq!(answer.status, 200, "{}", answer.json());
    let items = answer.json()["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["global_position"].as_i64().unwrap()).collect()
}

impl World {
    /// Every position that a query finds, page by page of two.
    async fn found(&self, query: &str) -> Vec<i64> {
        let mut found = Vec::new();
        let mut path = format!("/api/v1/audit/events?limit=2{query}");
        loop {
            let answer = self.get(auditor(), &path).await;
            found.extend(positions(&answer));
            let Value::String(cursor) = answer.json()["next_cursor"].clone() else { return found };
            path = format!("/api/v1/audit/events?limit=2{query}&cursor={cursor}");
        }
    }
}

#[tokio::test]
async fn only_those_who_see_everything_read_the_log() {
    let world = World::new().await;
    for (role, status) in
        [("ADMIN", 200), ("AUDITOR", 200), ("SUPPLIER", 403), ("RESTAURANT", 403), ("PARTNER", 403)]
    {
        let caller = Caller::new(1, role);
        for path in ["/api/v1/audit/events".to_owned(), format!("/api/v1/audit/streams/order/{}", id(3))] {
            let answer = world.get(caller, &path).await;
            let expected = if status == 200 && path.contains("streams") { 404 } else { status };
            assert_eq!(answer.status, expected, "{role} {path}");
        }
    }
    world.get_with(None, "/api/v1/audit/events", &[]).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn each_filter_finds_its_events_in_order_page_by_page() {
    let world = World::new().await;
    world.orders(100..105).await; // 1 to 5
    let confirmed = OrderEvent::OrderConfirmed { confirmed_at: now() };
    let supplier = Caller::new(77, "SUPPLIER");
    for (number, sequence) in [(101, 2), (103, 2)] {
        let recording = Recording::by(supplier).at(time("2026-11-21T09:00:00Z"));
        recording.event::<Order>(id(number), sequence, &confirmed).record(&world).await; // 6, 7
    }
    let changed = AccountEvent::AccountRoleChanged { role: Role::Admin };
    let late = Recording::system().at(time("2026-11-22T09:00:00Z"));
    late.event::<Account>(id(101), 1, &changed).record(&world).await; // 8

    assert_eq!(world.found("").await, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(world.found("&stream_type=order").await, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(world.found(&format!("&stream_id={}", id(101))).await, [2, 6, 8]);
    assert_eq!(world.found(&format!("&stream_type=order&stream_id={}", id(101))).await, [2, 6]);
    let both = format!("&stream_type=order&stream_id={}&type=OrderConfirmed", id(101));
    assert_eq!(world.found(&both).await, [6]);
    assert_eq!(world.found("&type=OrderConfirmed").await, [6, 7]);
    assert_eq!(world.found(&format!("&actor=account:{}:SUPPLIER", supplier.id)).await, [6, 7]);
    assert_eq!(world.found("&from_position=3&to_position=6").await, [3, 4, 5, 6]);
    assert_eq!(world.found("&from=2026-11-21T09:00:00Z").await, [6, 7, 8]);
    assert_eq!(world.found("&to=2026-11-21T09:00:00Z").await, [1, 2, 3, 4, 5]);
    assert_eq!(world.found("&from=2026-11-21T00:00:00Z&to=2026-11-22T00:00:00Z").await, [6, 7]);
    assert_eq!(world.found("&from=2027-01-01T00:00:00Z").await, [] as [i64; 0]);
    assert_eq!(world.found("&from_position=9").await, [] as [i64; 0]);

    let counted = world.get(auditor(), "/api/v1/audit/events?count=true&from_position=2").await;
    assert_eq!((counted.json()["total"].as_i64(), counted.position()), (Some(7), 8));
    let stream = format!("/api/v1/audit/events?count=true&stream_type=order&stream_id={}", id(101));
    assert_eq!(world.get(auditor(), &stream).await.json()["total"], 2);
}

#[tokio::test]
async fn a_filtered_page_looks_at_a_bounded_stretch_and_says_where_to_go_on() {
    let world = World::new().await;
    // As many events as three stretches have, of which the last alone is wanted.
    let fill = "INSERT INTO public.events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
            metadata, global_position, event_id, recorded_at, command_id, actor, content_hash)
        SELECT 'order', gen_random_uuid()::text, 1, CASE n WHEN 120000 THEN 'Rare' ELSE 'Common' END, '1', '{}', '{}',
            n, gen_random_uuid(), now(), gen_random_uuid(), 'system:test', sha256(n::text::bytea)
        FROM generate_series(1, 120000) n";
    sqlx::query(fill).execute(&world.pool).await.unwrap();
    world.head(120_000).await;
    let mut path = "/api/v1/audit/events?type=Rare".to_owned();
    let mut pages = Vec::new();
    loop {
        let answer = world.get(auditor(), &path).await;
        pages.push(positions(&answer));
        let Value::String(cursor) = answer.json()["next_cursor"].clone() else { break };
        path = format!("/api/v1/audit/events?type=Rare&cursor={cursor}");
    }
    assert_eq!(pages, [vec![], vec![], vec![120_000]]);
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused() {
    let world = World::new().await;
    world.orders(100..101).await;
    for (query, code) in [
        ("stream_type=orders", "invalid"),
        ("from_position=0", "invalid"),
        ("from=yesterday", "invalid"),
        ("colour=red", "invalid"),
        ("offset=1", "not_offered"),
        ("type=OrderPlaced&count=true", "not_offered"),
        ("cursor=abc", "invalid_cursor"),
    ] {
        world.get(auditor(), &format!("/api/v1/audit/events?{query}")).await.refused(422, code);
    }
    let ahead = [("iris-min-position", "2")];
    let answer = world.get_with(Some(auditor()), "/api/v1/audit/events", &ahead).await;
    answer.refused(503, "read_model_behind");
}

#[tokio::test]
async fn a_stream_is_told_in_words_by_whoever_did_it() {
    let world = World::new().await;
    let order = id(100);
    let supplier = Caller::new(77, "SUPPLIER");
    Recording::system()
        .between(id(10), id(20))
        .event::<Order>(order, 1, &placed(order, id(10), id(20)))
        .record(&world)
        .await;
    let rejected = OrderEvent::OrderRejected { reason: "no lorry\ntoday".to_owned(), rejected_at: now() };
    Recording::by(supplier).between(id(10), id(20)).event::<Order>(order, 2, &rejected).record(&world).await;

    let told = world.get(auditor(), &format!("/api/v1/audit/streams/order/{order}?count=true")).await.json();
    assert_eq!(told["total"], 2);
    let words = format!(
        "Ordered 2 lines from {} for {}: 1\u{a0}728,30\u{a0}SEK with VAT, to be paid by invoice.",
        id(20),
        id(10)
    );
    assert_eq!(told["items"][0]["words"], words);
    assert_eq!(told["items"][0]["who"]["system"], "test");
    assert_eq!(told["items"][0]["changes"][1]["to"], "4\u{a0}kg at 123,45\u{a0}SEK");
    assert_eq!(told["items"][1]["words"], "Rejected the order, because “no lorry today”.");
    assert_eq!(told["items"][1]["who"]["account_id"], supplier.id.to_string());
    let request = &told["items"][1]["request"];
    assert_eq!(request["request_id"], request["command_id"]);

    let second = world.get(auditor(), &format!("/api/v1/audit/streams/order/{order}?limit=1")).await.json();
    let cursor = second["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/audit/streams/order/{order}?limit=1&cursor={cursor}");
    let second = world.get(auditor(), &path).await.json();
    assert_eq!((&second["items"][0]["sequence"], &second["next_cursor"]), (&2.into(), &Value::Null));
    world
        .get(auditor(), &format!("/api/v1/audit/streams/parcel/{order}"))
        .await
        .refused(404, "stream_not_found");
}

#[tokio::test]
async fn a_list_that_begins_behind_the_end_of_the_log_is_empty() {
    let world = World::new().await;
    world.orders(100..103).await;
    for filter in ["", "&type=OrderPlaced", "&stream_type=order"] {
        for first in [4, i64::MAX] {
            let path = format!("/api/v1/audit/events?from_position={first}{filter}");
            let answer = world.get(auditor(), &path).await;
            assert!(positions(&answer).is_empty(), "{path}");
            assert!(answer.json()["next_cursor"].is_null(), "{path}");
        }
    }
}
