//! An append on its way, and what may be decided meanwhile.

use std::{collections::HashMap, sync::Arc, time::Instant};

use events::log::{Append, Head, IdempotencyKey, StoredAnswer, append};
use sqlx::PgConnection;
use tokio::task::{JoinError, JoinHandle};

use super::{
    Queued,
    batch::{Told, answer},
    draft::{Decided, States},
    metrics,
};

/// What an append under way leaves, if it succeeds: commands that come meanwhile are decided on it, and recorded only
/// after it was.
pub struct UnderWay {
    /// Where the log ends then.
    pub head: Head,
    /// States.
    pub written: Arc<States>,
    append: Arc<Append>,
    keys: Arc<HashMap<IdempotencyKey, usize>>,
    base: i64,
}

impl UnderWay {
    /// Whether these may be decided before it has landed. What rests on more than streams and answers waits: claims,
    /// and the keys that texts about people are sealed with.
    pub fn allows(&self, arrived: &[Queued]) -> bool {
        let Append { claims, person_keys, destroyed_subjects, .. } = &*self.append;
        let changes_more = !claims.is_empty() || !person_keys.is_empty() || !destroyed_subjects.is_empty();
        let rests_on_more = |queued: &Queued| {
            !queued.sealed_with.is_empty() || queued.submission.command.looked_through().is_some()
        };
        !changes_more && !arrived.iter().any(rests_on_more)
    }

    /// The answer that it gives to that key.
    pub fn answer_to(&self, key: &IdempotencyKey) -> Option<StoredAnswer> {
        let answer = self.append.answers.get(*self.keys.get(key)?)?;
        Some(StoredAnswer { position: self.base + answer.position, ..answer.clone() })
    }
}

/// How an append ended.
pub enum Landed {
    /// Recorded, and its callers are answered.
    Recorded(PgConnection),
    /// Another process wrote first; nothing happened.
    HeadMoved(PgConnection, Vec<Queued>),
    /// The database says no, or nothing any more.
    Failed(sqlx::Error, Vec<Queued>, Box<Decided>),
}

/// An append on its way.
pub struct Flight {
    /// What it leaves.
    pub under_way: UnderWay,
    /// Since when its first command is served.
    pub began: Instant,
    task: JoinHandle<Landed>,
}

impl Flight {
    /// Sends it. Whoever waits for it is answered the moment that it is recorded, once those who follow the log were told.
    pub fn start(
        mut connection: PgConnection,
        head: Head,
        batch: Vec<Queued>,
        decided: Box<Decided>,
        began: Instant,
        told: Arc<Told>,
    ) -> Self {
        let count = i64::try_from(decided.append.events.len()).expect("a batch is bounded");
        let under_way = UnderWay {
            head: Head { position: head.position + count, ..head },
            written: Arc::clone(&decided.written),
            append: Arc::clone(&decided.append),
            keys: Arc::clone(&decided.keys),
            base: head.position,
        };
        let task = tokio::spawn(async move {
            match append(&mut connection, head, &decided.append).await {
                Ok(Some(base)) => {
                    metrics::committed(
                        batch.len(),
                        decided.append.events.len(),
                        began.elapsed().as_secs_f64(),
                    );
                    // Told first: who was answered finds the head at its own position or behind it.
                    told.of(base, &decided.append);
                    answer(batch, decided.verdicts, base);
                    Landed::Recorded(connection)
                }
                Ok(None) => Landed::HeadMoved(connection, batch),
                Err(error) => Landed::Failed(error, batch, decided),
            }
        });
        Self { under_way, began, task }
    }

    /// Waits for its end; may be dropped and called again.
    pub async fn landed(&mut self) -> Result<Landed, JoinError> {
        (&mut self.task).await
    }
}
