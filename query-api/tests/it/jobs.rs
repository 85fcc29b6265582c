//! What was done by the clock: whole, in order, for auditors.

use serde_json::json;
use uuid::Uuid;

use crate::world::{Caller, World};

/// Runs of two jobs, of which each hour's fall together.
async fn runs(world: &World) {
    let sql = "INSERT INTO jobs.runs (job, scheduled_for, run_id, state, trigger, attempt, started_at, finished_at,
                                      done, total, outcome, error)
        SELECT job, timestamptz '2026-11-20 09:00Z' - n * interval '1 hour', md5(job || n)::uuid,
               CASE WHEN n % 5 = 0 THEN 'failed' WHEN n % 7 = 0 THEN 'skipped' ELSE 'succeeded' END, 'schedule', 1,
               timestamptz '2026-11-20 09:00Z', timestamptz '2026-11-20 09:01Z', n, 100, '{\"rows\": 3}',
               CASE WHEN n % 5 = 0 THEN 'it rained' END
        FROM generate_series(1, 40) n, unnest(ARRAY['prices', 'upkeep']) job";
    sqlx::query(sql).execute(&world.pool).await.unwrap();
}

async fn expected(world: &World, filter: &str) -> Vec<Uuid> {
    let sql = format!("SELECT run_id FROM jobs.runs WHERE {filter} ORDER BY scheduled_for DESC, run_id DESC");
    sqlx::query_scalar(&sql).fetch_all(&world.pool).await.unwrap()
}

#[tokio::test]
async fn runs_are_listed_newest_first_by_job_and_state_and_page_by_page() {
    let world = World::new().await;
    runs(&world).await;
    let auditor = Caller::new(1, "AUDITOR");
    for (query, filter) in [
        ("", "true"),
        ("job=upkeep&", "job = 'upkeep'"),
        ("state=failed&", "state = 'failed'"),
        ("job=prices&state=skipped&", "job = 'prices' AND state = 'skipped'"),
    ] {
        let expected = expected(&world, filter).await;
        assert!(!expected.is_empty());
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = world.get(auditor, &format!("/api/v1/jobs?{query}count=true&limit=7{cursor}")).await;
            assert_eq!(answer.json()["total"], expected.len());
            seen.extend(answer.ids());
            let Some(next) = answer.json()["next_cursor"].as_str().map(str::to_owned) else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, expected, "{query}");
    }
    let failed = world.get(auditor, "/api/v1/jobs?job=upkeep&state=failed&limit=1").await.json();
    let id = failed["items"][0]["id"].clone();
    assert_eq!(
        failed["items"][0],
        json!({
            "id": id, "job": "upkeep", "scheduled_for": "2026-11-20T04:00:00Z", "state": "failed",
            "trigger": "schedule", "attempts": 1, "started_at": "2026-11-20T09:00:00Z",
            "finished_at": "2026-11-20T09:01:00Z", "done": 5, "total": 100, "outcome": {"rows": 3},
            "error": "it rained",
        })
    );
}

#[tokio::test]
async fn runs_are_for_auditors_and_filters_are_checked() {
    let world = World::new().await;
    for role in ["SUPPLIER", "RESTAURANT", "PARTNER"] {
        world.get(Caller::new(2, role), "/api/v1/jobs").await.refused(403, "auditor_only");
    }
    let admin = Caller::new(1, "ADMIN");
    assert!(world.get(admin, "/api/v1/jobs").await.ids().is_empty());
    for wrong in ["state=done", "job=Up%20keep", "jobs=upkeep"] {
        assert_eq!(world.get(admin, &format!("/api/v1/jobs?{wrong}")).await.status, 422, "{wrong}");
    }
}
