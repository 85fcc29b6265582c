//! `GET /api/v1/restaurants/{id}/reorder-suggestions`: what to order now, and why.
//!
//! [`known`] reads what there is to know, [`advise`] makes suggestions of it by the policy of `forecasting::reorder`.

mod advise;
mod answer;
mod known;
mod outlook;
mod sentence;
mod shelf;
mod standing;
mod suggester;

use std::sync::Arc;

use axum::response::Response;
use deserr::Deserr;
use platform::{
    body::{Faults, Path, Query},
    error::{ApiError, ErrorBody, Fault},
};
use utoipa::IntoParams;
use uuid::Uuid;

use self::{
    advise::{Wish, advise},
    answer::ReorderSuggestions,
    known::{MODELS, known},
};
use crate::{
    access::Viewer,
    answer as respond,
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
};

pub use suggester::{SuggestFailed, Suggested, Suggester};

/// What is suggested of it.
#[derive(Clone, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SuggestionFilter {
    /// Of this supplier alone.
    #[deserr(default)]
    supplier_id: Option<Uuid>,
    /// How often what is there is to last: `0.5`, `0.6`, `0.8`, `0.9`, `0.95` or `0.975` of all times. Left out, it
    /// follows from how each product keeps: 0.95 for staples, 0.8 for what keeps up to 14 days, 0.6 up to 3 days.
    #[deserr(default)]
    #[param(pattern = "^0[.](5|6|8|9|95|975)$", example = "0.9")]
    service: Option<String>,
}

/// What a restaurant may want to order now, grouped by supplier, and every number that led there; for its members,
/// `ADMIN` and `AUDITOR`.
///
/// Each line orders up to what is used until the delivery after the next, that often, less what is there and on its
/// way, no more than is used while it keeps, in whole packs. Without a forecast, or of what the restaurant has stopped
/// buying, nothing is suggested. Nothing is ordered by itself.
#[utoipa::path(
    get, path = "/api/v1/restaurants/{id}/reorder-suggestions", tag = "restaurants",
    params(("id" = Uuid, Path, description = "The restaurant."), SuggestionFilter, ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = ReorderSuggestions, headers(
            ("Iris-Position" = i64, description = "What the answer has seen.")
        )),
        (status = 404, body = ErrorBody, description = "`restaurant_not_found`: there is none, or the caller does \
            not work for it."),
        ReadRefusals, ListRefusals
    )
)]
pub(crate) async fn get_reorder_suggestions(
    reader: Reader,
    Path(id): Path<Uuid>,
    Query(filter): Query<SuggestionFilter>,
) -> Result<Response, ApiError> {
    let wish = filter.wish(id)?;
    let now = reader.now();
    let read =
        async |sight: Sight, viewer: Arc<Viewer>| known(&sight, &viewer, (id, filter.supplier_id), now).await;
    let seen = reader.one(&MODELS, || not_found("restaurant", id), read).await?;
    Ok(respond::json(seen.map(|known| advise(&known, wish, now))))
}

impl SuggestionFilter {
    fn wish(&self, restaurant_id: Uuid) -> Result<Wish, ApiError> {
        let service_bps = match self.service.as_deref() {
            None => None,
            Some("0.5") => Some(5_000),
            Some("0.6") => Some(6_000),
            Some("0.8") => Some(8_000),
            Some("0.9") => Some(9_000),
            Some("0.95") => Some(9_500),
            Some("0.975") => Some(9_750),
            Some(_) => {
                let message = "Must be 0.5, 0.6, 0.8, 0.9, 0.95 or 0.975.";
                return Err(ApiError::validation(vec![Fault::new("service", "unknown_level", message)]));
            }
        };
        Ok(Wish { restaurant_id, supplier_id: self.supplier_id, service_bps })
    }
}
