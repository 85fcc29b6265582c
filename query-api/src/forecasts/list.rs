//! `GET /api/v1/forecasts`.

use std::{collections::BTreeMap, sync::Arc};

use axum::response::Response;
use chrono::{DateTime, Utc};
use deserr::Deserr;
use platform::{
    body::Faults,
    error::{ApiError, ErrorBody},
    paging::{List, Page, PageParams, Paged},
};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{
    MODELS,
    places::{ByProduct, Places},
    resource::ForecastResource,
    series::Series,
    wanted::{WantedDays, reaching, used, wanted_at, wanted_of},
};
use crate::{
    access::{OrganisationKind, Viewer},
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen},
    listing::{Placed, after, envelope},
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals, not_found},
    restaurants::get::visible_restaurant,
    sight::Sight,
};

const LIST: &str = "forecasts";
const RESTAURANTS: [ReadModel; 2] = [ReadModel::Restaurants, ReadModel::Orders];

/// Which forecasts.
#[derive(Clone, Copy, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[expect(clippy::struct_field_names, reason = "they are called as the parameters are")]
pub(crate) struct ForecastFilter {
    /// Of what this restaurant buys.
    #[deserr(default)]
    pub(super) restaurant_id: Option<Uuid>,
    /// Of this product.
    #[deserr(default)]
    pub(super) product_id: Option<Uuid>,
    /// Of this supplier's products. To those who see everything, without `restaurant_id`, the totals alone.
    #[deserr(default)]
    pub(super) supplier_id: Option<Uuid>,
}

/// What is expected of the next 14 days, product by product, with how such forecasts have done.
///
/// Restaurants see what is expected of themselves. Suppliers see the totals of their own products over all restaurants
/// (`restaurant_id` is null), never one restaurant's. A partner sees what those see who granted it so, and `ADMIN` and
/// `AUDITOR` see all of it. Sorted by product, and of a product by restaurant, its total last.
///
/// What is expected of a restaurant is what it uses: what it orders for a day is spread in equal parts over the days until
/// its next usual delivery by that supplier, and so are the `actual` quantities of the backtest. What is expected of all
/// restaurants together is what is to be delivered on the day, for that is what the supplier has to have.
///
/// Forecasts are made every night from the demand of the days before; `run` names which. Before the first run the list
/// is empty. `Iris-Position` is that of names and units.
#[utoipa::path(
    get, path = "/api/v1/forecasts", tag = "forecasts", params(ForecastFilter, PageParams, ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = List<ForecastResource>),
        (status = 404, body = ErrorBody, description = "`restaurant_not_found`: the filter names one that the \
            caller may not see."),
        ReadRefusals, ListRefusals,
        (status = 403, body = ErrorBody, description = "`members_only`: what is expected of a restaurant is for those \
            who work for it; `unknown_role`: the token is no account's.")
    )
)]
pub(crate) async fn list_forecasts(
    reader: Reader,
    Paged { page, filter }: Paged<ForecastFilter>,
) -> Result<Response, ApiError> {
    let after: Option<ByProduct> = after(&page, LIST)?;
    if let Some(id) = filter.restaurant_id {
        check_buyer(&reader, id).await?;
    }
    let now = reader.now();
    let read = async |sight: Sight, viewer: Arc<Viewer>| {
        let places = Places::of(&viewer, filter, &page, after);
        forecasts(&sight, &places, filter, (&page, now)).await
    };
    Ok(answer::json(reader.many(&MODELS, read).await?))
}

/// # Errors
/// 404 for a restaurant that the caller may not see, 403 for one that it merely sells to.
async fn check_buyer(reader: &Reader, id: Uuid) -> Result<(), ApiError> {
    let read = async |sight: Sight, viewer: Arc<Viewer>| -> Result<Seen<Option<bool>>, ReadFailure> {
        let trades_as_it = buys_for(&viewer, id);
        let visible = visible_restaurant(&sight, viewer, id).await?;
        Ok(visible.map(|restaurant| restaurant.map(|_| trades_as_it)))
    };
    // Security: a supplier may know of a restaurant that ordered from it, and not what that one is about to need.
    if reader.one(&RESTAURANTS, || not_found("restaurant", id), read).await?.value {
        return Ok(());
    }
    Err(ApiError::forbidden("members_only", "What is expected of a restaurant is for those who work for it."))
}

/// May see what is expected of that restaurant.
pub(super) fn buys_for(viewer: &Viewer, restaurant_id: Uuid) -> bool {
    viewer.sees_everything() || viewer.trading_as(OrganisationKind::Restaurant).contains(&restaurant_id)
}

async fn forecasts(
    sight: &Sight,
    places: &Places<'_>,
    filter: ForecastFilter,
    (page, now): (&Page, DateTime<Utc>),
) -> Result<Seen<List<ForecastResource>>, ReadFailure> {
    let rows = places.read(sight).await?;
    let total = if page.count { Some(places.total(sight).await?) } else { None };
    let wanted = wanted(sight, &rows.value, filter).await?;
    let resource = |row: Placed<ByProduct, Series>| {
        let series = &row.item;
        ForecastResource::of(series, wanted.get(&(series.product_id, series.restaurant_id)), now)
    };
    Ok(rows.map(|rows| envelope(rows, page, LIST, total, resource)))
}

/// What was wanted on the days that the page's forecasts were tried on.
async fn wanted(
    sight: &Sight,
    rows: &[Placed<ByProduct, Series>],
    filter: ForecastFilter,
) -> Result<BTreeMap<(Uuid, Option<Uuid>), WantedDays>, ReadFailure> {
    let mut found = BTreeMap::new();
    // One run, so one window for all of them.
    let firsts = rows.iter().filter_map(|row| row.item.backtest().first().map(|day| day.day));
    let (Some(from), Some(until)) = (firsts.min(), rows.first().map(|row| row.item.run.origin_day)) else {
        return Ok(found);
    };
    let series = || rows.iter().map(|row| &row.item);
    let at_one: Vec<_> =
        series().filter_map(|series| Some((series.product_id, series.restaurant_id?))).collect();
    let mut days = wanted_at(sight, &at_one, (reaching(from), until)).await?;
    for one in series() {
        let Some(restaurant_id) = one.restaurant_id else { continue };
        // Nothing was wanted there where there is no month.
        let delivered = days.remove(&(one.product_id, restaurant_id)).unwrap_or_default();
        found.insert((one.product_id, Some(restaurant_id)), used(&delivered, &one.lasts, (from, until)));
    }
    let total = series().find(|series| series.restaurant_id.is_none());
    if let (Some(product_id), Some(_)) = (filter.product_id, total) {
        found.insert((product_id, None), wanted_of(sight, product_id, (from, until)).await?);
    }
    Ok(found)
}
