//! "Not found" or "forbidden", where the streams cannot tell: a restaurant is seen by suppliers that it ordered from.

use events::values::AccountId;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{committer::SubmitError, domain::refusal::Refusal};

/// The refusal as this caller is told it.
///
/// No stream says which suppliers a restaurant has ordered from, so to decisions it is not there for any of them. Who
/// works for one that it did order from reads it, and is told that it may not change it. Nothing is permitted by this:
/// where the read models are behind or away, the restaurant stays unseen.
pub(super) async fn told(pool: &PgPool, account_id: Option<AccountId>, error: SubmitError) -> SubmitError {
    let SubmitError::Refused(Refusal::NotFound { what: "restaurant", id }) = &error else { return error };
    let Some(account_id) = account_id else { return error };
    match has_ordered_from_supplier_of(pool, account_id, *id).await {
        Ok(true) => {
            let needed = "only a member of the restaurant or an ADMIN";
            SubmitError::Refused(Refusal::Forbidden { needed })
        }
        Ok(false) => error,
        Err(reason) => {
            tracing::warn!(%reason, "whether a restaurant is seen in trade is not known");
            error
        }
    }
}

async fn has_ordered_from_supplier_of(
    pool: &PgPool,
    account_id: AccountId,
    restaurant_id: Uuid,
) -> Result<bool, sqlx::Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM read.memberships m \
               JOIN read.orders o ON o.supplier_id = m.organisation_id AND o.restaurant_id = $2 \
               WHERE m.account_id = $1 AND m.organisation_kind = 'supplier')";
    sqlx::query_scalar(sql).bind(account_id.0).bind(restaurant_id).fetch_one(pool).await
}

/// Whether the restaurant has ordered from that supplier, which stays true once it is.
///
/// Where the read models are behind or away it is not known, and so not said.
pub(super) async fn has_ordered_from(pool: &PgPool, restaurant_id: Uuid, supplier_id: Uuid) -> bool {
    let sql = "SELECT EXISTS (SELECT 1 FROM read.orders WHERE restaurant_id = $1 AND supplier_id = $2)";
    let found = sqlx::query_scalar(sql).bind(restaurant_id).bind(supplier_id).fetch_one(pool).await;
    found.unwrap_or_else(|reason| {
        tracing::warn!(%reason, "whether a restaurant has ordered is not known");
        false
    })
}
