//! Making the next seal.

use std::pin::pin;

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    keys::SigningKey,
    seal::{Seal, Stretch},
    sequences::out_of_sequence,
    store::{insert_key, insert_seal, last_seal, read_keys},
    trust::KeyIntroduction,
};
use crate::{
    canonical::recorded_hash,
    log::{Row, copy_rows, read_head},
    merkle::{Hash, root_of},
};

/// What one attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sealing {
    /// There was nothing to seal.
    Idle,
    /// Another process is sealing.
    Elsewhere,
    /// A seal was made; it holds once the transaction is committed.
    Sealed {
        /// The seal.
        seal: Seal,
        /// Why it ends where it does, if the next event cannot be sealed.
        refused: Option<Refused>,
    },
    /// The next event cannot be sealed, and so nothing behind it.
    Refused(Refused),
}

/// An event that is not as it was recorded: a seal would vouch for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where.
    pub position: i64,
    /// The event that stands there, if there is one.
    pub event_id: Option<Uuid>,
    /// Why.
    pub reason: &'static str,
}

/// Why there is no seal.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The database says no, or breaks off: then nothing was sealed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The key is not the one in use.
    #[error(transparent)]
    Key(#[from] KeyOutOfUse),
}

/// The signing key is not the newest of `audit.seal_keys`.
#[derive(Debug, thiserror::Error)]
#[error(
    "the signing key {given} is not the one in use ({in_use}): give that one, or introduce this one by \
     `iris audit rotate-key`"
)]
pub struct KeyOutOfUse {
    given: String,
    in_use: String,
}

/// Seals at most `events_max` events behind the last seal, in the caller's transaction; introduces the key if it is
/// the first one ever.
///
/// One process at a time, by a lock that the end of the transaction releases. Every event is read whole and its
/// hash computed anew; what does not fit ends the seal before it. A connection that dies on the way is an error,
/// never a shorter seal.
///
/// # Errors
/// [`SealError`]; the transaction is then to be given up.
///
/// # Panics
/// If `events_max` is below 1.
pub async fn seal_next(
    transaction: &mut PgConnection,
    key: &SigningKey,
    events_max: i64,
    now: DateTime<Utc>,
) -> Result<Sealing, SealError> {
    assert!(events_max > 0, "a seal covers something");
    if !lock(transaction).await? {
        return Ok(Sealing::Elsewhere);
    }
    expect_in_use(transaction, key, now).await?;
    let before = last_seal(&mut *transaction).await?;
    let sealed = before.as_ref().map_or(0, |seal| seal.last_position);
    let upto = read_head(transaction).await?.position.min(sealed.saturating_add(events_max));
    if upto <= sealed {
        return Ok(Sealing::Idle);
    }
    let mut found = read(transaction, sealed, upto).await?;
    // Also refused: what its hash fits and its stream does not, which is how a forged event would come.
    if let Some(&(position, event_id)) = out_of_sequence(transaction, sealed + 1, upto, 1).await?.first()
        && position <= sealed + count(&found.leaves)
    {
        found.leaves.truncate(usize::try_from(position - sealed - 1).expect("behind the last seal"));
        let reason = "it is not the next of its stream";
        found.refused = Some(Refused { position, event_id: Some(event_id), reason });
    }
    let Found { leaves, refused } = found;
    if leaves.is_empty() {
        return Ok(refused.map_or(Sealing::Idle, Sealing::Refused));
    }
    let stretch = Stretch {
        first_position: sealed + 1,
        last_position: sealed + count(&leaves),
        root: root_of(&leaves),
    };
    let seal = Seal::sign(key, before.as_ref(), stretch, now);
    insert_seal(transaction, &seal, &leaves).await?;
    Ok(Sealing::Sealed { seal, refused })
}

/// Hands on from the key in use to a new one.
///
/// # Errors
/// [`SealError`]; the old key must be the one in use.
pub async fn introduce_next_key(
    transaction: &mut PgConnection,
    old: &SigningKey,
    new: &SigningKey,
    now: DateTime<Utc>,
) -> Result<KeyIntroduction, SealError> {
    // Waits: a seal under way is still signed by the old key.
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *transaction).await?;
    let number = expect_in_use(transaction, old, now).await?;
    let introduced = KeyIntroduction::next(number, old, new, now);
    insert_key(transaction, &introduced).await?;
    Ok(introduced)
}

/// Names the sealing among the advisory locks of the database.
const LOCK: i64 = 0x1215_5ea1;

/// A process that is paused with the lock in its hands would stop all others; Postgres ends its session after ten
/// idle seconds instead. Lock and setting end with the transaction, so they are safe behind a pooler.
async fn lock(transaction: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let sql = "SELECT pg_try_advisory_xact_lock($1), \
               set_config('idle_in_transaction_session_timeout', '10s', true)";
    let (is_ours, _): (bool, String) = sqlx::query_as(sql).bind(LOCK).fetch_one(transaction).await?;
    Ok(is_ours)
}

/// The number of the key, which must be the newest.
async fn expect_in_use(
    transaction: &mut PgConnection,
    key: &SigningKey,
    now: DateTime<Utc>,
) -> Result<i64, SealError> {
    let Some(newest) = read_keys(&mut *transaction).await?.pop() else {
        insert_key(transaction, &KeyIntroduction::first(key, now)).await?;
        return Ok(1);
    };
    if newest.key == key.public() {
        return Ok(newest.number);
    }
    Err(KeyOutOfUse { given: key.public().to_string(), in_use: newest.key.to_string() }.into())
}

/// What can be sealed, and what comes behind it.
struct Found {
    leaves: Vec<Hash>,
    refused: Option<Refused>,
}

impl Found {
    /// The next row, in the order of positions.
    fn take(&mut self, after: i64, row: &Row) {
        let next = after + count(&self.leaves) + 1;
        let (position, event_id) = match row {
            Ok(event) => (event.global_position, Some(event.event_id)),
            Err(unreadable) => (unreadable.position, unreadable.event_id),
        };
        let refused = |position, reason| Some(Refused { position, event_id, reason });
        if position < next {
            // Nobody can say which of the two was recorded here.
            self.leaves.pop();
            self.refused = refused(position, "another event stands at the same position");
            return;
        }
        if position != next {
            self.refused = Some(missing(next));
            return;
        }
        match row {
            Err(unreadable) => self.refused = refused(position, unreadable.reason),
            Ok(event) => {
                let hash = recorded_hash(event);
                if hash[..] == event.content_hash[..] {
                    self.leaves.push(hash);
                } else {
                    self.refused = refused(position, "its content hash does not fit");
                }
            }
        }
    }
}

async fn read(transaction: &mut PgConnection, after: i64, upto: i64) -> Result<Found, sqlx::Error> {
    let mut found = Found { leaves: Vec::new(), refused: None };
    let mut rows = pin!(copy_rows(transaction, after, upto).await?);
    // To its end also where something is wrong: the connection is needed again.
    while let Some(some) = rows.try_next().await? {
        for row in some {
            if found.refused.is_none() {
                found.take(after, &row);
            }
        }
    }
    let next = after + count(&found.leaves) + 1;
    if found.refused.is_none() && next <= upto {
        found.refused = Some(missing(next));
    }
    Ok(found)
}

fn missing(position: i64) -> Refused {
    Refused { position, event_id: None, reason: "there is no event" }
}

fn count(leaves: &[Hash]) -> i64 {
    i64::try_from(leaves.len()).expect("a seal's events can be counted")
}
