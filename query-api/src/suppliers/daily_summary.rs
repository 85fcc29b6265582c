//! `GET /api/v1/suppliers/{id}/daily-summary`: what a supplier has to do today, and what is coming.

mod due;
mod outlook;
mod page;

use std::sync::Arc;

use axum::response::Response;
use chrono::{DateTime, Days, NaiveDate, Utc};
use deserr::Deserr;
use events::{
    fold::Folded,
    supplier::Supplier,
    values::{SupplierId, swedish_day},
};
use platform::{
    body::{Faults, Path, Query},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use self::{
    due::{DueDay, due_on},
    outlook::{Outlook, outlook},
};
use super::get::supplier;
use crate::{
    accept::{Format, preferred},
    access::{OrganisationKind, Viewer},
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen},
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
};

const MODELS: [ReadModel; 3] = [ReadModel::Suppliers, ReadModel::Orders, ReadModel::Catalogue];

/// Which day.
#[derive(Clone, Copy, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SummaryOf {
    /// The day to deliver on; default: today, in Sweden.
    #[deserr(default)]
    #[param(example = "2026-11-20")]
    day: Option<NaiveDate>,
}

/// A supplier's day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DailySummary {
    /// The supplier.
    supplier_id: SupplierId,
    /// What it is called.
    name: String,
    /// The day, in Sweden.
    day: NaiveDate,
    /// What is still to be delivered that day, and the day after.
    due: [DueDay; 2],
    /// What is expected, and whether there is enough of it; null before the first forecast.
    outlook: Option<Outlook>,
    /// There is more than is told: of orders that are open, of products of a day, or of products that are expected.
    truncated: bool,
}

/// What a supplier delivers today and tomorrow, what is expected of the next 7 days, and what there is too little of.
///
/// For those who work for the supplier, `ADMIN` and `AUDITOR`. Orders without a day that they are wanted on count for
/// the day after they were placed. With `Accept: text/html` a page to be printed, with the plots of the five products
/// that most is expected of. Changes of prices are not told here.
#[utoipa::path(
    get, path = "/api/v1/suppliers/{id}/daily-summary", tag = "forecasts",
    params(("id" = Uuid, Path, description = "The supplier."), SummaryOf, ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "By `Accept`: JSON (default), or a page.",
            content((DailySummary = "application/json"), (String = "text/html"))),
        (status = 404, body = ErrorBody, description = "`supplier_not_found`."),
        ReadRefusals, ListRefusals,
        (status = 403, body = ErrorBody, description = "`members_only`; `unknown_role`: the token is no account's.")
    )
)]
pub(crate) async fn get_daily_summary(
    reader: Reader,
    Path(id): Path<Uuid>,
    Query(of): Query<SummaryOf>,
) -> Result<Response, ApiError> {
    let now = reader.now();
    let asked = Asked { id, day: of.day.unwrap_or_else(|| swedish_day(now)), now };
    let format = preferred(&reader.headers, &[Format::Json, Format::Html]);
    let read = async |sight: Sight, viewer: Arc<Viewer>| shown(&sight, &viewer, asked, format).await;
    let Seen { position, value } = reader.one(&MODELS, || not_found("supplier", id), read).await?;
    let answer = match value {
        Shown::Refused => {
            let message = "A supplier's day is for those who work for it.";
            return Err(ApiError::forbidden("members_only", message));
        }
        Shown::Summary(summary) => answer::json(Seen { position, value: summary }),
        Shown::Page(page) => page::answer(position, page),
    };
    Ok(answer::by_accept(answer))
}

#[derive(Clone, Copy)]
struct Asked {
    id: Uuid,
    day: NaiveDate,
    now: DateTime<Utc>,
}

/// What a caller who may know of the supplier gets of its day.
enum Shown {
    Refused,
    Summary(Box<DailySummary>),
    Page(String),
}

async fn shown(
    sight: &Sight,
    viewer: &Viewer,
    asked: Asked,
    format: Format,
) -> Result<Seen<Option<Shown>>, ReadFailure> {
    let known = supplier(sight, asked.id).await?;
    let Some(folded) = known.value else { return Ok(Seen { position: known.position, value: None }) };
    // Security: suppliers are public, what they deliver and have in stock is not; nor does a partner get it, who sees
    // orders and forecasts one by one.
    if !viewer.sees_everything() && viewer.place_in(OrganisationKind::Supplier, asked.id).is_none() {
        return Ok(Seen { position: known.position, value: Some(Shown::Refused) });
    }
    let seen = summary(sight, asked, &folded).await?;
    let position = seen.position.min(known.position);
    let summary = seen.value;
    let value = match format {
        Format::Html => Shown::Page(page::page(sight, &summary).await?),
        _ => Shown::Summary(Box::new(summary)),
    };
    Ok(Seen { position, value: Some(value) })
}

async fn summary(
    sight: &Sight,
    asked: Asked,
    supplier: &Folded<Supplier>,
) -> Result<Seen<DailySummary>, ReadFailure> {
    let Asked { id, day, now } = asked;
    let tomorrow = day + Days::new(1);
    let due = due_on(sight, &MODELS, id, [day, tomorrow]).await?;
    let lead_days = supplier.state.details.delivery_terms.as_ref().map(|terms| terms.lead_days);
    let outlook = outlook(sight, id, lead_days, now).await?;
    let is_cut = outlook.as_ref().is_some_and(|(_, is_cut)| *is_cut);
    let outlook = outlook.map(|(outlook, _)| outlook);
    Ok(due.map(|(due, is_due_cut)| DailySummary {
        supplier_id: id.into(),
        name: supplier.state.details.name.clone(),
        day,
        due,
        outlook,
        truncated: is_cut || is_due_cut,
    }))
}
