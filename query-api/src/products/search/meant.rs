//! Products that have the words that are meant.

use sqlx::{PgConnection, Postgres, QueryBuilder, Row};

use super::{IS_NUMBER, NUMBER_SCORE, Rows, Search, rows_in_tx};
use crate::{
    failure::ReadFailure,
    listing::{Take, open_in, push_bounds},
    products::{COLUMNS, MODELS},
    read_schema::ReadSchema,
};

/// With fewer, what resembles the query in any other way is of interest, too. Does not depend on the page: all pages of
/// a query go the same way, by offset as well.
pub(super) const MATCHES_MIN: u64 = 101;
/// A product that has them all, even within longer words.
const SCORE: i64 = 900_000;
/// More for each that stands by itself; more than any text is long, by which the shorter one goes first.
const WHOLE_WORD: i64 = 1_000;

impl Search<'_> {
    /// One page, and how many there are in all.
    pub(super) async fn having_in_tx(
        &self,
        tx: &mut PgConnection,
        schema: ReadSchema,
        words: &[String],
    ) -> Result<(Rows, u64), ReadFailure> {
        let mut sql = open_in(schema, &MODELS);
        sql.push("WITH m AS MATERIALIZED (SELECT product_id AS id, ");
        push_score(&mut sql, words);
        sql.push(" AS score FROM ");
        self.push_products(&mut sql, schema);
        for word in words {
            // The words that it is or stands within; of the live ones also for views of the past, as spelling is.
            sql.push(" AND words && ARRAY(SELECT v.word FROM read.search_words v WHERE v.word LIKE ");
            // Letters alone: nothing in it means anything to LIKE.
            sql.push_bind(format!("%{word}%")).push(")");
        }
        sql.push(") SELECT n.matches, i.* FROM (SELECT count(*) AS matches FROM m) n LEFT JOIN (SELECT ");
        sql.push(COLUMNS).push(", b.score FROM (SELECT id AS best, score FROM m WHERE true");
        self.push_after(&mut sql);
        push_bounds(&mut sql, self.page, Take::Page);
        sql.push(format_args!(") b JOIN {schema}.products ON product_id = b.best) i ON true"));
        let rows = rows_in_tx(tx, sql).await?;
        let matches: Option<i64> = rows.first().map(|row| row.try_get("matches")).transpose()?.flatten();
        Ok((self.placed(&rows, Some(words))?, matches.unwrap_or_default().unsigned_abs()))
    }
}

fn push_score(sql: &mut QueryBuilder<'static, Postgres>, words: &[String]) {
    sql.push(format_args!("CASE WHEN {IS_NUMBER} THEN {NUMBER_SCORE} ELSE {SCORE}::bigint - length(search)"));
    for word in words {
        sql.push(" + CASE WHEN ").push_bind(word.clone());
        sql.push(format_args!(" = ANY(words) THEN {WHOLE_WORD} ELSE 0 END"));
    }
    sql.push(" END");
}
