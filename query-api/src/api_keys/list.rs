//! `GET /api/v1/api-keys`.

use std::sync::Arc;

use axum::response::Response;
use chrono::{DateTime, Utc};
use deserr::Deserr;
use events::{
    api_key::{ApiKey, ApiKeyStatus},
    fold::Folded,
    resource::ApiKeyResource,
};
use platform::{
    body::{Faults, FromText, Invalid, Parsed},
    error::ApiError,
    paging::{List, Page, PageParams, Paged},
};
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow};
use utoipa::IntoParams;
use uuid::Uuid;

use super::get::MODELS;
use crate::{
    access::Viewer,
    answer,
    failure::ReadFailure,
    freshness::Seen,
    listing::{Newest, SortColumns, Take, after, count, envelope, fetch, open, push_window, state},
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals},
    sight::Sight,
};

const LIST: &str = "api_keys";
const SORT: SortColumns = SortColumns { at: "k.created_at", id: "k.key_id" };

/// Which keys.
#[derive(Clone, Copy, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct KeysFilter {
    /// Of this account; who does not see everything sees its own alone.
    #[deserr(default)]
    account_id: Option<Uuid>,
    /// That stand there now.
    #[deserr(default)]
    #[param(value_type = Option<ApiKeyStatus>, inline)]
    status: Option<Parsed<Status>>,
}

/// A status as a parameter.
#[derive(Clone, Copy, Debug)]
struct Status(ApiKeyStatus);

impl FromText for Status {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let known = text.parse().map(Self);
        known.map_err(|unknown| Invalid::new("unknown_value", format!("Status {unknown}.")))
    }
}

/// The caller's API keys, newest first, expired and revoked ones included; for `ADMIN` and `AUDITOR` those of all.
#[utoipa::path(
    get, path = "/api/v1/api-keys", tag = "api-keys",
    params(KeysFilter, PageParams, ReadHeaders), security(("bearer" = [])),
    responses((status = 200, body = List<ApiKeyResource>), ReadRefusals, ListRefusals)
)]
pub(crate) async fn list_api_keys(
    reader: Reader,
    Paged { page, filter }: Paged<KeysFilter>,
) -> Result<Response, ApiError> {
    let after = after(&page, LIST)?;
    let now = reader.state.clock.now();
    let read = async |sight: Sight, viewer| keys(&sight, viewer, filter, (&page, after), now).await;
    Ok(answer::json(reader.many(&MODELS, read).await?))
}

/// A key's fold, and when it was last used.
type Found = (Folded<ApiKey>, Option<DateTime<Utc>>);

async fn keys(
    sight: &Sight,
    viewer: Arc<Viewer>,
    filter: KeysFilter,
    (page, after): (&Page, Option<Newest>),
    now: DateTime<Utc>,
) -> Result<Seen<List<ApiKeyResource>>, ReadFailure> {
    let mut sql = open(&MODELS);
    // The page first, then when its rows were used.
    sql.push("SELECT k.key_id AS id, k.created_at AS at, k.state, u.last_used_at ");
    sql.push("FROM (SELECT k.* FROM read.api_keys k");
    filter.push_visible(&mut sql, &viewer, now);
    push_window(&mut sql, SORT, after, page, Take::Page);
    sql.push(") k LEFT JOIN auth.api_keys u USING (key_id)");
    let decode =
        |row: &PgRow| Ok::<Found, sqlx::Error>((state::<ApiKey>(row)?, row.try_get("last_used_at")?));
    let rows = fetch(sight, sql, decode).await?;
    let total = if page.count { Some(total(sight, &viewer, filter, now).await?) } else { None };
    Ok(rows.map(|rows| {
        envelope(rows, page, LIST, total, |row| {
            let (folded, last_used_at) = row.item;
            let resource = ApiKeyResource::of(row.key.id.into(), &folded, now);
            ApiKeyResource { last_used_at, ..resource }
        })
    }))
}

async fn total(
    sight: &Sight,
    viewer: &Viewer,
    filter: KeysFilter,
    now: DateTime<Utc>,
) -> Result<u64, ReadFailure> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM read.api_keys k");
    filter.push_visible(&mut sql, viewer, now);
    count(sight, sql).await
}

impl KeysFilter {
    /// Pushes ` WHERE …`: what the viewer may see, and each filter given.
    fn push_visible(self, sql: &mut QueryBuilder<'static, Postgres>, viewer: &Viewer, now: DateTime<Utc>) {
        sql.push(" WHERE true");
        if !viewer.sees_everything() {
            sql.push(" AND k.account_id = ").push_bind(viewer.account_id);
        }
        if let Some(account_id) = self.account_id {
            sql.push(" AND k.account_id = ").push_bind(account_id);
        }
        // As `ApiKey::status` has it.
        match self.status.map(|Parsed(Status(status))| status) {
            None => {}
            Some(ApiKeyStatus::Revoked) => {
                sql.push(" AND k.revoked");
            }
            Some(ApiKeyStatus::Expired) => {
                sql.push(" AND NOT k.revoked AND k.expires_at <= ").push_bind(now);
            }
            Some(ApiKeyStatus::Active) => {
                sql.push(" AND NOT k.revoked AND k.expires_at > ").push_bind(now);
            }
        }
    }
}
