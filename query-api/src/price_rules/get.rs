//! `GET /api/v1/price-rules/{id}`.

use std::sync::Arc;

use axum::response::Response;
use events::{fold::Folded, price_rule::PriceRules, resource::PriceRuleResource, values::PriceRuleId};
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
};
use sqlx::{Row, types::Json};
use uuid::Uuid;

use super::{MODELS, sees_prices_of};
use crate::{
    access::Viewer,
    answer,
    failure::ReadFailure,
    freshness::{Seen, checkpoint, names},
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
};

/// One price rule that has not ended; for members of its supplier, `ADMIN` and `AUDITOR`.
#[utoipa::path(
    get, path = "/api/v1/price-rules/{id}", tag = "price-rules",
    params(("id" = Uuid, Path, description = "The rule."), ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = PriceRuleResource, headers(
            ("ETag" = String, description = "The revision; `is_paused` changes without it."),
            ("Iris-Position" = i64, description = "What the answer has seen.")
        )),
        (status = 404, body = ErrorBody, description = "`price_rule_not_found`."),
        ReadRefusals
    )
)]
pub(crate) async fn get_price_rule(reader: Reader, Path(id): Path<Uuid>) -> Result<Response, ApiError> {
    let read = async |sight: Sight, viewer| rule(&sight, viewer, PriceRuleId(id)).await;
    let seen = reader.one(&MODELS, || not_found("price rule", id), read).await?;
    // Never 304: whether the supplier has paused its rules is no part of the revision.
    Ok(answer::tagged(seen.value.revision, answer::json(seen)))
}

async fn rule(
    sight: &Sight,
    viewer: Arc<Viewer>,
    id: PriceRuleId,
) -> Result<Seen<Option<PriceRuleResource>>, ReadFailure> {
    let sql = concat!(
        "SELECT c.position, r.state FROM ",
        checkpoint!(),
        " c LEFT JOIN read.price_rules r ON r.rule_ids @> ARRAY[$2]"
    );
    let row =
        sqlx::query(sql).bind(names(&MODELS)).bind(id.0).fetch_one(&mut *sight.connection().await).await?;
    let position = row.try_get("position")?;
    let state: Option<Json<Folded<PriceRules>>> = row.try_get("state")?;
    let rules = state.map(|Json(folded)| folded.state);
    let rules = rules.filter(|rules| sees_prices_of(&viewer, rules.supplier_id.0));
    let value = rules.and_then(|rules| Some(PriceRuleResource::of(id, rules.rules.get(&id)?, &rules)));
    Ok(Seen { position, value })
}
