//! `POST /api/v1/webhook-endpoints/{id}/deliveries/{delivery_id}/retry`.

use axum::extract::State;
use events::resource::WebhookRetryResource;
use platform::{
    body::{OptionalJson, Path},
    error::{ApiError, ErrorBody},
};
use sqlx::PgPool;
use uuid::Uuid;

use super::failure::LookUpFailure;
use crate::{
    domain::webhook_endpoint::{FoundDelivery, RetryWebhookDelivery},
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::Nothing,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Tries a delivery again at once: one that was given up, that waits for its next attempt, or that was
/// delivered and is wanted once more. The endpoint's owner and ADMIN.
#[utoipa::path(
    post, path = "/api/v1/webhook-endpoints/{id}/deliveries/{delivery_id}/retry", tag = "webhooks",
    request_body = Option<Nothing>,
    params(
        ("id" = Uuid, Path, description = "The endpoint."),
        ("delivery_id" = Uuid, Path, description = "The delivery."),
        CommandHeaders
    ),
    security(("bearer" = [])),
    responses(
        (status = 200, body = WebhookRetryResource, description = "It will be tried.", headers(
            ("ETag" = String, description = "The endpoint's revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`invalid_transition`: the endpoint is not active, or the first attempt is still to come."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn retry_webhook_delivery(
    State(state): State<CommandState>,
    asked: Asked,
    Path((id, delivery_id)): Path<(Uuid, Uuid)>,
    OptionalJson(body): OptionalJson<Nothing>,
) -> Result<Accepted, ApiError> {
    let found = find(&state.pool, id, delivery_id).await?;
    let command = RetryWebhookDelivery { webhook_endpoint_id: id.into(), delivery_id, found };
    asked.submit(&state, &body, command).await
}

async fn find(pool: &PgPool, endpoint_id: Uuid, delivery_id: Uuid) -> Result<FoundDelivery, LookUpFailure> {
    let sql = "SELECT state <> 'pending' OR attempts > 0 FROM webhooks.deliveries \
               WHERE delivery_id = $1 AND endpoint_id = $2";
    let attempted: Option<bool> =
        sqlx::query_scalar(sql).bind(delivery_id).bind(endpoint_id).fetch_optional(pool).await?;
    Ok(match attempted {
        None => FoundDelivery::Absent,
        Some(false) => FoundDelivery::Waiting,
        Some(true) => FoundDelivery::Attempted,
    })
}
