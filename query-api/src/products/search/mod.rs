//! `GET /api/v1/products?q=`: typo-tolerant, best first.
//!
//! Two ways. Where a good many products have the words that are meant ([`spelling`]), those are the answer ([`meant`]):
//! found by an index, they cost what they are, not what resembles them. Otherwise all that resembles the query is
//! ([`resembling`]). A cursor keeps to the way that its first page went.

mod meant;
mod resembling;
mod spelling;

use chrono::NaiveDate;
use events::{resource::ProductResource, values::is_search_word};
use platform::{
    error::{ApiError, Fault},
    paging::{List, Page},
};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row, postgres::PgRow};
use uuid::Uuid;

use super::{ProductRow, list::ProductFilter};
use crate::{
    failure::ReadFailure,
    freshness::Seen,
    listing::{Placed, after, comes_again, envelope},
    read_schema::ReadSchema,
    sight::Sight,
};

const LIST: &str = "products by q";
/// How much of the query's trigrams a stretch of the text must share. At the default of 0.6 one
/// letter left out of six is found, but not two swapped; below 0.4 every second product shares enough.
const SIMILAR_ENOUGH: &str = "0.4";
/// How alike words must be to be looked at as the one that was meant: two letters swapped in a word of five.
const WORD_SIMILAR_ENOUGH: &str = "0.2";
/// The query is a product's whole number (SKU, GTIN); such a one goes before all likeness.
///
/// The searched text ends in both, a GTIN being of 14 digits at most: only where the query stands in that end the state
/// is opened, which costs more than all else.
const IS_NUMBER: &str = "strpos(right(search, length(w.q) + 16), ' ' || w.q) > 0
    AND (lower(state #>> '{state,details,sku}') = w.q OR state #>> '{state,details,gtin}' = w.q)";
const NUMBER_SCORE: i64 = 2_000_000;

/// The place of a product in the list.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Best {
    score: i64,
    id: Uuid,
    /// A place among the matches of another query means nothing.
    q: String,
    /// What was meant, where the list is of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<Vec<String>>,
}

/// One page of matches.
pub(super) struct Search<'a> {
    /// In lower case, as the searched text is.
    q: String,
    filter: &'a ProductFilter,
    page: &'a Page,
    after: Option<Best>,
    today: NaiveDate,
}

type Rows = Seen<Vec<Placed<Best, ProductRow>>>;

impl<'a> Search<'a> {
    /// # Errors
    /// 422 `invalid_cursor`, also for a cursor of another `q`.
    pub(super) fn new(
        q: &str,
        filter: &'a ProductFilter,
        page: &'a Page,
        today: NaiveDate,
    ) -> Result<Self, ApiError> {
        let q = q.to_lowercase();
        let after: Option<Best> = after(page, LIST)?;
        if after.as_ref().is_some_and(|best| best.q != q || !best.words.iter().all(|words| are_sane(words))) {
            let message = "The cursor is not one of this list's.";
            let fault = Fault::new("cursor", "invalid_cursor", message);
            return Err(ApiError::unprocessable("invalid_cursor", message).with_details(vec![fault]));
        }
        Ok(Self { q, filter, page, after, today })
    }

    pub(super) async fn run(
        &self,
        (sight, schema): (&Sight, ReadSchema),
    ) -> Result<Seen<List<ProductResource>>, ReadFailure> {
        let mut tx = sight.connection().await;
        // To Postgres comparing costs nothing, so of a few thousand products it would compare each with the query.
        set_in_tx(&mut tx, "enable_seqscan", "off").await?;
        let (rows, total) = match self.meant_in_tx(&mut tx, schema).await? {
            Some((rows, total)) => (rows, Some(total).filter(|_| self.page.count)),
            None => (self.resembling_in_tx(&mut tx, schema).await?, self.total_in_tx(&mut tx, schema).await?),
        };
        let resource = |row: Placed<Best, ProductRow>| row.item.resource(row.key.id, self.today);
        Ok(rows.map(|rows| envelope(rows, self.page, LIST, total, resource)))
    }

    /// What is meant, and how many; `None` where the answer is not of that.
    async fn meant_in_tx(
        &self,
        tx: &mut PgConnection,
        schema: ReadSchema,
    ) -> Result<Option<(Rows, u64)>, ReadFailure> {
        let (words, matches_min) = match &self.after {
            // Begun so: however few there are now.
            Some(best) => (best.words.clone(), 0),
            None => (self.spelling_in_tx(tx).await?, meant::MATCHES_MIN),
        };
        let Some(words) = words else { return Ok(None) };
        let (rows, total) = self.having_in_tx(tx, schema, &words).await?;
        Ok(Some((rows, total)).filter(|_| total >= matches_min))
    }

    async fn spelling_in_tx(&self, tx: &mut PgConnection) -> Result<Option<Vec<String>>, ReadFailure> {
        let Some(typed) = spelling::words_of(&self.q) else { return Ok(None) };
        set_in_tx(tx, "pg_trgm.similarity_threshold", WORD_SIMILAR_ENOUGH).await?;
        spelling::meant_in_tx(tx, &typed).await
    }

    /// Pushes `(SELECT … AS q) w, products WHERE true`, and the filters but `q`.
    fn push_products(&self, sql: &mut QueryBuilder<'static, Postgres>, schema: ReadSchema) {
        sql.push("(SELECT ").push_bind(self.q.clone()).push("::text AS q) w, ");
        sql.push(format_args!("{schema}.products WHERE true"));
        self.filter.push(sql);
    }

    /// Pushes what comes after the cursor, best first; a `WHERE` must stand before it.
    fn push_after(&self, sql: &mut QueryBuilder<'static, Postgres>) {
        if let Some(after) = &self.after {
            sql.push(" AND (score, id) < (").push_bind(after.score).push(", ").push_bind(after.id).push(")");
        }
        sql.push(" ORDER BY score DESC, id DESC");
    }

    fn placed(&self, rows: &[PgRow], words: Option<&[String]>) -> sqlx::Result<Rows> {
        let position = rows.first().map(|row| row.try_get("position")).transpose()?.unwrap_or(0);
        let mut placed = Vec::with_capacity(rows.len());
        for row in rows {
            // The one row of an empty list holds the position and nothing else.
            let Some(id) = row.try_get("id")? else { continue };
            let words = words.map(<[String]>::to_vec);
            let key = Best { score: row.try_get("score")?, id, q: self.q.clone(), words };
            placed.push(Placed { key, item: ProductRow::read(row)? });
        }
        Ok(Seen { position, value: placed })
    }
}

/// Words such as ours are: a cursor is the caller's text.
fn are_sane(words: &[String]) -> bool {
    (1..=spelling::WORDS_MAX).contains(&words.len()) && words.iter().all(|word| is_search_word(word))
}

async fn rows_in_tx(
    tx: &mut PgConnection,
    mut sql: QueryBuilder<'static, Postgres>,
) -> Result<Vec<PgRow>, ReadFailure> {
    sql.push(") p ON true ORDER BY p.score DESC, p.id DESC");
    let keep = comes_again(&sql);
    Ok(sql.build().persistent(keep).fetch_all(tx).await?)
}

/// For this transaction alone: behind a pooler the connection is another caller's next.
async fn set_in_tx(tx: &mut PgConnection, setting: &'static str, value: &'static str) -> sqlx::Result<()> {
    let sql = "SELECT set_config($1, $2, true)";
    sqlx::query(sql).bind(setting).bind(value).execute(tx).await.map(drop)
}
