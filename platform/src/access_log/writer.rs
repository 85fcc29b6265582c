//! The one task per process that writes what is queued.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::json;
use sqlx::PgPool;
use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

use super::{
    access::{Access, Kind, Row, Who},
    bound::Bound,
    metrics,
    origin::RequestOrigin,
};
use crate::{backoff::Backoff, clock::Clock};

const BATCH_ROWS_MAX: usize = 256;
/// How often it is asked whether a minute is over in which rows were left out.
const TICK: Duration = Duration::from_secs(5);
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LONGEST: Duration = Duration::from_secs(5);

/// Writes what is queued; somebody has to run it.
pub struct AccessWriter {
    pool: PgPool,
    clock: Arc<dyn Clock>,
    waiting: Receiver<Row>,
    bound: Arc<Mutex<Bound>>,
}

impl AccessWriter {
    pub(super) fn new(
        pool: PgPool,
        clock: Arc<dyn Clock>,
        waiting: Receiver<Row>,
        bound: Arc<Mutex<Bound>>,
    ) -> Self {
        Self { pool, clock, waiting, bound }
    }

    /// Writes until `stop`, and then what is still queued. A lost database is waited for, however long.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH_ROWS_MAX);
        let mut tick = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                biased;
                // No timer gathers rows: whatever waits is a batch.
                taken = self.waiting.recv_many(&mut batch, BATCH_ROWS_MAX) => {
                    if taken == 0 {
                        // Nobody is left who could record anything.
                        stop.cancelled().await;
                        break;
                    }
                    self.keep(&mut batch, &stop).await;
                    metrics::waiting(self.waiting.len());
                }
                () = stop.cancelled() => break,
                _ = tick.tick() => {
                    let left_out = self.bound().left_out(self.clock.now());
                    self.tell(left_out, &stop).await;
                }
            }
        }
        while let Ok(row) = self.waiting.try_recv() {
            batch.push(row);
        }
        self.keep(&mut batch, &stop).await;
        let left_out = self.bound().left_out_so_far();
        self.tell(left_out, &stop).await;
    }

    /// One row that says how many were left out.
    async fn tell(&self, left_out: u64, stop: &CancellationToken) {
        if left_out == 0 {
            return;
        }
        metrics::left_out(left_out);
        let origin = RequestOrigin::default();
        let told = Access::refused(Kind::FORBIDDEN, Who::Anonymous, &origin, "left_out");
        let told = told.with(json!({ "count": left_out }));
        self.keep(&mut vec![told.into_row(self.clock.now())], stop).await;
    }

    /// Writes the rows, and leaves none.
    async fn keep(&self, rows: &mut Vec<Row>, stop: &CancellationToken) {
        let mut backoff = Backoff::new(RETRY_FIRST, RETRY_LONGEST);
        while !rows.is_empty() {
            let Err(error) = write(&self.pool, rows).await else { break };
            if is_refused_value(&error) {
                self.keep_singly(rows).await;
                break;
            }
            if stop.is_cancelled() {
                lose(rows, &error);
                break;
            }
            if backoff.is_fresh() {
                tracing::warn!(%error, "the access log cannot be written; trying again until it works");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(backoff.failed()) => {}
            }
        }
        rows.clear();
    }

    /// Only the row that the database refuses is lost.
    async fn keep_singly(&self, rows: &[Row]) {
        for row in rows {
            if let Err(error) = write(&self.pool, std::slice::from_ref(row)).await {
                lose(std::slice::from_ref(row), &error);
            }
        }
    }

    fn bound(&self) -> std::sync::MutexGuard<'_, Bound> {
        self.bound.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the rows in one statement, all or none.
pub(super) async fn write(pool: &PgPool, rows: &[Row]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let written = sqlx::query(
        "INSERT INTO audit.access_log \
             (at, kind, actor, account_id, role, on_behalf_of, subject_kind, subject_id, outcome, reason, \
              request_id, trace_id, address, user_agent, details) \
         SELECT r.at, r.kind, r.actor, r.account_id, r.role, r.on_behalf_of, r.subject_kind, r.subject_id, \
                r.outcome, r.reason, r.request_id, r.trace_id, r.address, r.user_agent, r.details \
         FROM jsonb_to_recordset($1) AS r( \
              at timestamptz, kind text, actor text, account_id uuid, role text, on_behalf_of uuid, \
              subject_kind text, subject_id uuid, outcome text, reason text, request_id text, trace_id text, \
              address inet, user_agent text, details jsonb)",
    )
    .bind(sqlx::types::Json(rows))
    .execute(pool)
    .await?
    .rows_affected();
    if written != rows.len() as u64 {
        return Err(sqlx::Error::RowNotFound);
    }
    for row in rows {
        metrics::written(row.kind);
    }
    Ok(())
}

fn lose(rows: &[Row], error: &sqlx::Error) {
    tracing::error!(%error, rows = rows.len(), "accesses are lost");
    for row in rows {
        metrics::dropped(row.kind, 1);
    }
}

/// Classes 22 and 23: the value is at fault, so trying again changes nothing.
fn is_refused_value(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
}
