//! `GET /api/v1/price-rules`.

use std::sync::Arc;

use axum::response::Response;
use deserr::Deserr;
use events::{fold::Folded, price_rule::PriceRules, resource::PriceRuleResource, values::PriceRuleId};
use platform::{
    body::Faults,
    error::{ApiError, ErrorBody},
    paging::{List, Page, PageParams, Paged},
};
use sqlx::{Row, types::Json};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{MODELS, sees_prices_of};
use crate::{
    access::Viewer,
    answer,
    failure::ReadFailure,
    freshness::{Seen, checkpoint, names},
    listing::after,
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
};

const LIST: &str = "price_rules";

/// Whose rules.
#[derive(Clone, Copy, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RulesFilter {
    /// Of this supplier.
    supplier_id: Uuid,
}

/// A supplier's price rules that have not ended, newest first; for its members, `ADMIN` and `AUDITOR`.
#[utoipa::path(
    get, path = "/api/v1/price-rules", tag = "price-rules",
    params(RulesFilter, PageParams, ReadHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = List<PriceRuleResource>),
        (status = 404, body = ErrorBody, description = "`supplier_not_found`: none that the caller works for."),
        ReadRefusals, ListRefusals
    )
)]
pub(crate) async fn list_price_rules(
    reader: Reader,
    Paged { page, filter }: Paged<RulesFilter>,
) -> Result<Response, ApiError> {
    let after = after(&page, LIST)?;
    let supplier_id = filter.supplier_id;
    let read = async |sight: Sight, viewer| rules(&sight, viewer, supplier_id, (&page, after)).await;
    Ok(answer::json(reader.one(&MODELS, || not_found("supplier", supplier_id), read).await?))
}

async fn rules(
    sight: &Sight,
    viewer: Arc<Viewer>,
    supplier_id: Uuid,
    (page, after): (&Page, Option<PriceRuleId>),
) -> Result<Seen<Option<List<PriceRuleResource>>>, ReadFailure> {
    let sql = concat!(
        "SELECT c.position, r.state FROM ",
        checkpoint!(),
        " c LEFT JOIN read.price_rules r ON r.supplier_id = $2"
    );
    let row = sqlx::query(sql)
        .bind(names(&MODELS))
        .bind(supplier_id)
        .fetch_one(&mut *sight.connection().await)
        .await?;
    let position = row.try_get("position")?;
    if !sees_prices_of(&viewer, supplier_id) {
        return Ok(Seen { position, value: None });
    }
    let state: Option<Json<Folded<PriceRules>>> = row.try_get("state")?;
    let rules = state.map(|Json(folded)| folded.state).unwrap_or_default();
    // All of a supplier's are one row, and few: the page is cut here.
    let ids = rules.rules.iter().rev().filter(|(id, _)| after.is_none_or(|after| **id < after));
    let found = ids
        .skip(usize::try_from(page.offset).unwrap_or(usize::MAX))
        .take(page.limit as usize + 1)
        .map(|(id, rule)| PriceRuleResource::of(*id, rule, &rules))
        .collect();
    let total = page.count.then(|| u64::try_from(rules.rules.len()).unwrap_or(u64::MAX));
    let list = List::of(found, page, LIST, |rule: &PriceRuleResource| rule.id).with_total(total);
    Ok(Seen { position, value: Some(list) })
}
