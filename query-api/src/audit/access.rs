//! `GET /api/v1/audit/access`: who got to see or do what.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use deserr::Deserr;
use futures::stream;
use platform::{
    access_log::Kind,
    body::{Faults, FromText, Invalid, Parsed},
    error::ApiError,
    paging::{List, PageParams, Paged},
};
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{
    access_rows::{AccessKey, AccessResource, accesses, count_accesses},
    expect_auditor,
};
use crate::{
    answer,
    failure::ReadFailure,
    freshness::{IRIS_POSITION, ReadModel, Seen},
    listing::{after, envelope},
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals},
    sight::Sight,
};

const LIST: &str = "accesses";
const MODELS: [ReadModel; 1] = [ReadModel::PrivilegedActions];
const NDJSON: &str = "application/x-ndjson";
/// Rows that a stream holds in memory at a time.
const STREAM_ROWS: u32 = 500;

/// Which accesses.
#[derive(Clone, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccessFilter {
    /// Of this kind: `login`, `login_failed`, `token_refreshed`, `refresh_reused`, `logout`, `secret_read`,
    /// `personal_data_read`, `history_read`, `export`, `invoice_file_read`, `forbidden`, `role_changed`,
    /// `membership_changed`, `login_changed`, `admin_action`, `api_key_changed`.
    #[deserr(default)]
    #[param(value_type = Option<String>, pattern = "^[a-z_]{1,40}$", example = "personal_data_read")]
    pub(super) kind: Option<Parsed<KindName>>,
    /// By this account.
    #[deserr(default)]
    pub(super) account_id: Option<Uuid>,
    /// Of this account, organisation, document or API key.
    #[deserr(default)]
    pub(super) subject_id: Option<Uuid>,
    /// At this time or later.
    #[deserr(default)]
    #[param(example = "2026-11-01T00:00:00Z")]
    pub(super) from: Option<DateTime<Utc>>,
    /// Before this time.
    #[deserr(default)]
    #[param(example = "2026-12-01T00:00:00Z")]
    pub(super) to: Option<DateTime<Utc>>,
}

/// The name of a kind; later versions have more of them, so any word of that form passes.
#[derive(Clone, Debug)]
pub(super) struct KindName(pub(super) String);

impl FromText for KindName {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let is_word = |text: &&str| {
            (1..=40).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        let known = Some(text).filter(is_word).map(|text| Self(text.to_owned()));
        known.ok_or_else(|| Invalid::new("unknown_value", "Must be the name of a kind, such as login."))
    }
}

/// Logins, refusals, reads of what is secret, personal or history, and what was done by ADMIN; newest first.
///
/// Changes of roles, memberships and API keys and actions of ADMIN are told from the log of events, the rest from the
/// access log, which is kept for `ACCESS_LOG_DAYS`. With `Accept: application/x-ndjson` all of it comes, a line per
/// access and a last line `{"end":true,"position":N,"count":M}`: a cut stream is never taken for a whole one;
/// `limit`, `offset` and `count` then mean nothing.
#[utoipa::path(
    get, path = "/api/v1/audit/access", tag = "audit", params(AccessFilter, PageParams, ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, content(
            (List<AccessResource> = "application/json"), (AccessResource = "application/x-ndjson")
        )),
        ReadRefusals, ListRefusals
    )
)]
pub(crate) async fn list_accesses(
    reader: Reader,
    Paged { page, filter }: Paged<AccessFilter>,
) -> Result<Response, ApiError> {
    expect_auditor(reader.role)?;
    let after: Option<AccessKey> = after(&page, LIST)?;
    let looked = |kind| reader.access(kind).of("access_log", None).with(told(&filter));
    if wants_stream(&reader.headers) {
        reader.record(looked(Kind::EXPORT)).await?;
        let read = async |sight: Sight, _| accesses(&sight, &filter, after.as_ref(), whole(0)).await;
        let first = reader.many(&MODELS, read).await?;
        return Ok(streamed(reader, filter, first));
    }
    reader.record(looked(Kind::HISTORY_READ)).await?;
    let read = async |sight: Sight, _| {
        let rows =
            accesses(&sight, &filter, after.as_ref(), (page.limit_i64() + 1, page.offset_i64())).await?;
        let total = if page.count { Some(count_accesses(&sight, &filter).await?) } else { None };
        Ok(rows.map(|rows| envelope(rows, &page, LIST, total, |row| row.item)))
    };
    Ok(answer::json(reader.many(&MODELS, read).await?))
}

/// What was asked for, without the times.
fn told(filter: &AccessFilter) -> serde_json::Value {
    let kind = filter.kind.as_ref().map(|kind| &kind.0.0);
    json!({ "kind": kind, "account_id": filter.account_id, "subject_id": filter.subject_id })
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.any(|value| value.split(',').any(|range| range.split(';').next().map(str::trim) == Some(NDJSON)))
}

/// Rows from that offset, as many as a stream holds.
fn whole(offset: i64) -> (i64, i64) {
    (i64::from(STREAM_ROWS), offset)
}

type Rows = Vec<crate::listing::Placed<AccessKey, AccessResource>>;

/// Where a stream is.
struct Streaming {
    reader: Reader,
    filter: AccessFilter,
    rows: Rows,
    count: u64,
    position: i64,
    is_over: bool,
}

fn streamed(reader: Reader, filter: AccessFilter, first: Seen<Rows>) -> Response {
    let position = first.position;
    let begun = Streaming { reader, filter, rows: first.value, count: 0, position, is_over: false };
    // A page that cannot be read ends the stream without its last line, so the reader knows.
    let lines = stream::try_unfold(begun, |streaming| async move {
        if streaming.is_over {
            return Ok::<_, ReadFailure>(None);
        }
        Ok(Some(streaming.next_lines().await?))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(NDJSON)),
        (IRIS_POSITION, HeaderValue::from(position)),
    ];
    (headers, Body::from_stream(lines)).into_response()
}

impl Streaming {
    async fn next_lines(mut self) -> Result<(Bytes, Self), ReadFailure> {
        let mut lines = Vec::new();
        for row in &self.rows {
            lines.extend(serde_json::to_vec(&row.item).expect("a row is plain JSON"));
            lines.push(b'\n');
        }
        self.count += self.rows.len() as u64;
        let is_last = self.rows.len() < STREAM_ROWS as usize;
        match self.rows.last() {
            Some(last) if !is_last => {
                // A look per page: however slowly it is read, no transaction is held meanwhile.
                let sight = self.reader.sight().await?;
                self.rows = accesses(&sight, &self.filter, Some(&last.key), whole(0)).await?.value;
            }
            _ => {
                let end = json!({ "end": true, "position": self.position, "count": self.count });
                lines.extend(end.to_string().into_bytes());
                lines.push(b'\n');
                self.is_over = true;
            }
        }
        Ok((lines.into(), self))
    }
}
