//! What auditors read of seals: who may, pages, proofs, and a verification that says what is wrong.

use events::{
    audit::{Proof, SigningKey, introduce_next_key, seal_next, verify_proof},
    canonical::recorded_hash,
    envelope::RecordedEvent,
};
use serde_json::json;
use uuid::Uuid;

use crate::world::{Caller, World, id, now};

const VERIFY: &str = "/api/v1/audit/verify";
const SEALS: &str = "/api/v1/audit/seals";

fn auditor() -> Caller {
    Caller::new(1, "AUDITOR")
}

/// The first event of a stream of its own, at that position.
async fn record(world: &World, position: i64) -> Uuid {
    let number = u128::try_from(position).unwrap();
    let event = RecordedEvent {
        global_position: position,
        event_id: id(1_000 + number),
        stream_kind: "product".to_owned(),
        stream_id: id(2_000 + number),
        sequence: 1,
        event_type: "ProductCreated".to_owned(),
        event_version: "1".to_owned(),
        payload: format!("{{\"number\":{position}}}"),
        metadata: "{}".to_owned(),
        recorded_at: now(),
        command_id: id(3_000 + number),
        actor: "system:test".to_owned(),
        content_hash: Vec::new(),
    };
    sqlx::query(
        "INSERT INTO public.events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, \
             metadata, global_position, event_id, recorded_at, command_id, actor, content_hash) \
         VALUES ($1, $2, 1, $3, '1', $4::json, '{}', $5, $6, $7, $8, $9, $10)",
    )
    .bind(&event.stream_kind)
    .bind(event.stream_id.to_string())
    .bind(&event.event_type)
    .bind(&event.payload)
    .bind(position)
    .bind(event.event_id)
    .bind(event.recorded_at)
    .bind(event.command_id)
    .bind(&event.actor)
    .bind(recorded_hash(&event).as_slice())
    .execute(&world.pool)
    .await
    .unwrap();
    world.head(position).await;
    event.event_id
}

async fn seal(world: &World, key: &SigningKey, size: i64) {
    let mut transaction = platform::db::begin(&world.pool).await.unwrap();
    seal_next(&mut transaction, key, size, now()).await.unwrap();
    transaction.commit().await.unwrap();
}

fn key() -> SigningKey {
    SigningKey::from_base64(&SigningKey::generate()).unwrap()
}

#[tokio::test]
async fn auditors_and_administrators_alone_may_look() {
    let world = World::new().await;
    let event_id = record(&world, 1).await;
    seal(&world, &key(), 10).await;
    let proof = format!("/api/v1/audit/proofs/{event_id}");
    for path in [VERIFY, SEALS, &proof] {
        for role in ["SUPPLIER", "RESTAURANT", "PARTNER"] {
            world.get(Caller::new(2, role), path).await.refused(403, "auditor_only");
        }
        assert_eq!(world.get_with(None, path, &[]).await.status, 401);
        for role in ["ADMIN", "AUDITOR"] {
            assert_eq!(world.get(Caller::new(3, role), path).await.status, 200, "{role} {path}");
        }
    }
}

#[tokio::test]
async fn a_verification_says_what_it_read_and_the_first_thing_that_is_wrong() {
    let world = World::new().await;
    let empty = world.get(auditor(), VERIFY).await.json();
    assert_eq!((&empty["ok"], &empty["to"], &empty["count"]), (&json!(true), &json!(0), &json!(0)));
    for position in 1..=9 {
        record(&world, position).await;
    }
    seal(&world, &key(), 6).await;
    let answer = world.get(auditor(), VERIFY).await;
    assert_eq!(answer.header("content-type"), "application/json");
    let found = answer.json();
    let root = found["root"].as_str().unwrap().to_owned();
    let expected = json!({
        "ok": true, "from": 1, "to": 9, "count": 9, "root": root, "sealed_to": 6, "trusted_key": null,
    });
    assert_eq!((found, root.len()), (expected, 64));
    let part = world.get(auditor(), "/api/v1/audit/verify?from=3&to=5").await.json();
    assert_eq!((&part["count"], &part["ok"]), (&json!(3), &json!(true)));

    sqlx::raw_sql("SET session_replication_role = replica; UPDATE public.events SET actor = 'x' WHERE global_position = 4; RESET session_replication_role")
        .execute(&world.pool)
        .await
        .unwrap();
    let found = world.get(auditor(), VERIFY).await.json();
    assert_eq!(found["ok"], false);
    let fault = &found["first_fault"];
    assert_eq!((&fault["position"], &fault["kind"]), (&json!(4), &json!("altered")));
    assert_eq!(fault["event_id"], json!(id(1_004)));
    assert_eq!(world.get(auditor(), "/api/v1/audit/verify?from=5").await.json()["ok"], true);
    for bad in ["from=0", "to=0", "from=5&to=4", "from=x", "since=1"] {
        world.get(auditor(), &format!("{VERIFY}?{bad}")).await.refused(422, "invalid");
    }
}

#[tokio::test]
async fn one_verification_at_a_time_and_a_caller_that_goes_away_ends_it() {
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;
    let world = World::new().await;
    record(&world, 1).await;
    let request = || {
        let request = axum::http::Request::get(VERIFY);
        let token = format!("Bearer {}", world.token(auditor()));
        request.header("authorization", token).body(axum::body::Body::empty()).unwrap()
    };
    // The body is what does the work: unread, it is under way.
    let under_way = world.router.clone().oneshot(request()).await.unwrap();
    let refused = world.get(auditor(), VERIFY).await;
    refused.refused(429, "verification_under_way");
    assert_eq!(refused.header("retry-after"), "10");
    drop(under_way);
    let answer = world.router.clone().oneshot(request()).await.unwrap();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()["ok"], true);
    assert_eq!(world.get(auditor(), VERIFY).await.json()["ok"], true);
}

#[tokio::test]
async fn seals_are_listed_newest_first_by_pages_with_the_keys_that_signed() {
    let world = World::new().await;
    let (old, new) = (key(), key());
    for position in 1..=10 {
        record(&world, position).await;
    }
    for _ in 0..2 {
        seal(&world, &old, 2).await;
    }
    let mut transaction = platform::db::begin(&world.pool).await.unwrap();
    introduce_next_key(&mut transaction, &old, &new, now()).await.unwrap();
    transaction.commit().await.unwrap();
    for _ in 0..3 {
        seal(&world, &new, 2).await;
    }
    let first = world.get(auditor(), "/api/v1/audit/seals?limit=2&count=true").await;
    assert_eq!(first.position(), 10);
    let first = first.json();
    let numbers = |page: &serde_json::Value| -> Vec<i64> {
        page["items"].as_array().unwrap().iter().map(|seal| seal["number"].as_i64().unwrap()).collect()
    };
    assert_eq!((numbers(&first), &first["total"]), (vec![5, 4], &json!(5)));
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = world.get(auditor(), &format!("/api/v1/audit/seals?limit=2&cursor={cursor}")).await.json();
    assert_eq!(numbers(&second), [3, 2]);
    let keys = [new.public().to_string(), old.public().to_string()];
    assert_eq!(
        [&second["items"][0]["public_key"], &second["items"][1]["public_key"]],
        [&json!(keys[0]), &json!(keys[1])]
    );
    assert!(second["items"][0].get("leaves").is_none());
    let rest = world.get(auditor(), "/api/v1/audit/seals?offset=4").await.json();
    assert_eq!((numbers(&rest), &rest["next_cursor"]), (vec![1], &json!(null)));
}

#[tokio::test]
async fn a_proof_holds_by_itself_and_comes_once_the_event_is_sealed() {
    let world = World::new().await;
    let key = key();
    let mut ids = Vec::new();
    for position in 1..=5 {
        ids.push(record(&world, position).await);
    }
    seal(&world, &key, 4).await;
    let path = |id: Uuid| format!("/api/v1/audit/proofs/{id}");
    for event_id in &ids[..4] {
        let answer = world.get(auditor(), &path(*event_id)).await;
        let proof: Proof = serde_json::from_slice(&answer.bytes).unwrap();
        assert_eq!((proof.event.event_id, verify_proof(&proof, &[key.public()])), (*event_id, Ok(())));
    }
    let waiting = world.get(auditor(), &path(ids[4])).await;
    waiting.refused(409, "not_sealed_yet");
    assert_eq!(waiting.header("retry-after"), "2");
    world.get(auditor(), &path(id(9))).await.refused(404, "event_not_found");
}
