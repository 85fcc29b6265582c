//! Is it well? `/health` for people and monitors, `/health/live` and `/health/ready` for supervisors.

use std::{sync::Arc, time::Duration};

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use handlers::Nats;
use platform::clock::Clock;
use serde::Serialize;
use serde_json::json;
use sqlx::PgPool;
use utoipa::ToSchema;

/// A database that does not answer for so long is not well.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Clone)]
/// What health is made of.
pub(crate) struct Checked {
    pool: PgPool,
    nats: Option<Nats>,
    clock: Arc<dyn Clock>,
}

/// The answer of `GET /health`.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `healthy`, or `unhealthy` with 503.
    status: &'static str,
    database: DatabaseHealth,
    nats: NatsHealth,
    /// One per read model; empty where the database does not answer.
    projections: Vec<ProjectionHealth>,
}

#[derive(Serialize, ToSchema)]
struct DatabaseHealth {
    /// It answers.
    ok: bool,
    pool: PoolHealth,
}

#[derive(Serialize, ToSchema)]
struct PoolHealth {
    /// Connections open.
    size: u32,
    /// Of them unused.
    idle: usize,
    /// Of them used.
    in_use: usize,
}

#[derive(Serialize, ToSchema)]
struct NatsHealth {
    /// A server answers, or none is configured.
    ok: bool,
}

#[derive(Serialize, ToSchema)]
struct ProjectionHealth {
    name: String,
    /// How far it has come.
    position: i64,
    /// How many events it is behind the log.
    lag_events: i64,
    /// How old the oldest of them is.
    lag_seconds: f64,
    /// Streams left out because they cannot be folded.
    parked: i64,
}

/// The three routes.
pub fn routes(pool: PgPool, nats: Option<Nats>, clock: Arc<dyn Clock>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/health/ready", get(ready))
        .route("/health/live", get(async || Json(json!({"status": "alive"}))))
        .with_state(Checked { pool, nats, clock })
}

/// Health of the process and what it stands on.
#[utoipa::path(get, path = "/health", tag = "health", security(()),
    responses((status = 200, body = Health), (status = 503, body = Health)))]
pub async fn health(State(checked): State<Checked>) -> impl IntoResponse {
    let states =
        tokio::time::timeout(DATABASE_TIMEOUT, projections::states(&checked.pool, checked.clock.now())).await;
    let states = states.ok().and_then(Result::ok);
    let nats_ok = checked.nats.as_ref().is_none_or(Nats::is_connected);
    let is_well = states.is_some() && nats_ok;
    let (size, idle) = (checked.pool.size(), checked.pool.num_idle());
    let in_use = usize::try_from(size).unwrap_or_default().saturating_sub(idle);
    let health = Health {
        status: if is_well { "healthy" } else { "unhealthy" },
        database: DatabaseHealth { ok: states.is_some(), pool: PoolHealth { size, idle, in_use } },
        nats: NatsHealth { ok: nats_ok },
        projections: states.unwrap_or_default().into_iter().map(ProjectionHealth::from).collect(),
    };
    (if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(health))
}

/// Requests can be served: the database answers. NATS may be away, for no request waits for it.
async fn ready(State(checked): State<Checked>) -> impl IntoResponse {
    let answer = tokio::time::timeout(DATABASE_TIMEOUT, sqlx::query("SELECT 1").execute(&checked.pool)).await;
    match answer {
        Ok(Ok(_)) => (StatusCode::OK, Json(json!({"status": "ready"}))),
        _ => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "not_ready"}))),
    }
}

impl From<projections::ProjectionState> for ProjectionHealth {
    fn from(state: projections::ProjectionState) -> Self {
        Self {
            name: state.name,
            position: state.position,
            lag_events: state.lag_events,
            lag_seconds: state.lag_seconds,
            parked: state.parked,
        }
    }
}
