//! `POST /api/v1/api-keys/{id}/rotate`.

use axum::extract::State;
use chrono::TimeDelta;
use deserr::Deserr;
use platform::{
    body::{Faults, OptionalJson, Path},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{issue::ApiKeyWithKey, secret::submit_with_key};
use crate::{
    domain::api_key::RotateApiKey,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::Between,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// How the change is made.
#[derive(Debug, Clone, Default, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"overlap_seconds": 3600}))]
pub(crate) struct KeyRotation {
    /// How long the key until now can be called with beside the new one, so that every machine can change over in its
    /// own time; default 0, for a key that has become known. One from before it ends at once.
    #[deserr(default)]
    #[schema(value_type = Option<Between<0, 604_800>>)]
    overlap_seconds: Option<Between<0, 604_800>>,
}

/// Gives an API key another secret; its scopes, its history and its end stay. Its owner and ADMIN.
#[utoipa::path(
    post, path = "/api/v1/api-keys/{id}/rotate", tag = "api-keys",
    request_body = Option<KeyRotation>,
    params(("id" = Uuid, Path, description = "The key."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = ApiKeyWithKey, description = "As the command left it, with the new key; without it where the request was sent again.", headers(
            ("ETag" = String, description = "The revision."),
            ("Cache-Control" = String, description = "`no-store`."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`invalid_transition`: it has expired or was revoked."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn rotate_api_key(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    OptionalJson(body): OptionalJson<KeyRotation>,
) -> Result<Accepted, ApiError> {
    let overlap = TimeDelta::seconds(body.overlap_seconds.map_or(0, Between::get));
    let command = |hash| RotateApiKey { api_key_id: id.into(), hash, overlap };
    submit_with_key(asked, &state, &body, id, command).await
}
