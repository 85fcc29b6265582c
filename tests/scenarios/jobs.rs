//! Jobs through the program: what an operator sees and runs, and what auditors see of it.

use std::process::Output;

use harness::{Client, IrisProcess, TestDatabase, until};
use serde_json::Value;

fn jobs(iris: &IrisProcess, arguments: &[&str]) -> Output {
    iris.command("jobs").args(arguments).output().unwrap()
}

fn said(output: &Output, is_well: bool) -> String {
    let all = [&output.stdout[..], &output.stderr].concat();
    let all = String::from_utf8(all).unwrap();
    assert_eq!(output.status.success(), is_well, "{all}");
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_lists_jobs_and_runs_one_and_auditors_see_that() {
    let database = TestDatabase::create().await;
    let iris = IrisProcess::start(&database).await;
    // Of the processes that serve, one leads.
    until("somebody leads", async || {
        let seen: i64 = sqlx::query_scalar("SELECT count(*) FROM jobs.schedules")
            .fetch_one(&database.pool)
            .await
            .unwrap();
        seen >= 2
    })
    .await;
    let listed = said(&jobs(&iris, &["list"]), true);
    for (job, when) in [("trial_check", "At 06:00"), ("upkeep", "At 03:30")] {
        let line = listed.lines().find(|line| line.starts_with(job)).unwrap();
        assert!(line.contains(when) && line.contains("in Stockholm, next 20"), "{line}");
    }
    let time = "2026-11-01T02:30:00Z";
    for job in ["upkeep", "trial_check"] {
        let done = said(&jobs(&iris, &["run", job, "--at", time]), true);
        assert!(done.starts_with(&format!("{job} is done for {time}: ")), "{done}");
    }
    let again = said(&jobs(&iris, &["run", "upkeep", "--at", time]), false);
    assert!(again.contains("upkeep was done for 2026-11-01 02:30:00 UTC already"), "{again}");
    let unknown = said(&jobs(&iris, &["run", "wash_up"]), false);
    assert!(unknown.contains("there is no job wash_up; there are trial_check, upkeep"), "{unknown}");

    let auditor = Client::new(&iris.base).logged_in("auditor@iris.test").await;
    let runs = auditor.get("/jobs?job=upkeep").await.expect(200);
    let by_hand: Vec<&Value> =
        runs.body["items"].as_array().unwrap().iter().filter(|run| run["trigger"] == "manual").collect();
    assert_eq!(by_hand.len(), 1, "{}", runs.body);
    assert_eq!((&by_hand[0]["state"], &by_hand[0]["scheduled_for"]), (&"succeeded".into(), &time.into()));
    let accesses = auditor.get("/audit/access?kind=job_run").await.expect(200);
    assert_eq!(accesses.body["items"].as_array().unwrap().len(), 3, "{}", accesses.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_runs_elsewhere_is_not_run_beside_it() {
    let database = TestDatabase::create().await;
    let mut iris = IrisProcess::start(&database).await;
    assert_eq!(iris.stop().await, Some(0));
    sqlx::query(
        "INSERT INTO jobs.runs (job, scheduled_for, run_id, state, trigger, attempt, holder, fence, lease_until, \
                                started_at) \
         VALUES ('upkeep', '2026-11-20T02:30:00Z', gen_random_uuid(), 'running', 'schedule', 1, gen_random_uuid(), \
                 1, now() + interval '1 hour', '2026-11-20T02:30:01Z')",
    )
    .execute(&database.pool)
    .await
    .unwrap();
    let refused = said(&jobs(&iris, &["run", "upkeep"]), false);
    let expected =
        "upkeep is running since 2026-11-20 02:30:01 UTC for 2026-11-20 02:30:00 UTC, in another process";
    assert!(refused.contains(expected), "{refused}");
    let listed = said(&jobs(&iris, &["list"]), true);
    assert!(
        listed.contains("the run of 2026-11-20T02:30:00Z is under way since 2026-11-20T02:30:01Z"),
        "{listed}"
    );
}
