//! `GET /api/v1/forecasts/{product_id}/plot.svg`.

use std::sync::Arc;

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use deserr::Deserr;
use platform::{
    body::{Faults, Path, Query},
    error::{ApiError, ErrorBody},
};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{
    Figure, MODELS, STYLE,
    list::buys_for,
    policy_of_styles,
    series::{Series, series},
    wanted::{reaching, used, wanted_at, wanted_in_all},
};
use crate::{
    access::{OrganisationKind, Viewer},
    failure::ReadFailure,
    freshness::{IRIS_POSITION, Seen},
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
};

/// Whose demand.
#[derive(Clone, Copy, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlotOf {
    /// This restaurant's. Default: that of all together, for those who may see it; else that of the one restaurant that
    /// the caller works for.
    #[deserr(default)]
    restaurant_id: Option<Uuid>,
}

/// A product's demand of the last 8 weeks and what is expected of the next 14 days, as a picture.
///
/// Bars are what was wanted, at a restaurant spread over the days that a delivery lasts; behind those of the last 28 days stands the band of 95 % that had been forecast the day
/// before. Ahead: the bands of 95 % and 80 %, and the middle. Light or dark as its reader has it; it runs nothing and
/// loads nothing.
#[utoipa::path(
    get, path = "/api/v1/forecasts/{product_id}/plot.svg", tag = "forecasts",
    params(("product_id" = Uuid, Path, description = "The product."), PlotOf, ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The picture.", content((String = "image/svg+xml"))),
        (status = 404, body = ErrorBody, description = "`forecast_not_found`: nothing is expected of it yet, or it is \
            not for the caller to know."),
        ReadRefusals, ListRefusals
    )
)]
pub(crate) async fn get_forecast_plot(
    reader: Reader,
    Path(product_id): Path<Uuid>,
    Query(of): Query<PlotOf>,
) -> Result<Response, ApiError> {
    let read = async |sight: Sight, viewer: Arc<Viewer>| drawn(&sight, &viewer, product_id, of).await;
    let picture = reader.one(&MODELS, || not_found("forecast", product_id), read).await?;
    let headers = [
        (IRIS_POSITION, HeaderValue::from(picture.position)),
        (header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")),
        // An SVG that is opened by itself is a document: it may do no more than wear its own style.
        (header::CONTENT_SECURITY_POLICY, policy_of_styles(&[STYLE])),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    Ok((headers, picture.value).into_response())
}

async fn drawn(
    sight: &Sight,
    viewer: &Viewer,
    product_id: Uuid,
    of: PlotOf,
) -> Result<Seen<Option<String>>, ReadFailure> {
    let found = visible(sight, viewer, product_id, of).await?;
    let Some(series) = found.value else { return Ok(Seen { position: found.position, value: None }) };
    let window = Figure::history_of(&series);
    let wanted = match series.restaurant_id {
        Some(restaurant_id) => {
            let place = (product_id, restaurant_id);
            let from_before = (reaching(window.0), window.1);
            let delivered = wanted_at(sight, &[place], from_before).await?.remove(&place).unwrap_or_default();
            used(&delivered, &series.lasts, window)
        }
        None => wanted_in_all(sight, &series).await?,
    };
    let picture = Figure { series: &series, wanted: &wanted }.svg().into_string();
    Ok(Seen { position: found.position, value: Some(picture) })
}

/// The series that is asked for, if the viewer may see it.
async fn visible(
    sight: &Sight,
    viewer: &Viewer,
    product_id: Uuid,
    of: PlotOf,
) -> Result<Seen<Option<Series>>, ReadFailure> {
    if let Some(restaurant_id) = of.restaurant_id {
        let found = series(sight, product_id, Some(restaurant_id)).await?;
        return Ok(found.map(|series| series.filter(|_| buys_for(viewer, restaurant_id))));
    }
    let total = series(sight, product_id, None).await?;
    let sells = |series: &Series| {
        viewer.sees_everything()
            || viewer.trading_as(OrganisationKind::Supplier).contains(&series.supplier_id)
    };
    let total = total.map(|total| total.filter(sells));
    match viewer.trading_as(OrganisationKind::Restaurant)[..] {
        [only] if total.value.is_none() => series(sight, product_id, Some(only)).await,
        _ => Ok(total),
    }
}
