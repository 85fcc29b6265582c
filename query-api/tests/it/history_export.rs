//! `GET /audit/events` as lines: whole, filtered, resumed and cut.

use std::time::Duration;

use axum::{body::Body, http::Request};
use events::{
    canonical::recorded_hash,
    history_line::{HistoryEnd, HistoryLine, read_history_line},
    merkle::MerkleRoot,
    order::{Order, OrderEvent},
};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::{
    log::Recording,
    world::{Answer, Caller, World, id, now},
};

const LINES: (&str, &str) = ("accept", "application/x-ndjson");

fn auditor() -> Caller {
    Caller::new(1, "AUDITOR")
}

/// Positions of the lines, each checked against its hash, and the last line, checked against them all.
fn read(answer: &Answer) -> (Vec<i64>, HistoryEnd) {
    assert_eq!(answer.status, 200);
    let text = std::str::from_utf8(&answer.bytes).unwrap();
    let mut tree = MerkleRoot::default();
    let mut positions = Vec::new();
    let mut end = None;
    for line in text.lines() {
        assert!(end.is_none(), "nothing stands behind the end");
        match read_history_line(line).unwrap() {
            HistoryLine::Event(event) => {
                assert_eq!(recorded_hash(&event)[..], event.content_hash[..], "a third party gets the same");
                tree.push(&event.content_hash[..].try_into().unwrap());
                positions.push(event.global_position);
            }
            HistoryLine::End(last) => end = Some(last),
        }
    }
    let end = end.expect("a last line");
    assert_eq!((end.count, end.root.clone()), (positions.len() as u64, hex::encode(tree.root())));
    (positions, end)
}

impl World {
    async fn lines(&self, query: &str) -> Answer {
        self.get_with(Some(auditor()), &format!("/api/v1/audit/events{query}"), &[LINES]).await
    }

    /// The body alone, not read yet.
    async fn body(&self) -> Body {
        let request = Request::get("/api/v1/audit/events")
            .header("authorization", format!("Bearer {}", self.token(auditor())))
            .header(LINES.0, LINES.1);
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        response.into_body()
    }
}

#[tokio::test]
async fn every_line_can_be_checked_and_the_last_one_says_that_this_was_all() {
    let world = World::new().await;
    world.orders(100..130).await;
    let answer = world.lines("").await;
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let (positions, end) = read(&answer);
    assert_eq!((positions, end.position), ((1..=30).collect(), 30));

    let first = std::str::from_utf8(&answer.bytes).unwrap().lines().next().unwrap().to_owned();
    let line: serde_json::Value = serde_json::from_str(&first).unwrap();
    let mut members: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    let contract = [
        "actor",
        "causation_id",
        "command_id",
        "content_hash",
        "correlation_id",
        "data",
        "event_id",
        "global_position",
        "metadata",
        "recorded_at",
        "sequence",
        "stream_id",
        "stream_type",
        "type",
        "version",
    ];
    assert_eq!(members, contract);
}

#[tokio::test]
async fn filters_leave_out_events_and_the_end_says_how_far_was_looked() {
    let world = World::new().await;
    world.orders(100..104).await;
    let confirmed = OrderEvent::OrderConfirmed { confirmed_at: now() };
    Recording::system().event::<Order>(id(101), 2, &confirmed).record(&world).await;
    world.orders(200..202).await; // 6, 7
    for (query, positions, upto) in [
        ("?type=OrderConfirmed".to_owned(), vec![5], 7),
        (format!("?stream_type=order&stream_id={}", id(101)), vec![2, 5], 7),
        (format!("?stream_type=order&stream_id={}&from_position=3", id(101)), vec![5], 7),
        ("?from_position=3&to_position=4".to_owned(), vec![3, 4], 4),
        ("?from_position=8".to_owned(), vec![], 7),
        ("?to=2000-01-01T00:00:00Z".to_owned(), vec![], 0),
    ] {
        let (found, end) = read(&world.lines(&query).await);
        assert_eq!((found, end.position), (positions, upto), "{query}");
    }
}

#[tokio::test]
async fn a_history_in_two_parts_has_the_lines_of_the_whole() {
    let world = World::new().await;
    world.orders(100..120).await;
    let whole = world.lines("").await;
    let (_, first_end) = read(&world.lines("?to_position=7").await);
    let rest = world.lines(&format!("?from_position={}", first_end.position + 1)).await;
    let lines = |answer: &Answer| {
        let text = String::from_utf8(answer.bytes.clone()).unwrap();
        let (lines, _end) = text.trim_end().rsplit_once('\n').unwrap();
        lines.to_owned()
    };
    let first = lines(&world.lines("?to_position=7").await);
    assert_eq!(format!("{first}\n{}", lines(&rest)), lines(&whole));
}

/// Rows of about half a kilobyte, beyond what waits anywhere between the database and the reader.
async fn long_log(world: &World, events: i32) {
    let fill = "INSERT INTO public.events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
            metadata, global_position, event_id, recorded_at, command_id, actor, content_hash)
        SELECT 'order', gen_random_uuid()::text, 1, 'Long', '1', json_build_object('a', repeat('x', 500)), '{}',
            n, gen_random_uuid(), now(), gen_random_uuid(), 'system:test', sha256(n::text::bytea)
        FROM generate_series(1, $1) n";
    sqlx::query(fill).bind(events).execute(&world.pool).await.unwrap();
    world.head(events.into()).await;
}

#[tokio::test]
async fn an_export_whose_database_breaks_off_is_an_error_without_a_last_line() {
    let world = World::with(8, Duration::from_secs(20)).await;
    long_log(&world, 60_000).await;
    let mut body = world.body().await;
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"{\"global_position\":1,"));
    let killed: Vec<bool> = sqlx::query_scalar(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND query LIKE 'COPY%' AND pid <> pg_backend_pid()",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    assert_eq!(killed, [true], "it was at work");
    let mut rest = first.to_vec();
    let broken = loop {
        match body.frame().await {
            Some(Ok(frame)) => rest.extend_from_slice(&frame.into_data().unwrap()),
            Some(Err(error)) => break error,
            None => panic!("the body ended as if it were whole"),
        }
    };
    assert!(broken.to_string().contains("broke off"), "{broken}");
    assert!(!rest.windows(6).any(|part| part == b"\"end\":"), "no last line");
    // The connection is given up, and the pool has others.
    let answer = world.get(auditor(), "/api/v1/audit/events?limit=1").await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn two_exports_run_at_once_and_a_third_is_told_to_come_back() {
    let world = World::new().await;
    long_log(&world, 20_000).await;
    let (first, _second) = (world.body().await, world.body().await);
    let third = world.lines("").await;
    third.refused(503, "exports_busy");
    assert_eq!(third.header("retry-after"), "30");
    // Whoever goes away frees the place; it is noticed when the next chunk is to be sent.
    drop(first);
    let mut tries = 0;
    while world.lines("?to_position=1").await.status != 200 {
        tries += 1;
        assert!(tries < 1_000, "the place is never free");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
