//! Lists, newest first: SQL around a page, cursors, and the envelope.

use chrono::{DateTime, Utc};
use events::fold::Folded;
use platform::{
    error::ApiError,
    paging::{List, Page, read_cursor},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use crate::{
    failure::ReadFailure,
    freshness::{ReadModel, Seen, checkpoint_in, checkpoint_of, names},
    read_schema::ReadSchema,
    sight::Sight,
};

/// The place of a row in a list, newest first; total, as the id breaks ties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Newest {
    pub(crate) at: DateTime<Utc>,
    pub(crate) id: Uuid,
}

/// A row and its place.
pub(crate) struct Placed<K, T> {
    pub(crate) key: K,
    pub(crate) item: T,
}

/// A SELECT that yields `position`, and the rows of the inner SELECT that is pushed next.
///
/// Both are of one snapshot, so the position is true for the rows. The inner SELECT names its columns `id`
/// and `at` and whatever [`fetch`]'s decoder reads.
pub(crate) fn open(models: &[ReadModel]) -> QueryBuilder<'static, Postgres> {
    open_at(checkpoint_of(models), models)
}

/// The same, of the tables of that schema, for read models of projections alone.
pub(crate) fn open_in(schema: ReadSchema, models: &[ReadModel]) -> QueryBuilder<'static, Postgres> {
    open_at(&checkpoint_in(schema), models)
}

fn open_at(checkpoint: &str, models: &[ReadModel]) -> QueryBuilder<'static, Postgres> {
    let head = format!("SELECT c.position, p.* FROM {checkpoint} c LEFT JOIN LATERAL (");
    // `$1` stands in the text already: the builder is told of the bound names, and counts on from two.
    QueryBuilder::with_arguments(head, arguments(names(models)))
}

fn arguments(names: Vec<&'static str>) -> sqlx::postgres::PgArguments {
    use sqlx::Arguments;
    let mut arguments = sqlx::postgres::PgArguments::default();
    arguments.add(names).expect("a text array can be bound");
    arguments
}

/// Where a page begins.
///
/// # Errors
/// 422 `invalid_cursor`.
pub(crate) fn after<K: DeserializeOwned>(page: &Page, list: &'static str) -> Result<Option<K>, ApiError> {
    page.cursor.as_deref().map(|cursor| read_cursor(list, cursor)).transpose()
}

/// The two columns that a list is sorted by; an index ends in them.
#[derive(Clone, Copy)]
pub(crate) struct SortColumns {
    pub(crate) at: &'static str,
    pub(crate) id: &'static str,
}

/// How much of a branch is needed.
#[derive(Clone, Copy)]
pub(crate) enum Take {
    /// The page itself: its rows, one more to know of a next page, behind the offset.
    Page,
    /// Whatever can come into the page from this branch, the offset included.
    Branch,
}

/// Pushes `AND (at, id) < (…) ORDER BY … LIMIT …`; a `WHERE` must stand before it.
pub(crate) fn push_window(
    sql: &mut QueryBuilder<'static, Postgres>,
    columns: SortColumns,
    after: Option<Newest>,
    page: &Page,
    take: Take,
) {
    let SortColumns { at, id } = columns;
    if let Some(after) = after {
        // A row comparison is what lets the index start at the place itself.
        sql.push(format_args!(" AND ({at}, {id}) < ("));
        sql.push_bind(after.at).push(", ").push_bind(after.id).push(")");
    }
    sql.push(format_args!(" ORDER BY {at} DESC, {id} DESC"));
    push_bounds(sql, page, take);
}

/// Pushes `LIMIT …`. The numbers stand in the text: a plan that is made for all callers is then one for a page, where
/// behind a parameter Postgres expects a tenth of the table, and sorts it.
pub(crate) fn push_bounds(sql: &mut QueryBuilder<'static, Postgres>, page: &Page, take: Take) {
    // Numbers of ours, parsed and bounded: no caller's text gets here.
    let (rows, offset) = (page.limit_i64() + 1, page.offset_i64());
    match take {
        Take::Page if offset == 0 => sql.push(format_args!(" LIMIT {rows}")),
        Take::Page => sql.push(format_args!(" LIMIT {rows}{OFFSET}{offset}")),
        Take::Branch => sql.push(format_args!(" LIMIT {}", rows.saturating_add(offset))),
    };
}

/// Whether the connection is to keep the statement: not one per offset, which would drive out those that come again.
pub(crate) fn comes_again(sql: &QueryBuilder<'static, Postgres>) -> bool {
    !sql.sql().contains(OFFSET)
}

const OFFSET: &str = " OFFSET ";

/// Runs what [`open`] began and gives the rows in the order `sorted_by` says.
pub(crate) async fn fetch<T>(
    sight: &Sight,
    mut sql: QueryBuilder<'static, Postgres>,
    decode: impl Fn(&PgRow) -> sqlx::Result<T>,
) -> Result<Seen<Vec<Placed<Newest, T>>>, ReadFailure> {
    sql.push(") p ON true ORDER BY p.at DESC, p.id DESC");
    let keep = comes_again(&sql);
    let rows = sql.build().persistent(keep).fetch_all(&mut *sight.connection().await).await?;
    let position = rows.first().map(|row| row.try_get("position")).transpose()?.unwrap_or(0);
    let mut placed = Vec::with_capacity(rows.len());
    for row in &rows {
        // The one row of an empty list holds the position and nothing else.
        let Some(id) = row.try_get("id")? else { continue };
        placed.push(Placed { key: Newest { at: row.try_get("at")?, id }, item: decode(row)? });
    }
    Ok(Seen { position, value: placed })
}

/// The fold in column `state`.
pub(crate) fn state<S: DeserializeOwned>(row: &PgRow) -> sqlx::Result<Folded<S>> {
    row.try_get::<Json<Folded<S>>, _>("state").map(|json| json.0)
}

/// The envelope around rows of which there may be one more than the page has.
pub(crate) fn envelope<K: Serialize, R, T>(
    rows: Vec<Placed<K, R>>,
    page: &Page,
    list: &'static str,
    total: Option<u64>,
    resource: impl Fn(Placed<K, R>) -> T,
) -> List<T> {
    let List { items, limit, offset, next_cursor, .. } =
        List::of(rows, page, list, |row| serialised(&row.key));
    List { items: items.into_iter().map(resource).collect(), limit, offset, next_cursor, total }
}

/// The key by value: a cursor outlives the rows that it was made from.
fn serialised<K: Serialize>(key: &K) -> serde_json::Value {
    serde_json::to_value(key).expect("sort keys are plain values")
}

/// `count(*)` of what a builder selects.
pub(crate) async fn count(
    sight: &Sight,
    mut sql: QueryBuilder<'static, Postgres>,
) -> Result<u64, ReadFailure> {
    let count: i64 = sql.build_query_scalar().fetch_one(&mut *sight.connection().await).await?;
    Ok(count.unsigned_abs())
}
