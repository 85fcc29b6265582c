//! `POST /api/v1/webhook-endpoints/{id}/replay`.

use axum::extract::State;
use chrono::{DateTime, Utc};
use deserr::Deserr;
use events::{
    log::{expect_events, position_at, read_head},
    resource::WebhookReplayResource,
};
use platform::{
    body::{Faults, Json, Path},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

use super::failure::LookUpFailure;
use crate::{
    domain::webhook_endpoint::ReplayWebhookEvents,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::{Alternatives, Between, OneOf},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// From when on; up to the log's end at this moment.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"since": "2026-11-19T00:00:00Z"}))]
pub(crate) struct WebhookReplay {
    /// From that position of the log, the `sequence` of an event, itself included. Exactly one of this and
    /// `since`.
    #[deserr(default)]
    #[schema(value_type = Option<i64>, minimum = 1)]
    from_position: Option<Between<1, { i64::MAX }>>,
    /// From the first event recorded at this time or later.
    #[deserr(default)]
    since: Option<DateTime<Utc>>,
}

impl Alternatives for WebhookReplay {
    const FIELDS: [&'static str; 2] = ["from_position", "since"];
    const ONE_IS_NEEDED: bool = true;
}

impl WebhookReplay {
    /// The first position and the last, and which member said so.
    async fn stretch(&self, pool: &PgPool) -> Result<(Option<i64>, i64, &'static str), LookUpFailure> {
        let mut connection = pool.acquire().await?;
        let (from_position, field) = match (self.from_position, self.since) {
            (Some(position), _) => (Some(position.get()), "from_position"),
            (None, Some(moment)) => (position_at(&mut connection, moment).await?, "since"),
            (None, None) => (None, "from_position"),
        };
        let head = read_head(&mut connection).await?;
        if let Some(from) = from_position {
            expect_events(&mut connection, from - 1, head.position).await?;
        }
        Ok((from_position, head.position, field))
    }
}

/// Sends events of the past (again), as far as the endpoint wants them. Its owner and ADMIN.
///
/// They carry the ids that they always had, so a receiver that keeps them takes none twice.
#[utoipa::path(
    post, path = "/api/v1/webhook-endpoints/{id}/replay", tag = "webhooks",
    request_body = WebhookReplay,
    params(("id" = Uuid, Path, description = "The endpoint."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = WebhookReplayResource, description = "It has begun.", headers(
            ("ETag" = String, description = "The endpoint's revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`invalid_transition`: the endpoint is not active. `history_archived`: events of that stretch are archived; the message names the file."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn replay_webhook_events(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Json(OneOf(body)): Json<OneOf<WebhookReplay>>,
) -> Result<Accepted, ApiError> {
    let (from_position, upto_position, field) = body.stretch(&state.pool).await?;
    let command = ReplayWebhookEvents {
        webhook_endpoint_id: id.into(),
        replay_id: state.ids.next(),
        from_position,
        upto_position,
        field,
    };
    asked.submit(&state, &body, command).await
}
