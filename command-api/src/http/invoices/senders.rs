//! Who may send invoices at all: members of some organisation, and ADMIN.

use events::{
    log::{Retry, read_head, retry_of},
    values::{AccountId, Role},
};
use platform::error::ApiError;
use sqlx::PgPool;

use crate::domain::Caller;

/// How much of the log is looked through where read models have not folded it yet.
const UNFOLDED_MAX: i64 = 20_000;
/// Seconds that read models need to catch up, mostly.
const RETRY_AFTER_S: u32 = 2;

/// Lets members and ADMIN pass, before a file is taken in: an account that works for nobody, any more or yet, has
/// nothing to send and no room on our disks.
///
/// # Errors
/// 403 `forbidden`; 503 `read_model_behind`, `database_unavailable`.
pub(crate) async fn require_sender(pool: &PgPool, caller: &Caller) -> Result<(), ApiError> {
    let may_send = match (caller.role(), caller.account_id()) {
        (Role::Admin, _) => true,
        (Role::Supplier | Role::Restaurant, Some(account_id)) => works_for_somebody(pool, account_id).await?,
        (Role::Supplier | Role::Restaurant | Role::Auditor | Role::Partner, _) => false,
    };
    if may_send {
        return Ok(());
    }
    let message = "Only a member of a supplier or a restaurant, or an ADMIN, may do this.";
    Err(ApiError::forbidden("forbidden", message))
}

/// By the read models, and by what the log says that they have not folded yet: who was added a moment ago is a member.
async fn works_for_somebody(pool: &PgPool, account_id: AccountId) -> Result<bool, ApiError> {
    let mut connection = pool.acquire().await.map_err(|error| not_known(&error))?;
    // Asked before the rows are read: these may be newer, and then only say the same as the log below.
    let (folded, is_member): (i64, bool) = sqlx::query_as(
        "SELECT CASE WHEN count(*) = 2 THEN min(position) ELSE 0 END, \
                EXISTS (SELECT 1 FROM read.memberships WHERE account_id = $1) \
         FROM read.checkpoints WHERE name IN ('suppliers', 'restaurants')",
    )
    .bind(account_id.0)
    .fetch_one(&mut *connection)
    .await
    .map_err(|error| not_known(&error))?;
    if is_member {
        return Ok(true);
    }
    let position = read_head(&mut connection).await.map_err(|error| not_known(&error))?.position;
    if position - folded > UNFOLDED_MAX {
        let message = "Who works for whom is not known up to now; try again.";
        return Err(ApiError::unavailable("read_model_behind", message, RETRY_AFTER_S));
    }
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM public.events \
         WHERE global_position > $1 AND global_position <= $2 \
           AND event_type IN ('SupplierMemberAdded', 'RestaurantMemberAdded') \
           AND payload -> event_type ->> 'account_id' = $3 \
           AND (SELECT public.expect_events($1, $2)))",
    )
    .bind(folded)
    .bind(position)
    .bind(account_id.to_string())
    .fetch_one(&mut *connection)
    .await
    .map_err(|error| not_known(&error))
}

fn not_known(error: &sqlx::Error) -> ApiError {
    if retry_of(error) == Retry::Never {
        return ApiError::internal(error);
    }
    tracing::warn!(%error, "who may send invoices is not known: database not reachable");
    ApiError::unavailable("database_unavailable", "The database does not answer; try again.", RETRY_AFTER_S)
}
