//! `GET /api/v1/notification-devices`.

use std::sync::Arc;

use axum::response::Response;
use events::resource::DeviceResource;
use platform::{
    error::ApiError,
    paging::{List, NoFilter, Page, PageParams, Paged},
};
use sqlx::{FromRow, Postgres, QueryBuilder, postgres::PgRow};
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

const LIST: &str = "notification-devices";
/// Devices are there as soon as they are registered; what the answer says of the log is what holds for accounts.
const MODELS: [ReadModel; 1] = [ReadModel::Accounts];
const SORT: SortColumns = SortColumns { at: "d.created_at", id: "d.device_id" };

/// The devices that the caller's pushes go to, newest first.
#[utoipa::path(
    get, path = "/api/v1/notification-devices", tag = "notifications", params(PageParams, ReadHeaders),
    security(("bearer" = [])),
    responses((status = 200, body = List<DeviceResource>), ReadRefusals, ListRefusals)
)]
pub(crate) async fn list_notification_devices(
    reader: Reader,
    Paged { page, .. }: Paged<NoFilter>,
) -> Result<Response, ApiError> {
    let after = after(&page, LIST)?;
    let read = async |sight: Sight, viewer| devices(&sight, viewer, &page, after).await;
    Ok(answer::json(reader.many(&MODELS, read).await?))
}

async fn devices(
    sight: &Sight,
    viewer: Arc<Viewer>,
    page: &Page,
    after: Option<Newest>,
) -> Result<Seen<List<DeviceResource>>, ReadFailure> {
    let mut sql = open(&MODELS);
    sql.push("SELECT d.device_id AS id, d.created_at AS at, d.device_id, d.name, d.created_at");
    push_own(&mut sql, viewer.account_id);
    push_window(&mut sql, SORT, after, page, Take::Page);
    let rows = fetch(sight, sql, decode).await?;
    let total = if page.count { Some(total(sight, viewer.account_id).await?) } else { None };
    Ok(rows.map(|rows| envelope(rows, page, LIST, total, |row| row.item)))
}

async fn total(sight: &Sight, account_id: Uuid) -> Result<u64, ReadFailure> {
    let mut sql = QueryBuilder::new("SELECT count(*)");
    push_own(&mut sql, account_id);
    count(sight, sql).await
}

fn push_own(sql: &mut QueryBuilder<'static, Postgres>, account_id: Uuid) {
    sql.push(" FROM notifications.devices d WHERE d.account_id = ").push_bind(account_id);
}

fn decode(row: &PgRow) -> sqlx::Result<DeviceResource> {
    DeviceResource::from_row(row)
}
