//! `DELETE /api/v1/api-keys/{id}`.

use axum::extract::State;
use events::resource::ApiKeyResource;
use platform::{body::Path, error::ApiError};
use uuid::Uuid;

use crate::{
    domain::api_key::RevokeApiKey,
    http::{
        answers::{CommandHeaders, CommandRefusals, ExistingRefusals},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Revokes an API key for good, in every process at once. Its owner and ADMIN.
#[utoipa::path(
    delete, path = "/api/v1/api-keys/{id}", tag = "api-keys",
    params(("id" = Uuid, Path, description = "The key."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = ApiKeyResource, description = "The key that was; also where it was revoked before.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        CommandRefusals, ExistingRefusals
    )
)]
pub(crate) async fn revoke_api_key(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
) -> Result<Accepted, ApiError> {
    asked.submit(&state, &(), RevokeApiKey { api_key_id: id.into() }).await
}
