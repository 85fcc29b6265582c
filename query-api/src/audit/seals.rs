//! `GET /api/v1/audit/seals`.

use axum::response::Response;
use events::audit::{PublicKey, Seal, SealDocument, newest_seals, read_keys};
use platform::{
    error::ApiError,
    paging::{List, NoFilter, Page, PageParams, Paged},
};
use serde_json::json;

use super::{expect_auditor, looked_at};
use crate::{
    answer,
    failure::ReadFailure,
    freshness::Seen,
    listing::{Placed, after, envelope},
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals},
    sight::Sight,
};

const LIST: &str = "seals";

/// The seals over the log, newest first; for `ADMIN` and `AUDITOR`.
#[utoipa::path(
    get, path = "/api/v1/audit/seals", tag = "audit",
    params(PageParams, ReadHeaders), security(("bearer" = [])),
    responses((status = 200, body = List<SealDocument>), ReadRefusals, ListRefusals)
)]
pub(crate) async fn list_seals(
    reader: Reader,
    Paged { page, filter: NoFilter {} }: Paged<NoFilter>,
) -> Result<Response, ApiError> {
    expect_auditor(reader.role)?;
    let before = after(&page, LIST)?;
    let listed = seals(&reader.sight().await?, &page, before).await?;
    looked_at(&reader, "log", None, json!({ "list": LIST })).await?;
    // Seals are written by themselves: what is listed says how far it goes.
    let position = listed.items.first().map_or(0, |seal| seal.last_position);
    Ok(answer::json(Seen { position, value: listed }))
}

async fn seals(sight: &Sight, page: &Page, before: Option<i64>) -> Result<List<SealDocument>, ReadFailure> {
    let found =
        newest_seals(&mut *sight.connection().await, before, page.limit_i64() + 1, page.offset_i64()).await?;
    let keys: Vec<PublicKey> =
        read_keys(&mut *sight.connection().await).await?.into_iter().map(|known| known.key).collect();
    let rows = found.into_iter().map(|seal| Placed { key: seal.number, item: seal }).collect();
    let total = if page.count { Some(total(sight).await?) } else { None };
    Ok(envelope(rows, page, LIST, total, |row| document(&row.item, &keys)))
}

/// A seal whose key the table does not have is shown all the same, without one: verifying says what is wrong.
fn document(seal: &Seal, keys: &[PublicKey]) -> SealDocument {
    match keys.iter().find(|key| key.id() == seal.key_id) {
        Some(key) => SealDocument::new(seal, key),
        None => SealDocument::without_key(seal),
    }
}

async fn total(sight: &Sight) -> Result<u64, ReadFailure> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM audit.seals")
        .fetch_one(&mut *sight.connection().await)
        .await?;
    Ok(count.unsigned_abs())
}
