//! `GET /api/v1/notifications`.

use std::sync::Arc;

use axum::response::Response;
use deserr::Deserr;
use events::resource::NotificationResource;
use platform::{
    body::{Faults, Parsed},
    error::ApiError,
    paging::{List, Page, PageParams, Paged},
};
use sqlx::{FromRow, Postgres, QueryBuilder, postgres::PgRow};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    access::Viewer,
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen},
    listing::{Newest, SortColumns, Take, after, count, envelope, fetch, open, push_window},
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals},
    sight::Sight,
};

const LIST: &str = "notifications";
const MODELS: [ReadModel; 1] = [ReadModel::Notifications];
const SORT: SortColumns = SortColumns { at: "n.created_at", id: "n.notification_id" };

/// Which notifications.
#[derive(Clone, Copy, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NotificationFilter {
    /// With `true` those alone that have not been read.
    #[deserr(default)]
    #[param(value_type = Option<bool>, default = false)]
    unread: Option<Parsed<bool>>,
}

/// The caller's inbox, newest first. How many are unread is the `total` of `unread=true&count=true`.
#[utoipa::path(
    get, path = "/api/v1/notifications", tag = "notifications",
    params(NotificationFilter, PageParams, ReadHeaders), security(("bearer" = [])),
    responses((status = 200, body = List<NotificationResource>), ReadRefusals, ListRefusals)
)]
pub(crate) async fn list_notifications(
    reader: Reader,
    Paged { page, filter }: Paged<NotificationFilter>,
) -> Result<Response, ApiError> {
    let after = after(&page, LIST)?;
    let read = async |sight: Sight, viewer| notifications(&sight, viewer, filter, &page, after).await;
    Ok(answer::json(reader.many(&MODELS, read).await?))
}

async fn notifications(
    sight: &Sight,
    viewer: Arc<Viewer>,
    filter: NotificationFilter,
    page: &Page,
    after: Option<Newest>,
) -> Result<Seen<List<NotificationResource>>, ReadFailure> {
    let mut sql = open(&MODELS);
    sql.push(
        "SELECT n.notification_id AS id, n.created_at AS at, n.notification_id, n.kind, n.title, n.body, \
                n.subject_kind, n.subject_id, n.created_at, n.read_at",
    );
    push_inbox(&mut sql, viewer.account_id, filter);
    push_window(&mut sql, SORT, after, page, Take::Page);
    let rows = fetch(sight, sql, decode).await?;
    let total = if page.count { Some(total(sight, viewer.account_id, filter).await?) } else { None };
    Ok(rows.map(|rows| envelope(rows, page, LIST, total, |row| row.item)))
}

async fn total(sight: &Sight, account_id: Uuid, filter: NotificationFilter) -> Result<u64, ReadFailure> {
    let mut sql = QueryBuilder::new("SELECT count(*)");
    push_inbox(&mut sql, account_id, filter);
    count(sight, sql).await
}

/// The account stands in the condition whatever the role is: not even an `ADMIN` reads another's inbox.
fn push_inbox(sql: &mut QueryBuilder<'static, Postgres>, account_id: Uuid, filter: NotificationFilter) {
    sql.push(" FROM notifications.notifications n WHERE n.in_app AND n.account_id = ").push_bind(account_id);
    if filter.unread.is_some_and(|unread| unread.0) {
        sql.push(" AND n.read_at IS NULL");
    }
}

fn decode(row: &PgRow) -> sqlx::Result<NotificationResource> {
    NotificationResource::from_row(row)
}
