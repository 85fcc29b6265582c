//! What keeps a partition from being archived.

use std::fmt;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};

use super::partition::Partition;
use crate::audit::sealed_up_to;

/// A reason for which a partition may not go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The log ends in it.
    Open,
    /// Not all of it is sealed.
    Unsealed {
        /// The last position that is.
        sealed: i64,
    },
    /// Its last event is younger than was asked for.
    Young {
        /// When that was recorded.
        last_recorded_at: DateTime<Utc>,
    },
    /// Somebody has not read it to its end.
    Reader {
        /// Who: a projection, a consumer, the relay, a replay, a rebuild.
        name: String,
        /// How far they are.
        position: i64,
    },
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("the log ends in it"),
            Self::Unsealed { sealed } => write!(f, "the log is sealed up to position {sealed} alone"),
            Self::Young { last_recorded_at } => write!(f, "its last event is of {last_recorded_at}"),
            Self::Reader { name, position } => write!(f, "{name} is at position {position}"),
        }
    }
}

/// What keeps the partition from going at present; empty where nothing does. `older_than`: when its last event must
/// have been recorded at the latest.
///
/// # Errors
/// Whatever the database says.
pub async fn obstacles(
    owner: &mut PgConnection,
    partition: &Partition,
    older_than: DateTime<Utc>,
) -> Result<Vec<Obstacle>, sqlx::Error> {
    let last = sqlx::query_scalar("SELECT recorded_at FROM public.events WHERE global_position = $1")
        .bind(partition.last)
        .fetch_optional(&mut *owner)
        .await?;
    // Positions are dense: without the last one, the log has not come so far.
    let Some(last_recorded_at) = last else { return Ok(vec![Obstacle::Open]) };
    let mut found = Vec::new();
    let sealed = sealed_up_to(&mut *owner).await?;
    if sealed < partition.last {
        found.push(Obstacle::Unsealed { sealed });
    }
    if last_recorded_at > older_than {
        found.push(Obstacle::Young { last_recorded_at });
    }
    found.extend(readers(owner, partition).await?);
    Ok(found)
}

/// Everybody who reads the log on from a position of their own.
async fn readers(owner: &mut PgConnection, partition: &Partition) -> Result<Vec<Obstacle>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT name, position FROM ( \
             SELECT 'the projection ' || name AS name, position FROM read.checkpoints \
             UNION ALL SELECT 'the consumer ' || name, position FROM fanout.followers \
             UNION ALL SELECT 'the webhook replay ' || replay_id, next_position - 1 FROM webhooks.replays \
                       WHERE finished_at IS NULL \
             UNION ALL SELECT 'the rebuild of demand', position FROM demand.rebuild \
             UNION ALL SELECT 'the view ' || view_id, 0 FROM audit.views WHERE status = 'building' \
         ) readers WHERE position < $1 ORDER BY name",
    )
    .bind(partition.last)
    .fetch_all(owner)
    .await?;
    rows.iter()
        .map(|row| Ok(Obstacle::Reader { name: row.try_get("name")?, position: row.try_get("position")? }))
        .collect()
}
