//! Checking the log against its promises, by reading all of it.

use std::{collections::HashMap, fmt};

use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::feed::{RECORDED_COLUMNS, recorded};
use crate::canonical::recorded_hash;

/// How many positions are read at a time.
const STRETCH: i64 = 5_000;
/// After so many faults there is nothing more to learn.
const FAULTS_MAX: usize = 100;

/// What was found.
#[derive(Debug, Default)]
pub struct LogCheck {
    /// Events read.
    pub events: i64,
    /// Streams that they are of.
    pub streams: usize,
    /// Broken promises, by position; at most a hundred.
    pub faults: Vec<LogFault>,
}

/// A broken promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFault {
    /// There is no event at this position.
    Missing(i64),
    /// The event's bytes are not those that were hashed.
    Altered(i64),
    /// The event is not the next of its stream.
    OutOfSequence(i64),
    /// The head is not the last event's position.
    Head(i64),
}

impl fmt::Display for LogFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(position) => write!(f, "position {position}: no event"),
            Self::Altered(position) => write!(f, "position {position}: the content hash does not fit"),
            Self::OutOfSequence(position) => write!(f, "position {position}: not the next of its stream"),
            Self::Head(position) => write!(f, "position {position}: the head is elsewhere"),
        }
    }
}

/// Reads the log up to the head as it stands now.
///
/// # Errors
/// Whatever the database says; never a short check in its place.
pub async fn check_log(connection: &mut PgConnection) -> Result<LogCheck, sqlx::Error> {
    let head = super::read_head(connection).await?.position;
    let mut check = LogCheck::default();
    let mut revisions: HashMap<(String, Uuid), i64> = HashMap::new();
    let mut next = 1;
    let sql = format!(
        "SELECT {RECORDED_COLUMNS} FROM public.events \
         WHERE global_position >= $1 AND global_position < $2 ORDER BY global_position"
    );
    let mut from = 1;
    while from <= head && check.faults.len() < FAULTS_MAX {
        let upto = (from + STRETCH).min(head + 1);
        for row in sqlx::query(&sql).bind(from).bind(upto).fetch_all(&mut *connection).await? {
            let event = recorded(&row)?;
            let position = event.global_position;
            check.faults.extend((next..position).map(LogFault::Missing).take(FAULTS_MAX));
            next = position + 1;
            check.events += 1;
            if recorded_hash(&event)[..] != event.content_hash[..] {
                check.faults.push(LogFault::Altered(position));
            }
            let revision = revisions.entry((event.stream_kind, event.stream_id)).or_default();
            if event.sequence != *revision + 1 {
                check.faults.push(LogFault::OutOfSequence(position));
            }
            *revision = event.sequence;
        }
        from = upto;
    }
    if next <= head && check.faults.len() < FAULTS_MAX {
        check.faults.extend((next..=head).map(LogFault::Missing).take(FAULTS_MAX));
    }
    let last: i64 = sqlx::query("SELECT COALESCE(max(global_position), 0) AS last FROM public.events")
        .fetch_one(&mut *connection)
        .await?
        .try_get("last")?;
    if last != super::read_head(connection).await?.position {
        check.faults.push(LogFault::Head(last));
    }
    check.faults.truncate(FAULTS_MAX);
    check.streams = revisions.len();
    Ok(check)
}
