//! `GET /api/v1/webhook-endpoints`.

use std::sync::Arc;

use axum::response::Response;
use chrono::{DateTime, Utc};
use deserr::Deserr;
use events::{
    fold::Folded,
    resource::{EndpointHealth, WebhookEndpointResource},
    webhook_endpoint::{EndpointStatus, WebhookEndpoint},
};
use platform::{
    body::{Faults, FromText, Invalid, Parsed},
    error::{ApiError, ErrorBody},
    paging::{List, Page, PageParams, Paged},
};
use sqlx::{Postgres, QueryBuilder};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    get::MODELS,
    health::{self, health},
};
use crate::{
    access::Viewer,
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen},
    listing::{Newest, SortColumns, Take, after, count, envelope, fetch, open, push_window, state},
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals, not_found},
    restaurants::get::visible_restaurant,
    sight::Sight,
};

const LIST: &str = "webhook_endpoints";
const RESTAURANTS: [ReadModel; 2] = [ReadModel::Restaurants, ReadModel::Orders];
const SORT: SortColumns = SortColumns { at: "w.created_at", id: "w.endpoint_id" };

/// Which endpoints.
#[derive(Clone, Copy, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EndpointsFilter {
    /// Of this buyer.
    #[deserr(default)]
    restaurant_id: Option<Uuid>,
    /// Of this seller.
    #[deserr(default)]
    supplier_id: Option<Uuid>,
    /// That stand there.
    #[deserr(default)]
    #[param(value_type = Option<ListedStatus>, inline)]
    status: Option<Parsed<Status>>,
}

/// The statuses that can be asked for: what is deleted is in no list.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the parameter; Status reads it")]
enum ListedStatus {
    Active,
    Unverified,
    Disabled,
}

/// A status as a parameter.
#[derive(Clone, Copy, Debug)]
struct Status(EndpointStatus);

impl FromText for Status {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let known = text.parse().map(Self);
        known.map_err(|unknown| Invalid::new("unknown_value", format!("Status {unknown}.")))
    }
}

/// The webhook endpoints that the caller may see, newest first; deleted ones are gone.
#[utoipa::path(
    get, path = "/api/v1/webhook-endpoints", tag = "webhooks",
    params(EndpointsFilter, PageParams, ReadHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = List<WebhookEndpointResource>),
        (status = 404, body = ErrorBody, description = "`restaurant_not_found`: the filter names one that the \
            caller may not see."),
        ReadRefusals, ListRefusals
    )
)]
pub(crate) async fn list_webhook_endpoints(
    reader: Reader,
    Paged { page, filter }: Paged<EndpointsFilter>,
) -> Result<Response, ApiError> {
    let after = after(&page, LIST)?;
    if let Some(id) = filter.restaurant_id {
        let read = async |sight: Sight, viewer| visible_restaurant(&sight, viewer, id).await;
        reader.one(&RESTAURANTS, || not_found("restaurant", id), read).await?;
    }
    let now = reader.state.clock.now();
    let read = async |sight: Sight, viewer| endpoints(&sight, viewer, filter, (&page, after), now).await;
    Ok(answer::json(reader.many(&MODELS, read).await?))
}

/// An endpoint's fold, and how its deliveries go.
type Found = (Folded<WebhookEndpoint>, Option<EndpointHealth>);

async fn endpoints(
    sight: &Sight,
    viewer: Arc<Viewer>,
    filter: EndpointsFilter,
    (page, after): (&Page, Option<Newest>),
    now: DateTime<Utc>,
) -> Result<Seen<List<WebhookEndpointResource>>, ReadFailure> {
    let mut sql = open(&MODELS);
    // The page first, then what its rows need: no lane beyond it is touched.
    sql.push(format_args!("SELECT w.endpoint_id AS id, w.created_at AS at, w.state, {} ", health::COLUMNS));
    sql.push("FROM (SELECT w.* FROM read.webhook_endpoints w");
    filter.push_visible(&mut sql, &viewer);
    push_window(&mut sql, SORT, after, page, Take::Page);
    sql.push(") w").push(health::LANE);
    let decode = |row: &_| Ok::<Found, sqlx::Error>((state::<WebhookEndpoint>(row)?, health(row, now)?));
    let rows = fetch(sight, sql, decode).await?;
    let total = if page.count { Some(total(sight, &viewer, filter).await?) } else { None };
    Ok(rows.map(|rows| {
        envelope(rows, page, LIST, total, |row| {
            let (folded, health) = row.item;
            let resource = WebhookEndpointResource::of(row.key.id.into(), &folded, now);
            WebhookEndpointResource { health, ..resource }
        })
    }))
}

async fn total(sight: &Sight, viewer: &Viewer, filter: EndpointsFilter) -> Result<u64, ReadFailure> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM read.webhook_endpoints w");
    filter.push_visible(&mut sql, viewer);
    count(sight, sql).await
}

impl EndpointsFilter {
    /// Pushes ` WHERE …`: what the viewer may see, and each filter given.
    ///
    /// Whoever does not see everything has a handful of endpoints, found by their owner.
    fn push_visible(self, sql: &mut QueryBuilder<'static, Postgres>, viewer: &Viewer) {
        sql.push(" WHERE w.status <> 'deleted'");
        if !viewer.sees_everything() {
            let mut owners = viewer.owned();
            owners.push(viewer.account_id);
            sql.push(" AND w.owner_id = ANY(").push_bind(owners).push(")");
        }
        // Ids are unique over both kinds, so an id of the other kind finds nothing.
        for owner in [self.restaurant_id, self.supplier_id].into_iter().flatten() {
            sql.push(" AND w.owner_id = ").push_bind(owner);
        }
        if let Some(Parsed(Status(status))) = self.status {
            sql.push(" AND w.status = ").push_bind(status.name());
        }
    }
}
