//! `GET /api/v1/accounts/{id}/personal-data`.

use axum::{Json, extract::State};
use deserr::Deserr;
use events::values::{AccountId, Role};
use platform::{
    access_log::Kind,
    body::{Faults, FromText, Invalid, Parsed, Path, Query},
    error::{ApiError, ErrorBody},
};
use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    http::{state::CommandState, submission::Asked},
    personal::{HeldFault, PersonalData, personal_data},
};

/// How many are under way at once in one process: any account may ask for its own, again and again.
static UNDER_WAY: Semaphore = Semaphore::const_new(2);
/// A stretch takes less.
const RETRY_AFTER_S: u32 = 1;

/// Which stretch of the log is looked through.
#[derive(Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HeldParams {
    /// `next_after_position` of the answer before; 0 unless stated.
    #[deserr(default)]
    #[param(value_type = Option<i64>, default = 0, minimum = 0)]
    after_position: Option<Parsed<After>>,
}

/// A position, or 0.
#[derive(Debug, Clone, Copy)]
struct After(i64);

impl FromText for After {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let position = i64::from_text(text).ok().filter(|position| *position >= 0);
        position.map(Self).ok_or_else(|| Invalid::new("invalid_number", "Must be a whole number from 0 up."))
    }
}

/// Everything that is held of the person behind an account, in the clear. The person itself, ADMIN, AUDITOR.
///
/// What the person did, and where its address stands in free text, is looked up in at most 20 000 events per
/// answer: `history.next_after_position` asks for the next ones.
#[utoipa::path(
    get, path = "/api/v1/accounts/{id}/personal-data", tag = "accounts",
    params(("id" = Uuid, Path, description = "The account."), HeldParams), security(("bearer" = [])),
    responses(
        (status = 200, body = PersonalData, description = "What is held."),
        (status = 401, body = ErrorBody, description = "No valid access token."),
        (status = 404, body = ErrorBody, description = "`account_not_found`: absent, or not for the caller to know of."),
        (status = 409, body = ErrorBody, description = "`history_archived`: events of that stretch are archived; the message \
            names the file."),
        (status = 422, body = ErrorBody, description = "Every fault of the query."),
        (status = 503, body = ErrorBody, description = "`database_unavailable`; `exports_busy`: as many are made as this \
            process allows; `access_log_unavailable`. See `Retry-After`.")
    )
)]
pub(crate) async fn get_personal_data(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Query(params): Query<HeldParams>,
) -> Result<Json<PersonalData>, ApiError> {
    let absent = || ApiError::not_found("account_not_found", format!("Account {id} was not found."));
    // Others may not know that there is such an account.
    let is_own = asked.caller.account_id() == Some(AccountId(id));
    if !is_own && !matches!(asked.caller.role(), Role::Admin | Role::Auditor) {
        return Err(absent());
    }
    // Each looks through a long stretch of the log: so many at a time that commands do not feel it.
    let _turn = turn()?;
    let after = params.after_position.map_or(0, |after| after.0.0);
    let held = personal_data(&state.pool, state.committer.personal(), AccountId(id), after).await?;
    let held = held.ok_or_else(absent)?;
    if !is_own {
        // Another person's data leaves only once it is on record who asked for it.
        let read = asked.access(Kind::PERSONAL_DATA_READ).of("account", id);
        let told = json!({ "after_position": after, "upto_position": held.history.upto_position });
        state.access_log.record(read.with(told)).await?;
    }
    Ok(Json(held))
}

/// One of the few that may be under way, for as long as it is held.
fn turn() -> Result<SemaphorePermit<'static>, ApiError> {
    UNDER_WAY.try_acquire().map_err(|_| {
        let message = "As many of these are under way as this process allows; try again.";
        ApiError::unavailable("exports_busy", message, RETRY_AFTER_S)
    })
}

impl From<HeldFault> for ApiError {
    fn from(fault: HeldFault) -> Self {
        use events::log::{Retry, archived, retry_of};
        if let HeldFault::Database(error) = &fault
            && let Some(said) = archived(error)
        {
            return Self::conflict("history_archived", said);
        }
        match fault {
            HeldFault::Personal(error) => error.into(),
            HeldFault::Database(error) if retry_of(&error) != Retry::Never => {
                tracing::warn!(%error, "personal data: database not reachable");
                Self::unavailable("database_unavailable", "The database does not answer; try again.", 1)
            }
            fault => Self::internal(&fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_are_made_at_a_time_and_the_third_is_told_when_to_come_back() {
        let under_way = [turn().unwrap(), turn().unwrap()];
        let refused = turn().unwrap_err();
        assert_eq!((refused.code(), refused.retry_after_s()), ("exports_busy", Some(RETRY_AFTER_S)));
        drop(under_way);
        assert!(turn().is_ok());
    }
}
