//! `POST /api/v1/api-keys`.

use axum::extract::State;
use chrono::{DateTime, Utc};
use deserr::Deserr;
use events::resource::ApiKeyResource;
use platform::{
    body::{Faults, Json},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{scopes::Scopes, secret::submit_with_key};
use crate::{
    domain::api_key::IssueApiKey,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals},
        fields::Line,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What the key is for.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "name": "the till at Storgatan", "scopes": ["orders:read", "orders:write", "products:read"],
    "expires_at": "2027-03-01T00:00:00Z"
}))]
pub(crate) struct NewKey {
    /// What its owner calls it; stands in history, and must name nobody.
    name: Line<1, 100>,
    /// What it may do, at most. `…:read` is GET and HEAD under that first part of a path, `…:write` everything else
    /// there; writing does not imply reading.
    scopes: Scopes,
    /// Until when it can be called with, at most 400 days from now; default 90 days.
    #[deserr(default)]
    expires_at: Option<DateTime<Utc>>,
    /// In whose name it is to call; ADMIN may name any account, others their own alone, which is the default.
    #[deserr(default)]
    account_id: Option<Uuid>,
}

/// A key with what is to be called with: describes the answer, which is put together from the stored one.
#[derive(Serialize, ToSchema)]
pub(super) struct ApiKeyWithKey {
    #[serde(flatten)]
    api_key: ApiKeyResource,
    /// For the header `Authorization: Bearer …`. Shown by this answer alone: keep it. Absent where the request was
    /// sent again, for nobody knows it any more: rotate the key for another one.
    #[schema(value_type = String, required = false, example = "ik_AZCo8nw-exqfTRwrOk1eIA_…")]
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// Issues an API key: a machine calls with it in an account's name, as far as its scopes reach.
///
/// The account itself, and ADMIN for any. With a key no keys are issued. At most 20 of an account live at once. An
/// account of a PARTNER comes to be when an organisation grants its address access (`POST …/partners`).
#[utoipa::path(
    post, path = "/api/v1/api-keys", tag = "api-keys",
    request_body = NewKey,
    params(CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = ApiKeyWithKey, description = "The same request again: the answer it got then, without the key.", headers(
            ("Idempotency-Replayed" = bool, description = "`true`.")
        )),
        (status = 201, body = ApiKeyWithKey, description = "As the command left it, with the key.", headers(
            ("ETag" = String, description = "The revision."),
            ("Location" = String, description = "Where it is."),
            ("Cache-Control" = String, description = "`no-store`."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 404, body = ErrorBody, description = "`account_not_found`."),
        (status = 409, body = ErrorBody, description = "`too_many_api_keys`."),
        CommandRefusals, BodyRefusals
    )
)]
pub(crate) async fn issue_api_key(
    State(state): State<CommandState>,
    asked: Asked,
    Json(body): Json<NewKey>,
) -> Result<Accepted, ApiError> {
    let key_id = state.ids.next();
    let command = |hash| IssueApiKey {
        api_key_id: key_id.into(),
        account_id: body.account_id.map(Into::into),
        name: body.name.clone().into_string(),
        scopes: body.scopes.clone().into_scopes(),
        expires_at: body.expires_at,
        hash,
    };
    let accepted = submit_with_key(asked, &state, &body, key_id, command).await?;
    Ok(accepted.under("/api/v1/api-keys"))
}
