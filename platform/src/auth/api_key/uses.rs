//! When keys were last used: noted beside the requests, once a minute for each key.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::clock::Clock;

/// Uses that wait at most; what is beyond is noted with the key's next request.
const QUEUE_MAX: usize = 1_024;
/// How exactly it is known when a key was used.
const RESOLUTION: TimeDelta = TimeDelta::minutes(1);

/// Writes down which keys were used; somebody has to run it.
pub struct KeyUses {
    pool: PgPool,
    clock: Arc<dyn Clock>,
    waiting: Receiver<Uuid>,
}

/// The way to it.
#[derive(Clone)]
pub(super) struct NoteUse(Sender<Uuid>);

impl KeyUses {
    pub(super) fn new(pool: PgPool, clock: Arc<dyn Clock>) -> (NoteUse, Self) {
        let (sender, waiting) = channel(QUEUE_MAX);
        (NoteUse(sender), Self { pool, clock, waiting })
    }

    /// Writes until `stop`. What cannot be written is let go: it is a convenience, and comes with the next request.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut used = Vec::with_capacity(QUEUE_MAX);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                taken = self.waiting.recv_many(&mut used, QUEUE_MAX) => {
                    if taken == 0 {
                        stop.cancelled().await;
                        break;
                    }
                    let keys: BTreeSet<Uuid> = used.drain(..).collect();
                    if let Err(error) = self.write(keys).await {
                        tracing::warn!(%error, "when API keys were last used cannot be written");
                    }
                }
            }
        }
    }

    async fn write(&self, keys: BTreeSet<Uuid>) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT auth.note_api_key_uses($1, $2)")
            .bind(keys.into_iter().collect::<Vec<_>>())
            .bind(self.clock.now())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

impl NoteUse {
    /// Notes a use, unless one was noted within the last minute. Never waits.
    pub(super) fn note(&self, key: Uuid, last_used_at: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        if last_used_at.is_none_or(|last| now - last >= RESOLUTION) {
            // A full queue or a writer that has ended harms no request.
            let _let_go = self.0.try_send(key);
        }
    }
}
