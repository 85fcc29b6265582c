//! `GET /api/v1/products?q=`: typo-tolerant, best first.

use chrono::NaiveDate;
use events::resource::ProductResource;
use platform::{
    error::{ApiError, Fault},
    paging::{List, Page},
};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::{COLUMNS, MODELS, ProductRow, list::ProductFilter};
use crate::{
    failure::ReadFailure,
    freshness::Seen,
    listing::{Placed, Take, after, comes_again, envelope, open_in, push_bounds},
    read_schema::ReadSchema,
    sight::Sight,
};

const LIST: &str = "products by q";
/// How much of the query's trigrams a stretch of the text must share. At the default of 0.6 one
/// letter left out of six is found, but not two swapped; below 0.4 every second product shares enough.
const SIMILAR_ENOUGH: &str = "0.4";
/// Millionths, so that a cursor holds it exactly. A number that is given whole (SKU, GTIN) goes before all
/// likeness; of two texts that are alike the shorter one goes first. `similarity` would say the latter
/// better and costs as much as all the rest.
const SCORE: &str = "
    CASE WHEN lower(state #>> '{state,details,sku}') = w.q OR state #>> '{state,details,gtin}' = w.q
         THEN 2000000
         ELSE (1000000 * word_similarity(w.q, search))::bigint - length(search)
    END";

/// The place of a product in the list.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Best {
    score: i64,
    id: Uuid,
    /// A place among the matches of another query means nothing.
    q: String,
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
        if after.as_ref().is_some_and(|best| best.q != q) {
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
        // For this transaction alone: behind a pooler the connection is another caller's next.
        sqlx::query("SELECT set_config('pg_trgm.word_similarity_threshold', $1, true)")
            .bind(SIMILAR_ENOUGH)
            .execute(&mut *tx)
            .await?;
        let rows = self.rows_in_tx(&mut tx, schema).await?;
        let total = if self.page.count { Some(self.total_in_tx(&mut tx, schema).await?) } else { None };
        let resource = |row: Placed<Best, ProductRow>| row.item.resource(row.key.id, self.today);
        Ok(rows.map(|rows| envelope(rows, self.page, LIST, total, resource)))
    }

    async fn rows_in_tx(
        &self,
        tx: &mut PgConnection,
        schema: ReadSchema,
    ) -> Result<Seen<Vec<Placed<Best, ProductRow>>>, ReadFailure> {
        let mut sql = open_in(schema, &MODELS);
        sql.push("SELECT * FROM (SELECT ").push(COLUMNS).push(",").push(SCORE).push(" AS score");
        self.push_matches(&mut sql, schema);
        sql.push(") m WHERE true");
        if let Some(after) = &self.after {
            sql.push(" AND (score, id) < (").push_bind(after.score).push(", ").push_bind(after.id).push(")");
        }
        sql.push(" ORDER BY score DESC, id DESC");
        push_bounds(&mut sql, self.page, Take::Page);
        sql.push(") p ON true ORDER BY p.score DESC, p.id DESC");
        let keep = comes_again(&sql);
        let rows = sql.build().persistent(keep).fetch_all(tx).await?;
        let position = rows.first().map(|row| row.try_get("position")).transpose()?.unwrap_or(0);
        let mut placed = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(id) = row.try_get("id")? else { continue };
            let key = Best { score: row.try_get("score")?, id, q: self.q.clone() };
            placed.push(Placed { key, item: ProductRow::read(row)? });
        }
        Ok(Seen { position, value: placed })
    }

    async fn total_in_tx(&self, tx: &mut PgConnection, schema: ReadSchema) -> Result<u64, ReadFailure> {
        let mut sql = QueryBuilder::new("SELECT count(*)");
        self.push_matches(&mut sql, schema);
        let count: i64 = sql.build_query_scalar().fetch_one(tx).await?;
        Ok(count.unsigned_abs())
    }

    fn push_matches(&self, sql: &mut QueryBuilder<'static, Postgres>, schema: ReadSchema) {
        // `%>` is the operator that the trigram index answers; the function `word_similarity` is not.
        sql.push(" FROM (SELECT ").push_bind(self.q.clone()).push("::text AS q) w, ");
        sql.push(format_args!("{schema}.products"));
        sql.push(" WHERE search %> ").push_bind(self.q.clone());
        self.filter.push(sql);
    }
}
