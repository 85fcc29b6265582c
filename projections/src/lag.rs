//! How far behind the projections are: for `/health`, and as metrics.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use metrics::{Unit, describe_gauge, describe_histogram, gauge};
use platform::clock::Clock;
use serde::Serialize;
use sqlx::{PgPool, Row};

/// Events between a projection's checkpoint and the end of the log.
const LAG_EVENTS: &str = "iris_projection_lag_events";
/// Age of the oldest event that a projection has not yet taken; 0 when it has taken all.
const LAG_SECONDS: &str = "iris_projection_lag_seconds";
/// Events of one batch.
pub(crate) const BATCH_EVENTS: &str = "iris_projection_batch_events";
/// Streams that a projection leaves out.
const PARKED: &str = "iris_projection_parked";

const GAUGES_EVERY: Duration = Duration::from_secs(1);

/// How far a projection is, as its tables tell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProjectionState {
    /// Its name.
    pub name: String,
    /// The last position that its rows contain.
    pub position: i64,
    /// Events of any kind that it has not yet taken.
    pub lag_events: i64,
    /// Seconds since the oldest of them was recorded; 0 where there is none.
    pub lag_seconds: f64,
    /// Streams that it leaves out.
    pub parked: i64,
}

/// How far the live projections are at `now`; sorted and unique by name.
///
/// From the tables, not from this process: right wherever the projections run, or if none does. One
/// that was never started is missing.
pub async fn states(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<ProjectionState>, sqlx::Error> {
    // Positions are dense, so the oldest event not yet taken is the next one.
    let rows = sqlx::query(
        "SELECT c.name, c.position, GREATEST(h.position - c.position, 0) AS lag_events, \
                audit.moment_of(c.position + 1) AS waiting_since, \
                (SELECT count(*) FROM read.parked p WHERE p.name = c.name) AS parked \
         FROM read.checkpoints c \
         CROSS JOIN public.log_head h \
         WHERE h.id = 1 \
         ORDER BY c.name",
    )
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            let waiting_since: Option<DateTime<Utc>> = row.try_get("waiting_since")?;
            Ok(ProjectionState {
                name: row.try_get("name")?,
                position: row.try_get("position")?,
                lag_events: row.try_get("lag_events")?,
                lag_seconds: waiting_since.map_or(0.0, |since| (now - since).as_seconds_f64().max(0.0)),
                parked: row.try_get("parked")?,
            })
        })
        .collect()
}

/// Names the metrics.
pub(crate) fn describe() {
    describe_gauge!(LAG_EVENTS, "Events that the projection has not yet taken.");
    describe_gauge!(
        LAG_SECONDS,
        Unit::Seconds,
        "Age of the oldest event that the projection has not yet taken."
    );
    describe_histogram!(BATCH_EVENTS, "Events per batch of a projection.");
    describe_gauge!(PARKED, "Streams that the projection leaves out because they cannot be folded.");
}

/// Keeps the gauges up to date until dropped. While the database is away they stay as they are.
pub(crate) async fn keep_gauges(pool: PgPool, clock: Arc<dyn Clock>) {
    loop {
        if let Ok(states) = states(&pool, clock.now()).await {
            states.iter().for_each(set_gauges);
        }
        tokio::time::sleep(GAUGES_EVERY).await;
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a double; counts beyond 2^53 do not occur")]
fn set_gauges(state: &ProjectionState) {
    gauge!(LAG_EVENTS, "projection" => state.name.clone()).set(state.lag_events as f64);
    gauge!(LAG_SECONDS, "projection" => state.name.clone()).set(state.lag_seconds);
    gauge!(PARKED, "projection" => state.name.clone()).set(state.parked as f64);
}
