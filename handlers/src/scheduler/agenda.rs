//! Which jobs there are, and which of their times are due: `jobs.schedules`.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{PgConnection, Row as _};

use super::{
    calendar::{Calendar, Due, Missed},
    job::Job,
};
use crate::Surroundings;

/// A job that cannot be scheduled: a fault of the program.
#[derive(Debug, thiserror::Error)]
pub enum AgendaError {
    /// Its times cannot be read.
    #[error("job {job}: {source}")]
    Cron {
        /// Whose.
        job: &'static str,
        /// Why.
        source: croner::errors::CronError,
    },
    /// Two are of one name.
    #[error("there are two jobs named {0}")]
    Twice(&'static str),
}

/// A job and its times.
#[derive(Clone)]
pub struct Entry {
    /// What is done.
    pub job: Arc<dyn Job>,
    /// When.
    pub calendar: Calendar,
}

/// The jobs of this program; unique by name, in the order given.
#[derive(Clone, Default)]
pub struct Agenda {
    entries: Vec<Entry>,
}

/// Times that went on record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Planned {
    /// Times that passed while nobody led, or while the run before was still waiting.
    pub(super) skipped: u64,
}

impl Agenda {
    /// Of these jobs.
    ///
    /// # Errors
    /// [`AgendaError`].
    pub fn try_new(jobs: Vec<Arc<dyn Job>>) -> Result<Self, AgendaError> {
        let mut names = BTreeSet::new();
        let entry = |job: Arc<dyn Job>| {
            let name = job.name();
            if !names.insert(name) {
                return Err(AgendaError::Twice(name));
            }
            let calendar =
                Calendar::parse(job.cron()).map_err(|source| AgendaError::Cron { job: name, source })?;
            Ok(Entry { job, calendar })
        };
        Ok(Self { entries: jobs.into_iter().map(entry).collect::<Result<_, _>>()? })
    }

    /// All of them.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The one of that name.
    pub fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.job.name() == name)
    }
}

impl Entry {
    /// Puts on record what has come due: the latest time as a run that waits, the earlier ones as skipped. Whoever does
    /// it, and however many at once, each time goes on record once, for the schedule's row is held meanwhile.
    pub(super) async fn plan(&self, surroundings: &Surroundings) -> Result<Planned, sqlx::Error> {
        let now = surroundings.clock.now();
        let mut tx = platform::db::begin(&surroundings.pool).await?;
        let through = self.through_in_tx(&mut tx, now).await?;
        let planned = match self.calendar.due(through, now) {
            None => Planned::default(),
            Some(due) => self.record_in_tx(&mut tx, surroundings, due).await?,
        };
        tx.commit().await?;
        Ok(planned)
    }

    /// Every time up to there is on record. A job that is new to this database begins now: nothing of it was missed.
    async fn through_in_tx(
        &self,
        tx: &mut PgConnection,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, sqlx::Error> {
        let row = sqlx::query(
            "INSERT INTO jobs.schedules AS s (job, cron, through) VALUES ($1, $2, $3) \
             ON CONFLICT (job) DO UPDATE SET cron = EXCLUDED.cron \
             RETURNING through",
        )
        .bind(self.job.name())
        .bind(self.job.cron())
        .bind(now)
        .fetch_one(tx)
        .await?;
        row.try_get("through")
    }

    async fn record_in_tx(
        &self,
        tx: &mut PgConnection,
        surroundings: &Surroundings,
        due: Due,
    ) -> Result<Planned, sqlx::Error> {
        // What still waits to be begun for the first time is overtaken: done once, for the latest time.
        let overtaken = sqlx::query(
            "UPDATE jobs.runs SET state = 'skipped', finished_at = $3, \
                    outcome = jsonb_build_object('skipped', 1, 'from', scheduled_for) \
             WHERE job = $1 AND scheduled_for < $2 AND state = 'queued' AND trigger = 'schedule' AND attempt = 0 \
               AND checkpoint IS NULL",
        )
        .bind(self.job.name())
        .bind(due.latest)
        .bind(surroundings.clock.now())
        .execute(&mut *tx)
        .await?;
        if let Some(missed) = due.missed {
            self.skip_in_tx(tx, surroundings, missed).await?;
        }
        // One that was run by hand for that very time is that run.
        sqlx::query(
            "INSERT INTO jobs.runs (job, scheduled_for, run_id, state, trigger) \
             VALUES ($1, $2, $3, 'queued', 'schedule') ON CONFLICT ON CONSTRAINT runs_once DO NOTHING",
        )
        .bind(self.job.name())
        .bind(due.latest)
        .bind(surroundings.ids.next())
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE jobs.schedules SET through = $2 WHERE job = $1")
            .bind(self.job.name())
            .bind(due.latest)
            .execute(tx)
            .await?;
        Ok(Planned { skipped: overtaken.rows_affected() + due.missed.map_or(0, |missed| missed.count) })
    }

    async fn skip_in_tx(
        &self,
        tx: &mut PgConnection,
        surroundings: &Surroundings,
        missed: Missed,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO jobs.runs (job, scheduled_for, run_id, state, trigger, finished_at, outcome) \
             VALUES ($1, $2, $3, 'skipped', 'schedule', $4, $5) ON CONFLICT ON CONSTRAINT runs_once DO NOTHING",
        )
        .bind(self.job.name())
        .bind(missed.last)
        .bind(surroundings.ids.next())
        .bind(surroundings.clock.now())
        .bind(json!({ "skipped": missed.count, "from": missed.first }))
        .execute(tx)
        .await?;
        Ok(())
    }
}
