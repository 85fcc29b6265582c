//! `GET /api/v1/price-proposals`.

use std::sync::Arc;

use axum::response::Response;
use chrono::{DateTime, Utc};
use deserr::Deserr;
use platform::{
    body::Faults,
    error::{ApiError, ErrorBody},
    paging::{List, Page, PageParams, Paged},
};
use pricing::{Adjustment, Guardrail, Proposal};
use serde::Serialize;
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow, types::Json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    access::Viewer,
    answer,
    failure::ReadFailure,
    freshness::Seen,
    listing::{Newest, SortColumns, Take, after, count, envelope, fetch, open, push_window},
    price_rules::{MODELS, sees_prices_of},
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
};

const LIST: &str = "price_proposals";
const SORT: SortColumns = SortColumns { at: "p.priced_at", id: "p.product_id" };

/// Which proposals.
#[derive(Clone, Copy, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProposalsFilter {
    /// For this supplier's products.
    supplier_id: Uuid,
    /// For this product.
    #[deserr(default)]
    product_id: Option<Uuid>,
}

/// What rules make of a product's price, and why.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PriceProposal {
    product_id: Uuid,
    supplier_id: Uuid,
    /// The hour that was priced, or when the rules changed since.
    priced_at: DateTime<Utc>,
    /// What it cost then.
    current_cents: i64,
    /// What it is to cost by all of its rules; the same where nothing changes.
    proposed_cents: i64,
    /// What the rules asked for, before what held them back.
    target_cents: i64,
    /// ISO 4217.
    currency: String,
    /// Some of its rules only show what they would do, or all are paused.
    is_dry_run: bool,
    /// Active rules changed the price.
    applied: bool,
    /// What moved it, in numbers.
    adjustments: Vec<Adjustment>,
    /// What held it back.
    guardrails: Vec<Guardrail>,
    /// All of that in words.
    why: Vec<String>,
}

/// What price rules make of a supplier's products, newest first; for its members, `ADMIN` and `AUDITOR`.
///
/// One per product that a rule is about: of the last full hour, or of the moment that the rules last changed.
#[utoipa::path(
    get, path = "/api/v1/price-proposals", tag = "price-rules",
    params(ProposalsFilter, PageParams, ReadHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = List<PriceProposal>),
        (status = 404, body = ErrorBody, description = "`supplier_not_found`: none that the caller works for."),
        ReadRefusals, ListRefusals
    )
)]
pub(crate) async fn list_price_proposals(
    reader: Reader,
    Paged { page, filter }: Paged<ProposalsFilter>,
) -> Result<Response, ApiError> {
    let after = after(&page, LIST)?;
    let read = async |sight: Sight, viewer| proposals(&sight, viewer, filter, (&page, after)).await;
    Ok(answer::json(reader.one(&MODELS, || not_found("supplier", filter.supplier_id), read).await?))
}

async fn proposals(
    sight: &Sight,
    viewer: Arc<Viewer>,
    filter: ProposalsFilter,
    (page, after): (&Page, Option<Newest>),
) -> Result<Seen<Option<List<PriceProposal>>>, ReadFailure> {
    if !sees_prices_of(&viewer, filter.supplier_id) {
        return Ok(Seen { position: viewer.position, value: None });
    }
    let mut sql = open(&MODELS);
    sql.push(
        "SELECT p.product_id AS id, p.priced_at AS at, p.supplier_id, p.current_minor, p.proposed_minor, ",
    );
    sql.push("p.currency, p.is_dry_run, p.applied, p.proposal FROM pricing.proposals p");
    filter.push(&mut sql);
    push_window(&mut sql, SORT, after, page, Take::Page);
    let rows = fetch(sight, sql, proposal).await?;
    let total = if page.count { Some(total(sight, filter).await?) } else { None };
    Ok(rows.map(|rows| Some(envelope(rows, page, LIST, total, |row| row.item))))
}

async fn total(sight: &Sight, filter: ProposalsFilter) -> Result<u64, ReadFailure> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM pricing.proposals p");
    filter.push(&mut sql);
    count(sight, sql).await
}

impl ProposalsFilter {
    fn push(self, sql: &mut QueryBuilder<'static, Postgres>) {
        sql.push(" WHERE p.supplier_id = ").push_bind(self.supplier_id);
        if let Some(product_id) = self.product_id {
            sql.push(" AND p.product_id = ").push_bind(product_id);
        }
    }
}

fn proposal(row: &PgRow) -> sqlx::Result<PriceProposal> {
    let Json(proposal): Json<Proposal> = row.try_get("proposal")?;
    Ok(PriceProposal {
        product_id: row.try_get("id")?,
        supplier_id: row.try_get("supplier_id")?,
        priced_at: row.try_get("at")?,
        current_cents: row.try_get("current_minor")?,
        proposed_cents: row.try_get("proposed_minor")?,
        target_cents: proposal.target_minor,
        currency: row.try_get("currency")?,
        is_dry_run: row.try_get("is_dry_run")?,
        applied: row.try_get("applied")?,
        why: proposal.sentences(),
        adjustments: proposal.adjustments,
        guardrails: proposal.guardrails,
    })
}
