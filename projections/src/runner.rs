//! Running the projections: one task each, from the log to the rows, for as long as the process lives.

use std::{sync::Arc, time::Duration};

use events::log::FeedWindow;
use platform::clock::Clock;
use sqlx::PgPool;
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    batch::Company,
    follower::Follower,
    head::Watch,
    lag,
    projection::{Projection, all},
    quiet::quiet_moves,
    schema::SchemaName,
};

/// How projections run.
#[derive(Clone)]
pub struct Settings {
    /// Which.
    pub projections: Vec<Arc<dyn Projection>>,
    /// Positions per batch at most: bounds memory, and how long a batch holds its rows.
    pub positions_max: i64,
    /// How often the log's end is asked for when nobody wakes us.
    pub poll: Duration,
    /// The least time between two pieces of news of the log. The first event after a lull is taken at once;
    /// under load, what comes within this time is one stretch instead of many, which all projections take at
    /// the same time: so one reads for all, and those that have nothing to write move together. Bounds what a
    /// reader of its own write waits.
    pub pace: Duration,
    /// How long a checkpoint must stand still, though there is work, before a standby takes over.
    pub patience: Duration,
    /// The first wait after an error; doubles.
    pub backoff_first: Duration,
    /// The longest wait after an error.
    pub backoff_max: Duration,
    /// The newest events; others in this process may follow by the same.
    pub feed: FeedWindow,
    /// What becomes of a projection whose rows are of another version.
    pub on_other_version: OnOtherVersion,
}

/// What a program does that is to fold on from rows which it cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnOtherVersion {
    /// End, and say what to do.
    Stop,
    /// Leave that projection to others until its rows have been exchanged for those of this version: a new
    /// program so stands ready before it is needed.
    Wait,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            projections: all(),
            positions_max: 2_000,
            poll: Duration::from_millis(50),
            pace: Duration::from_millis(30),
            patience: Duration::from_secs(3),
            backoff_first: Duration::from_millis(100),
            backoff_max: Duration::from_secs(5),
            feed: FeedWindow::default(),
            on_other_version: OnOtherVersion::Stop,
        }
    }
}

/// Why projections stopped by themselves.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Its rows were folded by another version of the program.
    #[error(
        "projection {name} has rows of version {stored}, this program folds version {ours}: run \
         `iris projections rebuild {name}`, then `iris projections swap {name}`, then start this again"
    )]
    OtherVersion {
        /// Which projection.
        name: &'static str,
        /// The version of its rows.
        stored: i32,
        /// The version of this program.
        ours: i32,
    },
    /// A defect of the program.
    #[error("a projection's task ended unexpectedly")]
    Died(#[source] tokio::task::JoinError),
}

/// Runs every projection until `shutdown`; a batch in hand is finished first.
///
/// `wake` carries the log's position as the writers of this process leave it. A lost database is waited
/// for, however long. Uses at most eight connections of the pool at a time.
///
/// # Errors
/// [`RunError`]: all projections have stopped then.
pub async fn run(
    pool: PgPool,
    clock: Arc<dyn Clock>,
    wake: watch::Receiver<i64>,
    shutdown: CancellationToken,
) -> Result<(), RunError> {
    run_with(pool, clock, wake, shutdown, Settings::default()).await
}

/// [`run`] with other settings.
///
/// # Errors
/// As there.
pub async fn run_with(
    pool: PgPool,
    clock: Arc<dyn Clock>,
    wake: watch::Receiver<i64>,
    shutdown: CancellationToken,
    settings: Settings,
) -> Result<(), RunError> {
    lag::describe();
    // A child: an error of one ends the others without ending the process's other work.
    let shutdown = shutdown.child_token();
    let (head_sender, head) = watch::channel(0);
    let mut companions = JoinSet::new();
    let watch = Watch { pool: pool.clone(), feed: settings.feed.clone(), head: head_sender };
    companions.spawn(watch.run(wake, settings.poll, settings.pace));
    let (quiet, mover) = quiet_moves(pool.clone(), SchemaName::live(), Arc::clone(&clock));
    companions.spawn(mover.run());
    let company = Company { feed: settings.feed.clone(), quiet };
    companions.spawn(lag::keep_gauges(pool.clone(), Arc::clone(&clock)));

    let mut followers = JoinSet::new();
    for projection in &settings.projections {
        let follower = Follower {
            pool: pool.clone(),
            clock: Arc::clone(&clock),
            projection: Arc::clone(projection),
            head: head.clone(),
            company: company.clone(),
            settings: settings.clone(),
            schema: SchemaName::live(),
        };
        let stop = shutdown.clone();
        followers.spawn(async move { follower.run(stop).await });
    }
    let mut outcome = Ok(());
    while let Some(ended) = followers.join_next().await {
        let ended = ended.map_err(RunError::Died).and_then(|ended| ended);
        if ended.is_err() {
            shutdown.cancel();
        }
        outcome = outcome.and(ended);
    }
    outcome
}
