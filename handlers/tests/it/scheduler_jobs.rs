//! A job whose every effect leaves a row, so that one too many shows.

use std::sync::{Arc, Mutex, mpsc};

use handlers::scheduler::{Agenda, Job, JobError, Run, Running, Tally};
use serde_json::json;
use tokio::sync::Notify;

use crate::world::World;

/// Of each run.
pub const STEPS: u64 = 3;

/// What happens between the first step and the second.
pub enum Between {
    Nothing,
    /// It fails.
    Failure,
    /// It waits to be told to go on, or to stop, and says that it does.
    Waiting(Arc<Notify>),
    /// Its whole process stands still in the middle of a transaction, until it is told to go on.
    Freezing(mpsc::Sender<()>, Mutex<mpsc::Receiver<()>>),
}

/// Three steps, each a transaction with a row in `public.effects`.
pub struct Steps {
    pub between: Between,
}

impl Job for Steps {
    fn name(&self) -> &'static str {
        "steps"
    }

    fn cron(&self) -> &'static str {
        "0 * * * *"
    }

    fn run<'a>(&'a self, run: &'a Run) -> Running<'a> {
        Box::pin(async move {
            let from = run.checkpoint.as_ref().map_or(0, |at| at["step"].as_u64().unwrap());
            for step in from..STEPS {
                run.expect_going_on()?;
                if step == 1 {
                    self.pause(run).await?;
                }
                self.take(run, step).await?;
            }
            Ok(json!({ "steps": STEPS }).as_object().unwrap().clone())
        })
    }
}

impl Steps {
    async fn pause(&self, run: &Run) -> Result<(), JobError> {
        match &self.between {
            Between::Failure => Err(JobError::Failed("it rained".to_owned())),
            Between::Waiting(go_on) => {
                tokio::select! {
                    () = go_on.notified() => Ok(()),
                    () = run.stop.cancelled() => Err(JobError::Stopped),
                }
            }
            Between::Nothing | Between::Freezing(..) => Ok(()),
        }
    }

    async fn take(&self, run: &Run, step: u64) -> Result<(), JobError> {
        let mut tx = platform::db::begin(&run.surroundings.pool).await?;
        sqlx::query("INSERT INTO public.effects (run_id, step) VALUES ($1, $2)")
            .bind(run.run_id)
            .bind(i64::try_from(step).unwrap())
            .execute(&mut *tx)
            .await?;
        if let (1, Between::Freezing(frozen, thawed)) = (step, &self.between) {
            frozen.send(()).unwrap();
            // Blocks the only thread of its process: no lease is renewed meanwhile.
            thawed.lock().unwrap().recv().unwrap();
        }
        let tally = Tally { done: step + 1, total: Some(STEPS) };
        run.save_in_tx(&mut tx, Some(&json!({ "step": step + 1 })), tally).await?;
        tx.commit().await?;
        Ok(())
    }
}

pub fn agenda(between: Between) -> Agenda {
    Agenda::try_new(vec![Arc::new(Steps { between })]).unwrap()
}

impl World {
    /// A world where effects leave rows; the same one twice would be two rows.
    pub async fn with_effects(test: &str) -> Self {
        let world = Self::new(test).await;
        world.execute("CREATE TABLE public.effects (run_id uuid NOT NULL, step bigint NOT NULL)").await;
        world.execute("GRANT SELECT, INSERT ON public.effects TO iris_handler").await;
        world
    }

    /// Each step of each run that succeeded happened once, and nothing else did.
    pub async fn assert_each_effect_once(&self, runs: i64) {
        let whole = "SELECT count(*) FROM (SELECT run_id FROM public.effects JOIN jobs.runs USING (run_id) \
                     WHERE state = 'succeeded' GROUP BY run_id \
                     HAVING array_agg(step ORDER BY step) = ARRAY[0, 1, 2]::bigint[]) AS whole";
        assert_eq!(self.value::<i64>(whole).await, runs);
        assert_eq!(self.value::<i64>("SELECT count(*) FROM public.effects").await, runs * 3);
    }
}
