//! Products that resemble the query, by trigrams.

use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::{IS_NUMBER, NUMBER_SCORE, Rows, SIMILAR_ENOUGH, Search, rows_in_tx, set_in_tx};
use crate::{
    failure::ReadFailure,
    listing::{Take, open_in, push_bounds},
    products::{COLUMNS, MODELS},
    read_schema::ReadSchema,
};

/// What a query of several words, or of a number, is first held to: far fewer products share as much.
const MORE_SIMILAR: (&str, i64) = ("0.6", 600_000);
/// Millionths, so that a cursor holds it exactly; of two texts that are alike the shorter one goes first. `similarity`
/// would say the latter better and costs as much as all the rest.
const SCORE: &str = "(1000000 * word_similarity(w.q, search))::bigint - length(search)";

impl Search<'_> {
    pub(super) async fn resembling_in_tx(
        &self,
        tx: &mut PgConnection,
        schema: ReadSchema,
    ) -> Result<Rows, ReadFailure> {
        if self.is_detailed() {
            let (threshold, score_min) = MORE_SIMILAR;
            set_in_tx(tx, "pg_trgm.word_similarity_threshold", threshold).await?;
            let rows = self.alike_in_tx(tx, schema).await?;
            // Whatever resembles it less has a lower score, so a page that ends above that is the page.
            let last = rows.value.last().map(|row| row.key.score);
            if rows.value.len() > self.page.limit as usize && last >= Some(score_min) {
                return Ok(rows);
            }
        }
        set_in_tx(tx, "pg_trgm.word_similarity_threshold", SIMILAR_ENOUGH).await?;
        self.alike_in_tx(tx, schema).await
    }

    /// How many there are, if that was asked for; of those that are similar enough.
    pub(super) async fn total_in_tx(
        &self,
        tx: &mut PgConnection,
        schema: ReadSchema,
    ) -> Result<Option<u64>, ReadFailure> {
        if !self.page.count {
            return Ok(None);
        }
        set_in_tx(tx, "pg_trgm.word_similarity_threshold", SIMILAR_ENOUGH).await?;
        let mut sql = QueryBuilder::new("SELECT count(*) FROM ");
        self.push_matches(&mut sql, schema);
        let count: i64 = sql.build_query_scalar().fetch_one(tx).await?;
        Ok(Some(count.unsigned_abs()))
    }

    /// A slip in one word leaves the rest as it is.
    fn is_detailed(&self) -> bool {
        let q = self.q.trim();
        q.contains(' ') || q.contains(|letter: char| letter.is_ascii_digit())
    }

    async fn alike_in_tx(&self, tx: &mut PgConnection, schema: ReadSchema) -> Result<Rows, ReadFailure> {
        let mut sql = open_in(schema, &MODELS);
        sql.push("SELECT ").push(COLUMNS).push(", b.score FROM (SELECT id AS best, score FROM (");
        sql.push(format_args!(
            "SELECT product_id AS id, CASE WHEN {IS_NUMBER} THEN {NUMBER_SCORE} ELSE {SCORE} END AS score FROM "
        ));
        self.push_matches(&mut sql, schema);
        sql.push(") m WHERE true");
        self.push_after(&mut sql);
        push_bounds(&mut sql, self.page, Take::Page);
        // States are fetched for the page alone.
        sql.push(format_args!(") b JOIN {schema}.products ON product_id = b.best"));
        let rows = rows_in_tx(tx, sql).await?;
        Ok(self.placed(&rows, None)?)
    }

    fn push_matches(&self, sql: &mut QueryBuilder<'static, Postgres>, schema: ReadSchema) {
        self.push_products(sql, schema);
        // `%>` is the operator that the trigram index answers; the function `word_similarity` is not.
        sql.push(" AND search %> ").push_bind(self.q.clone());
    }
}
