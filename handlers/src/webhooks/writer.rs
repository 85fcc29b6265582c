//! The writer: results of all lanes, committed together.
//!
//! A commit costs what a disk costs, whatever it holds. So results go over a channel to one task, which
//! takes what waits, up to a few hundred, and writes it with one statement.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use chrono::{DateTime, Utc};
use sqlx::{PgPool, Row};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{health::Health, request::Answer};

/// The first wait after an error; doubles.
const BACKOFF_FIRST: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// What came of an attempt, on its way to the database.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) endpoint_id: Uuid,
    /// What the lane was claimed under.
    pub(super) fence: i64,
    /// The revision of the lane's health that `health` rests on.
    pub(super) health_revision: i64,
    /// As this attempt left it.
    pub(super) health: Health,
    pub(super) delivery_id: Uuid,
    pub(super) number: i32,
    pub(super) next: Next,
    pub(super) attempted_at: DateTime<Utc>,
    pub(super) outcome: &'static str,
    pub(super) answer: Answer,
    /// Where to tell.
    pub(super) written: mpsc::UnboundedSender<Written>,
}

/// Where the delivery stands after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The receiver has it.
    Delivered,
    /// Nothing more is tried by itself.
    Failed,
    /// The receiver does not want it.
    Cancelled,
    /// It waits.
    Due {
        /// When it is tried again.
        due: DateTime<Utc>,
        /// Later ones of its aggregate no longer wait for it.
        steps_aside: bool,
    },
}

impl Next {
    const fn state(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Due { .. } => "pending",
        }
    }

    const fn due(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Due { due, .. } => Some(due),
            Self::Delivered | Self::Failed | Self::Cancelled => None,
        }
    }

    const fn steps_aside(self) -> bool {
        matches!(self, Self::Due { steps_aside: true, .. })
    }
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It is committed.
    Committed(Uuid),
    /// The lane is in other hands: nothing was written, and nothing more may be sent.
    Fenced,
}

/// Writes until every lane and the dispatcher are gone.
pub(super) async fn write_results(pool: PgPool, mut records: mpsc::Receiver<Record>, commit_max: usize) {
    let mut batch = Vec::with_capacity(commit_max);
    // Takes what waits and does not wait for more: under load a batch is what came during the last commit.
    while records.recv_many(&mut batch, commit_max).await > 0 {
        let outcomes = commit(&pool, &batch).await;
        for (record, written) in batch.drain(..).zip(outcomes) {
            // A lane that has ended no longer listens.
            let _ = record.written.send(written);
        }
    }
}

/// Commits, however long the database is away: results that are lost would be sent again. A batch that the
/// database will never take is written one by one, so that the culprit takes nobody with it.
async fn commit(pool: &PgPool, batch: &[Record]) -> Vec<Written> {
    let whole = commit_together(pool, batch).await;
    if batch.len() == 1 || whole.is_some() {
        return whole.unwrap_or_else(|| vec![Written::Fenced]);
    }
    let mut outcomes = Vec::with_capacity(batch.len());
    for record in batch {
        let alone = commit_together(pool, std::slice::from_ref(record)).await;
        outcomes.extend(alone.unwrap_or_else(|| vec![Written::Fenced]));
    }
    outcomes
}

/// What became of each; `None` where the database will never take them.
async fn commit_together(pool: &PgPool, batch: &[Record]) -> Option<Vec<Written>> {
    let mut backoff = BACKOFF_FIRST;
    loop {
        match try_commit(pool, batch).await {
            Ok(held) => return Some(batch.iter().map(|record| written(record, &held)).collect()),
            Err(error) if is_refused(&error) => {
                tracing::error!(%error, results = batch.len(), "webhook results cannot be written");
                return None;
            }
            Err(error) => tracing::warn!(%error, results = batch.len(), "webhook results wait"),
        }
        tokio::time::sleep(backoff).await;
        backoff = (backoff * 2).min(BACKOFF_MAX);
    }
}

/// True where the database will not take the values, whenever it is asked: SQLSTATE classes 22 (data exception)
/// and 23 (integrity). Anything else, such as a missing grant, can be mended without losing a result.
fn is_refused(error: &sqlx::Error) -> bool {
    let Some(database) = error.as_database_error() else { return matches!(error, sqlx::Error::Encode(_)) };
    database.code().is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
}

fn written(record: &Record, held: &HashSet<(Uuid, i64)>) -> Written {
    if held.contains(&(record.endpoint_id, record.fence)) {
        Written::Committed(record.delivery_id)
    } else {
        Written::Fenced
    }
}

/// One statement, one commit. All of it hangs on `held`: of a lane that somebody else has taken over, nothing
/// is written, so a process that was thought dead cannot undo what its successor did. Locks lanes in the order
/// of their ids, as everybody does who locks several.
///
/// A delivery is found by its primary key and by nothing else. That it waits is said by `finished_at`: said by `state`,
/// the indexes of what waits would do as well, and Postgres reads one of them from end to end for each result while its
/// statistics are of a time when nothing waited. They mostly are: seconds for a batch, with thirty thousand waiting.
///
/// After a connection that died at the commit, the same records come again: a delivery whose `attempts` are
/// ahead already is left alone, and its attempt is not written twice.
const COMMIT: &str = "\
WITH results AS ( \
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::boolean[], $6::timestamptz[], \
        $7::timestamptz[], $8::timestamptz[], $9::text[], $10::smallint[], $11::int[], $12::int[], $13::text[], \
        $14::bytea[], $25::bigint[]) \
        AS r(endpoint_id, delivery_id, number, state, stepped_aside, due, finished_at, attempted_at, outcome, \
             status, headers_ms, total_ms, response_headers, response_body, fence) \
), lanes AS ( \
    SELECT * FROM unnest($15::uuid[], $16::bigint[], $17::bigint[], $18::int[], $19::int[], $20::timestamptz[], \
        $21::timestamptz[], $22::bigint[], $23::int[], $24::timestamptz[]) \
        AS h(endpoint_id, fence, health_revision, breaker_failures, breaker_opened, breaker_until, failing_since, \
             failures, warnings, last_success_at) \
), held AS MATERIALIZED ( \
    SELECT l.endpoint_id, l.fence FROM webhooks.lanes l \
    JOIN lanes h ON h.endpoint_id = l.endpoint_id AND h.fence = l.fence \
    ORDER BY l.endpoint_id FOR UPDATE OF l \
), done AS ( \
    UPDATE webhooks.deliveries d \
    SET state = r.state, stepped_aside = d.stepped_aside OR r.stepped_aside, attempts = r.number, \
        due = COALESCE(r.due, d.due), finished_at = r.finished_at \
    FROM results r JOIN held ON held.endpoint_id = r.endpoint_id AND held.fence = r.fence \
    WHERE d.delivery_id = r.delivery_id AND d.finished_at IS NULL AND d.attempts = r.number - 1 \
    RETURNING d.delivery_id \
), logged AS ( \
    INSERT INTO webhooks.attempts (delivery_id, number, attempted_at, outcome, status, headers_ms, total_ms, \
        response_headers, response_body) \
    SELECT r.delivery_id, r.number, r.attempted_at, r.outcome, r.status, r.headers_ms, r.total_ms, \
        r.response_headers::json, r.response_body \
    FROM results r JOIN done ON done.delivery_id = r.delivery_id \
), counted AS ( \
    UPDATE webhooks.lanes l \
    SET breaker_failures = h.breaker_failures, breaker_opened = h.breaker_opened, \
        breaker_until = h.breaker_until, failing_since = h.failing_since, failures = h.failures, \
        warnings = h.warnings, last_success_at = h.last_success_at \
    FROM lanes h JOIN held ON held.endpoint_id = h.endpoint_id AND held.fence = h.fence \
    WHERE l.endpoint_id = h.endpoint_id AND l.health_revision = h.health_revision \
) \
SELECT endpoint_id, fence FROM held";

async fn try_commit(pool: &PgPool, batch: &[Record]) -> Result<HashSet<(Uuid, i64)>, sqlx::Error> {
    let finished = |record: &Record| record.next.due().is_none().then_some(record.attempted_at);
    let lanes = last_of_each_lane(batch);
    let health = |of: fn(&Health) -> i32| column(&lanes, |record| of(&record.health));
    let rows = sqlx::query(COMMIT)
        .bind(column(batch, |record| record.endpoint_id))
        .bind(column(batch, |record| record.delivery_id))
        .bind(column(batch, |record| record.number))
        .bind(column(batch, |record| record.next.state()))
        .bind(column(batch, |record| record.next.steps_aside()))
        .bind(column(batch, |record| record.next.due()))
        .bind(column(batch, finished))
        .bind(column(batch, |record| record.attempted_at))
        .bind(column(batch, |record| record.outcome))
        .bind(column(batch, |record| record.answer.status))
        .bind(column(batch, |record| record.answer.headers_ms))
        .bind(column(batch, |record| record.answer.total_ms))
        .bind(column(batch, |record| record.answer.headers.as_str()))
        .bind(column(batch, |record| record.answer.body.as_slice()))
        .bind(column(&lanes, |record| record.endpoint_id))
        .bind(column(&lanes, |record| record.fence))
        .bind(column(&lanes, |record| record.health_revision))
        .bind(health(|health| health.breaker_failures))
        .bind(health(|health| health.breaker_opened))
        .bind(column(&lanes, |record| record.health.breaker_until))
        .bind(column(&lanes, |record| record.health.failing_since))
        .bind(column(&lanes, |record| record.health.failures))
        .bind(health(|health| health.warnings))
        .bind(column(&lanes, |record| record.health.last_success_at))
        .bind(column(batch, |record| record.fence))
        .fetch_all(pool)
        .await?;
    rows.iter().map(|row| Ok((row.try_get("endpoint_id")?, row.try_get("fence")?))).collect()
}

/// Each lane's last record: its health is the lane's.
fn last_of_each_lane(batch: &[Record]) -> Vec<&Record> {
    let mut last = BTreeMap::new();
    for record in batch {
        last.insert((record.endpoint_id, record.fence), record);
    }
    last.into_values().collect()
}

fn column<'a, R, T>(rows: &'a [R], of: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}
