//! `POST /api/v1/accounts/{id}/enable`.

use axum::extract::State;
use events::resource::AccountResource;
use platform::{
    body::{OptionalJson, Path},
    error::{ApiError, ErrorBody},
};
use uuid::Uuid;

use crate::{
    domain::account::EnableAccount,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::Nothing,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// The account can be logged in to again, whoever disabled it. ADMIN only. A second time changes nothing.
///
/// An identity provider that bars its user still gives it no token.
#[utoipa::path(
    post, path = "/api/v1/accounts/{id}/enable", tag = "accounts",
    request_body = Option<Nothing>,
    params(("id" = Uuid, Path, description = "The account."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = AccountResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`invalid_transition`: it is erased."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn enable_account(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    OptionalJson(body): OptionalJson<Nothing>,
) -> Result<Accepted, ApiError> {
    asked.submit(&state, &body, EnableAccount { account_id: id.into() }).await
}
