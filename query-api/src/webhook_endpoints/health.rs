//! How deliveries to an endpoint go, from its lane.

use chrono::{DateTime, Utc};
use events::resource::{EndpointHealth, EndpointHealthState};
use sqlx::{Row, postgres::PgRow};

/// Columns of the lane of endpoint `w`, to be joined with [`LANE`].
pub(super) const COLUMNS: &str = "l.breaker_until, l.failing_since, l.failures, l.last_success_at, p.pending";

/// The lane of endpoint `w`, and how many deliveries wait there: counted to 1000, so that a backlog costs a
/// reader nothing.
pub(super) const LANE: &str = " LEFT JOIN webhooks.lanes l ON l.endpoint_id = w.endpoint_id \
     LEFT JOIN LATERAL ( \
       SELECT count(*) AS pending FROM ( \
         SELECT 1 FROM webhooks.deliveries d \
         WHERE d.endpoint_id = l.endpoint_id AND d.state = 'pending' LIMIT 1000 \
       ) waiting \
     ) p ON true";

/// `None` while the delivering side has not heard of the endpoint.
pub(super) fn health(row: &PgRow, now: DateTime<Utc>) -> sqlx::Result<Option<EndpointHealth>> {
    let Some(failures) = row.try_get("failures")? else { return Ok(None) };
    let failing_since: Option<DateTime<Utc>> = row.try_get("failing_since")?;
    let paused_until: Option<DateTime<Utc>> = row.try_get("breaker_until")?;
    let state = if paused_until.is_some_and(|until| now < until) {
        EndpointHealthState::Paused
    } else if failing_since.is_some() {
        EndpointHealthState::Failing
    } else {
        EndpointHealthState::Healthy
    };
    let last_success_at = row.try_get("last_success_at")?;
    Ok(Some(EndpointHealth {
        state,
        failing_since,
        failures,
        last_success_at,
        pending: row.try_get("pending")?,
    }))
}
