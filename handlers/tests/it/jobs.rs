//! The jobs of the house, each by hand.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, TimeDelta, Utc};
use events::{
    audit::{SealFolder, SigningKey},
    restaurant::{Restaurant, RestaurantStatus},
    values::RestaurantId,
};
use handlers::{
    Surroundings,
    commands::{AskFailed, Asked},
    jobs::{EndTrials, TrialCheck, Upkeep},
    scheduler::{ByHand, Done, Job, Outcome},
    sealing,
};
use platform::clock::{Clock as _, Ids as _};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::world::World;

/// Whose end was asked for; the first time it is not now.
#[derive(Default)]
struct Ended {
    trials: Mutex<Vec<Uuid>>,
    is_busy: Mutex<bool>,
}

impl EndTrials for Ended {
    fn end_trial(&self, restaurant_id: RestaurantId) -> Asked<'_> {
        Box::pin(async move {
            if std::mem::take(&mut *self.is_busy.lock().unwrap()) {
                return Err(AskFailed::Later);
            }
            self.trials.lock().unwrap().push(restaurant_id.0);
            Ok(())
        })
    }
}

async fn restaurant(world: &World, state: Restaurant) -> Uuid {
    let id = world.ids.next();
    sqlx::query("INSERT INTO read.restaurants (restaurant_id, created_at, state) VALUES ($1, $2, $3)")
        .bind(id)
        .bind(world.clock.now())
        .bind(json!({ "state": state }))
        .execute(&world.pool)
        .await
        .unwrap();
    id
}

fn on_trial(status: RestaurantStatus, ends_at: DateTime<Utc>) -> Restaurant {
    Restaurant { status, trial_ends_at: Some(ends_at), ..Restaurant::default() }
}

async fn run(world: &World, job: Arc<dyn Job>, surroundings: Surroundings) -> Outcome {
    let at = world.clock.now();
    let run = ByHand::begin(job, at, surroundings).await.unwrap();
    run.perform(&CancellationToken::new()).await
}

#[tokio::test]
async fn trials_that_are_over_end_and_no_others() {
    let world = World::new("job_trials").await;
    let now = world.clock.now();
    let mut over = BTreeSet::new();
    // More than a page of them.
    for _ in 0..501 {
        over.insert(restaurant(&world, on_trial(RestaurantStatus::Approved, now)).await);
    }
    let later = now + TimeDelta::microseconds(1);
    restaurant(&world, on_trial(RestaurantStatus::Approved, later)).await;
    restaurant(&world, on_trial(RestaurantStatus::Suspended, now)).await;
    restaurant(&world, Restaurant::default()).await;
    let told = Restaurant { trial_end_recorded: true, ..on_trial(RestaurantStatus::Approved, now) };
    restaurant(&world, told).await;
    let ended = Arc::new(Ended { is_busy: Mutex::new(true), ..Ended::default() });
    let job: Arc<dyn Job> = Arc::new(TrialCheck::new(ended.clone()));
    let failed = run(&world, job.clone(), world.surroundings()).await;
    assert!(matches!(failed, Outcome::Failed(said) if said.ends_with("could not be recorded now")));
    let done = run(&world, job, world.surroundings()).await;
    assert_eq!(done, Outcome::Done(Done::from_iter([("trials_ended".to_owned(), json!(501))])));
    let asked: Vec<Uuid> = ended.trials.lock().unwrap().clone();
    assert_eq!((asked.len(), asked.into_iter().collect::<BTreeSet<_>>()), (501, over));
    world.end().await;
}

#[tokio::test]
async fn upkeep_deletes_what_is_old_copies_seals_and_says_what_waits() {
    let world = World::new("job_upkeep").await;
    let now = world.clock.now();
    for days in [0, 7, 9, 30] {
        sqlx::query(
            "INSERT INTO public.idempotency (scope, key, request_hash, command_id, status, response, position, created_at) \
             VALUES ('test', $1, '', $2, 200, '{}', 1, $3)",
        )
        .bind(days.to_string())
        .bind(world.ids.next())
        .bind(now - TimeDelta::days(days))
        .execute(&world.pool)
        .await
        .unwrap();
    }
    for (days, state) in [(399, "succeeded"), (401, "failed"), (402, "skipped"), (403, "queued")] {
        sqlx::query(
            "INSERT INTO jobs.runs (job, scheduled_for, run_id, state, trigger) VALUES ('old', $1, $2, $3, 'schedule')",
        )
        .bind(now - TimeDelta::days(days))
        .bind(world.ids.next())
        .bind(state)
        .execute(&world.pool)
        .await
        .unwrap();
    }
    world.offer(3).await;
    let key = SigningKey::from_base64(&SigningKey::generate()).unwrap();
    let sealer = world.seal(key, None, sealing::Settings::default());
    world.until("SELECT max(last_position) = 3 FROM audit.seals").await;
    sealer.stop().await;
    let before = world.clock.now();
    world.offer(2).await;
    world.clock.set(before + TimeDelta::minutes(5));
    let directory = tempfile::tempdir().unwrap();
    let folder = SealFolder::create(directory.path()).unwrap();
    // Its login is of both groups.
    let surroundings = Surroundings { pool: world.pool.clone(), ..world.surroundings() };
    let Outcome::Done(done) = run(&world, Arc::new(Upkeep::new(Some(folder.clone()))), surroundings).await
    else {
        panic!("it is done")
    };
    let seals: i64 = world.value("SELECT max(number) FROM audit.seals").await;
    let expected = json!({
        "answers_deleted": 2, "partitions_made": 1, "runs_deleted": 2, "unsealed_events": 2, "oldest_unsealed_seconds": 300,
        "seals_copied_to": seals,
    });
    assert_eq!(serde_json::Value::Object(done), expected);
    assert_eq!(folder.last_number().unwrap(), seals);
    let kept: Vec<String> = sqlx::query_scalar("SELECT key FROM public.idempotency ORDER BY key")
        .fetch_all(&world.pool)
        .await
        .unwrap();
    assert_eq!(kept, ["0", "7"]);
    assert_eq!(world.value::<i64>("SELECT count(*) FROM jobs.runs WHERE job = 'old'").await, 2);
    world.end().await;
}
