//! `POST /api/v1/accounts/{id}/erase`.

use axum::extract::State;
use deserr::Deserr;
use events::{resource::AccountResource, values::AccountId};
use platform::{
    body::{Faults, OptionalJson, Path},
    error::{ApiError, ErrorBody, Fault},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::account::ErasePerson,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::Reason,
        state::CommandState,
        submission::{Accepted, Asked},
    },
    personal::{ErasureFault, PLANS_MAX, end_sessions, plan_erasure},
};

/// Why a person is erased.
#[derive(Debug, Clone, Default, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"reason": "Begärt av personen själv"}))]
pub(crate) struct PersonErasure {
    /// The reason, for the history; must not hold the person's address.
    #[deserr(default)]
    reason: Option<Reason>,
}

/// Forgets the person behind an account. ADMIN only.
///
/// Their address and phone are shown as `null` from now on, in every copy of them: the key that they are
/// sealed with is destroyed in the transaction that records this. So are organisations' contacts that name
/// the same address. Their logins end; an access token that is out lapses within 15 minutes. What was told to
/// them and their devices are deleted shortly after. The address can come again, as a new account. Cannot be
/// undone; a second time changes nothing.
#[utoipa::path(
    post, path = "/api/v1/accounts/{id}/erase", tag = "accounts",
    request_body = Option<PersonErasure>,
    params(("id" = Uuid, Path, description = "The account."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = AccountResource, description = "As the command left it, its `email` being `null`.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 422, body = ErrorBody, description = "`names_the_person`: the reason holds the address."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn erase_person(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    OptionalJson(body): OptionalJson<PersonErasure>,
) -> Result<Accepted, ApiError> {
    let account_id = AccountId(id);
    let reason = body.reason.clone().map(Reason::into_string);
    let mut plans = 0;
    let accepted = loop {
        let command = if asked.caller.is_admin() {
            plan_erasure(&state.pool, state.committer.personal(), account_id, reason.clone()).await?
        } else {
            // Nothing is opened for who may not do this: the command itself says so.
            let (reason, address_index) = (reason.clone(), String::new());
            ErasePerson { account_id, reason, address_index, contacts: Vec::new(), as_of: None }
        };
        plans += 1;
        match asked.clone().submit(&state, &body, command).await {
            Err(refused) if refused.code() == "changed_meanwhile" && plans < PLANS_MAX => {}
            answer => break answer?,
        }
    };
    end_sessions(&state.pool, account_id, state.clock.now()).await.map_err(ErasureFault::from)?;
    Ok(accepted)
}

impl From<ErasureFault> for ApiError {
    fn from(fault: ErasureFault) -> Self {
        use events::log::{Retry, retry_of};
        match fault {
            ErasureFault::Reason(names) => {
                let message = format!("{names}.");
                Self::validation(vec![Fault::new("reason", "names_the_person", message)])
            }
            ErasureFault::Personal(error) => error.into(),
            ErasureFault::ReadModelBehind => {
                let message = "Whom organisations name as their contact is not all known yet; try again.";
                Self::unavailable("read_model_behind", message, 2)
            }
            ErasureFault::Database(error) if retry_of(&error) != Retry::Never => {
                tracing::warn!(%error, "erasing: database not reachable");
                Self::unavailable("database_unavailable", "The database does not answer; try again.", 1)
            }
            fault => Self::internal(&fault),
        }
    }
}
