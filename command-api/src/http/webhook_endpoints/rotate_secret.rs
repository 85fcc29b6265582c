//! `POST /api/v1/webhook-endpoints/{id}/rotate-secret`.

use axum::extract::State;
use chrono::TimeDelta;
use deserr::Deserr;
use platform::{
    body::{Faults, OptionalJson, Path},
    error::ApiError,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{register::WebhookEndpointWithSecret, secret::submit_with_secret};
use crate::{
    domain::webhook_endpoint::RotateWebhookSecret,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::Between,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

const OVERLAP_HOURS_DEFAULT: i64 = 24;

/// How the change is made.
#[derive(Debug, Clone, Default, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"overlap_hours": 48}))]
pub(crate) struct SecretRotation {
    /// How long the former secret signs beside the new one, so that the receiver can change over in its own
    /// time; 0 where it has become known. Default 24.
    #[deserr(default)]
    #[schema(value_type = Option<Between<0, 168>>)]
    overlap_hours: Option<Between<0, 168>>,
}

/// Gives a webhook endpoint another secret. Its owner and ADMIN.
#[utoipa::path(
    post, path = "/api/v1/webhook-endpoints/{id}/rotate-secret", tag = "webhooks",
    request_body = Option<SecretRotation>,
    params(("id" = Uuid, Path, description = "The endpoint."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = WebhookEndpointWithSecret, description = "As the command left it, with its new secret.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn rotate_webhook_secret(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    OptionalJson(body): OptionalJson<SecretRotation>,
) -> Result<Accepted, ApiError> {
    let overlap = TimeDelta::hours(body.overlap_hours.map_or(OVERLAP_HOURS_DEFAULT, Between::get));
    let command = |secret_id| RotateWebhookSecret { webhook_endpoint_id: id.into(), secret_id, overlap };
    submit_with_secret(asked, &state, &body, id, command).await
}
