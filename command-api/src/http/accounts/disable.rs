//! `POST /api/v1/accounts/{id}/disable`.

use axum::extract::State;
use deserr::Deserr;
use events::resource::AccountResource;
use platform::{
    body::{Faults, OptionalJson, Path},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::account::DisableAccount,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::Reason,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Why an account is disabled.
#[derive(Debug, Clone, Default, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"reason": "Har slutat"}))]
pub(crate) struct AccountDisabling {
    /// The reason, for the history; must not name the person.
    #[deserr(default)]
    reason: Option<Reason>,
}

/// Nobody logs in to the account any more, and its logins end. ADMIN only. A second time changes nothing.
///
/// Callers that an identity provider vouches for are refused from the next request on (403 `account_disabled`); an
/// access token of a local login lapses within 15 minutes.
#[utoipa::path(
    post, path = "/api/v1/accounts/{id}/disable", tag = "accounts",
    request_body = Option<AccountDisabling>,
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
pub(crate) async fn disable_account(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    OptionalJson(body): OptionalJson<AccountDisabling>,
) -> Result<Accepted, ApiError> {
    let reason = body.reason.clone().map(Reason::into_string);
    asked.submit(&state, &body, DisableAccount { account_id: id.into(), reason }).await
}
