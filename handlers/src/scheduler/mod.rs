//! What is done by the clock: jobs, each at its times in Sweden, once, by whichever process leads.
//!
//! One process leads, by a lease in `jobs.leader`: it puts on record what has come due, and takes up what waits or was
//! left by a process that died. A run has a lease and a fence of its own (`hold.rs`), so it outlives its process's
//! leadership, and two processes never both commit for it. Times are the surroundings' clock's; leases and waits go by
//! the database's, which is the only one that all processes share.

mod agenda;
mod attempt;
mod by_hand;
mod calendar;
mod hold;
mod job;
mod leadership;
mod metrics;
mod standing;
mod taking;

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use platform::backoff::Backoff;
use tokio::{sync::watch, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::Surroundings;
pub use agenda::{Agenda, AgendaError, Entry};
use attempt::{Attempt, OnFailure, RENEWALS_PER_LEASE, Terms};
pub use by_hand::{ByHand, Outcome, Refused};
pub use calendar::Calendar;
pub use job::{Done, Job, JobError, Lost, Record, Recording, Run, Running, Tally};
use leadership::Leadership;
pub use standing::{LastRun, last_run};

/// How the scheduler runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a leader, or a run's holder, that says nothing remains what it is.
    pub lease: Duration,
    /// How often it is looked what is due, and what waits.
    pub poll: Duration,
    /// Attempts at a run, all in all.
    pub attempts_max: i32,
    /// The wait before the second attempt; doubles.
    pub retry_first: Duration,
    /// The longest wait between attempts.
    pub retry_max: Duration,
    /// How long a job may take to stop before it is dropped.
    pub grace: Duration,
    /// The first wait after trouble with the database; doubles.
    pub backoff_first: Duration,
    /// The longest of those.
    pub backoff_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            poll: Duration::from_secs(1),
            attempts_max: 3,
            retry_first: Duration::from_mins(1),
            retry_max: Duration::from_mins(15),
            grace: Duration::from_secs(10),
            backoff_first: Duration::from_millis(200),
            backoff_max: Duration::from_secs(10),
        }
    }
}

/// Runs the jobs at their times until `shutdown`, whenever this process leads; then stops what is under way, which the
/// next leader takes up from what was saved.
pub async fn run(surroundings: Surroundings, agenda: Agenda, shutdown: CancellationToken) {
    run_with(surroundings, agenda, shutdown, Settings::default()).await;
}

/// [`run`] with other settings.
pub async fn run_with(
    surroundings: Surroundings,
    agenda: Agenda,
    shutdown: CancellationToken,
    settings: Settings,
) {
    metrics::describe();
    let holder = surroundings.ids.next();
    let leadership = Leadership { pool: surroundings.pool.clone(), holder, lease: settings.lease };
    let mut scheduler = Scheduler {
        surroundings,
        agenda,
        settings,
        holder,
        leadership,
        shutdown,
        next: BTreeMap::new(),
        under_way: JoinSet::new(),
        asked_at: None,
        led_until: None,
    };
    scheduler.go_on().await;
    scheduler.end().await;
}

struct Scheduler {
    surroundings: Surroundings,
    agenda: Agenda,
    settings: Settings,
    holder: Uuid,
    leadership: Leadership,
    shutdown: CancellationToken,
    /// When each job is due next, for as long as this process leads: the database is asked only then.
    next: BTreeMap<&'static str, Option<DateTime<Utc>>>,
    /// Each run in a task of its own: a long one holds up no other job.
    under_way: JoinSet<()>,
    /// When it was last asked who leads.
    asked_at: Option<Instant>,
    /// While this process leads.
    led_until: Option<Instant>,
}

impl Scheduler {
    async fn go_on(&mut self) {
        let mut backoff = Backoff::new(self.settings.backoff_first, self.settings.backoff_max);
        let shutdown = self.shutdown.clone();
        while let Some(looked) = shutdown.run_until_cancelled(self.look()).await {
            let wait = match looked {
                Ok(()) => {
                    backoff.succeeded();
                    self.settings.poll
                }
                Err(error) => {
                    if backoff.is_fresh() {
                        tracing::warn!(%error, "what is due cannot be found out; trying again");
                    }
                    self.expect_led();
                    backoff.failed()
                }
            };
            while self.under_way.try_join_next().is_some() {}
            let _or_shutdown = shutdown.run_until_cancelled(tokio::time::sleep(wait)).await;
        }
    }

    async fn look(&mut self) -> Result<(), sqlx::Error> {
        if !self.leads().await? {
            return Ok(());
        }
        self.plan().await?;
        self.take_up().await
    }

    /// Takes the leadership, or holds on to it, a few times per lease.
    async fn leads(&mut self) -> Result<bool, sqlx::Error> {
        let now = Instant::now();
        if self.asked_at.is_some_and(|at| now < at + self.settings.lease / RENEWALS_PER_LEASE) {
            return Ok(self.led_until.is_some());
        }
        if !self.leadership.take_or_keep().await? {
            (self.asked_at, self.led_until) = (Some(now), None);
            metrics::set_leader(false);
            return Ok(false);
        }
        if self.led_until.is_none() {
            self.begin_to_lead().await?;
        }
        (self.asked_at, self.led_until) = (Some(now), Some(now + self.settings.lease));
        Ok(true)
    }

    async fn begin_to_lead(&mut self) -> Result<(), sqlx::Error> {
        tracing::info!("this process schedules the jobs");
        metrics::set_leader(true);
        self.next.clear();
        for entry in self.agenda.entries() {
            let job = entry.job.name();
            metrics::count_missed(job, 0);
            metrics::set_running(job, false);
            if let Some(at) = standing::last_success(&self.surroundings.pool, job).await? {
                metrics::set_last_success(job, at);
            }
        }
        Ok(())
    }

    /// A database that does not answer for as long as the lease: another process leads by now.
    fn expect_led(&mut self) {
        if self.led_until.is_some_and(|until| Instant::now() >= until) {
            self.led_until = None;
            metrics::set_leader(false);
        }
    }

    async fn plan(&mut self) -> Result<(), sqlx::Error> {
        for entry in self.agenda.entries() {
            let job = entry.job.name();
            let now = self.surroundings.clock.now();
            // At first, and after that at its times.
            if self.next.get(job).is_some_and(|next| next.is_none_or(|next| now < next)) {
                continue;
            }
            let planned = entry.plan(&self.surroundings).await?;
            if planned.skipped > 0 {
                metrics::count_missed(job, planned.skipped);
                tracing::warn!(job, skipped = planned.skipped, "times of a job passed without it; done once");
            }
            self.next.insert(job, entry.calendar.next_after(now));
        }
        Ok(())
    }

    async fn take_up(&mut self) -> Result<(), sqlx::Error> {
        let pool = &self.surroundings.pool;
        let jobs: Vec<&str> = self.agenda.entries().iter().map(|entry| entry.job.name()).collect();
        let now = self.surroundings.clock.now();
        for job in taking::give_up(pool, &jobs, self.settings.attempts_max, now).await? {
            tracing::error!(job, "a run's process died at the last attempt");
            metrics::count_given_up(job);
        }
        let by = (self.holder, self.settings.lease);
        while let Some(begun) = taking::take_one(pool, &jobs, by, now).await? {
            let entry = self.agenda.find(&begun.job).expect("only runs of these jobs were asked for");
            let attempt = Attempt {
                job: entry.job.clone(),
                begun,
                holder: self.holder,
                surroundings: self.surroundings.clone(),
                terms: self.terms(),
                progress: watch::channel(Tally::default()).0,
            };
            let shutdown = self.shutdown.clone();
            self.under_way.spawn(async move {
                attempt.perform(&shutdown).await;
            });
        }
        Ok(())
    }

    fn terms(&self) -> Terms {
        let Settings { lease, attempts_max, retry_first, retry_max, grace, .. } = self.settings;
        Terms {
            lease,
            on_failure: OnFailure::TryAgain { attempts_max, first: retry_first, max: retry_max },
            grace,
        }
    }

    /// Waits for what is under way, which was asked to stop; each is dropped after its grace.
    async fn end(&mut self) {
        while self.under_way.join_next().await.is_some() {}
        metrics::set_leader(false);
        if let Err(error) = self.leadership.release().await {
            tracing::debug!(%error, "the scheduler's lease was not given back; it runs out by itself");
        }
    }
}
