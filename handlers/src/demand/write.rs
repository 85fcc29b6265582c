//! Adding changes to rows.

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Changes, Month, MonthKey};

/// Which rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// Those that are read.
    Live,
    /// Those that are folded again beside them.
    Anew,
}

impl Rows {
    /// The table; a name of ours.
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Live => "demand.months",
            Self::Anew => "demand.months_anew",
        }
    }
}

/// Adds them in one statement, by the rows' key, and takes away rows in which nothing is left.
pub(super) async fn add_in_tx(
    tx: &mut PgConnection,
    rows: Rows,
    changes: &Changes,
) -> Result<(), sqlx::Error> {
    let changing: Vec<(&MonthKey, &Month)> =
        changes.months.iter().filter(|(_, month)| !month.is_nothing()).collect();
    if changing.is_empty() {
        return Ok(());
    }
    upsert(tx, rows, &changing).await?;
    let lessened: Vec<&MonthKey> =
        changing.iter().filter(|(_, month)| month.is_lessened).map(|(key, _)| *key).collect();
    take_away_empty(tx, rows, &lessened).await
}

async fn upsert(
    tx: &mut PgConnection,
    rows: Rows,
    changing: &[(&MonthKey, &Month)],
) -> Result<(), sqlx::Error> {
    let suppliers: Vec<Uuid> = changing.iter().map(|(_, month)| month.supplier_id.0).collect();
    let wanted: Vec<String> = changing.iter().map(|(_, month)| array_text(&month.wanted)).collect();
    let received: Vec<String> = changing.iter().map(|(_, month)| array_text(&month.received)).collect();
    let censored: Vec<i32> = changing.iter().map(|(_, month)| month.censored).collect();
    let (products, restaurants, months) = columns(changing.iter().map(|(key, _)| *key));
    // unnest of arrays of arrays would take the inner ones apart, so those travel as text.
    let sql = format!(
        "INSERT INTO {} AS m \
             (product_id, restaurant_id, month, supplier_id, wanted, received, censored) \
         SELECT product_id, restaurant_id, month, supplier_id, wanted::bigint[], received::bigint[], censored \
         FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::uuid[], $5::text[], $6::text[], $7::integer[]) \
              AS c(product_id, restaurant_id, month, supplier_id, wanted, received, censored) \
         ON CONFLICT (product_id, restaurant_id, month) DO UPDATE SET \
             wanted = ARRAY(SELECT b.was + b.more FROM unnest(m.wanted, EXCLUDED.wanted) \
                            WITH ORDINALITY AS b(was, more, day) ORDER BY b.day), \
             received = ARRAY(SELECT b.was + b.more FROM unnest(m.received, EXCLUDED.received) \
                              WITH ORDINALITY AS b(was, more, day) ORDER BY b.day), \
             censored = m.censored | EXCLUDED.censored",
        rows.table()
    );
    let query = sqlx::query(&sql).bind(products).bind(restaurants).bind(months).bind(suppliers);
    let written = query.bind(wanted).bind(received).bind(censored).execute(tx).await?;
    expect_rows(written.rows_affected(), changing.len())
}

/// A month in which everything was called off has no row, as if nobody had ever asked.
async fn take_away_empty(tx: &mut PgConnection, rows: Rows, keys: &[&MonthKey]) -> Result<(), sqlx::Error> {
    if keys.is_empty() {
        return Ok(());
    }
    let (products, restaurants, months) = columns(keys.iter().copied());
    let sql = format!(
        "DELETE FROM {} m \
         USING unnest($1::uuid[], $2::uuid[], $3::date[]) AS c(product_id, restaurant_id, month) \
         WHERE (m.product_id, m.restaurant_id, m.month) = (c.product_id, c.restaurant_id, c.month) \
           AND m.censored = 0 AND m.wanted = array_fill(0::bigint, ARRAY[31]) \
           AND m.received = array_fill(0::bigint, ARRAY[31])",
        rows.table()
    );
    sqlx::query(&sql).bind(products).bind(restaurants).bind(months).execute(tx).await?;
    Ok(())
}

fn columns<'a>(keys: impl Iterator<Item = &'a MonthKey>) -> (Vec<Uuid>, Vec<Uuid>, Vec<NaiveDate>) {
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for key in keys {
        columns.0.push(key.product_id.0);
        columns.1.push(key.restaurant_id.0);
        columns.2.push(key.month);
    }
    columns
}

/// A Postgres array as text.
pub(crate) fn array_text(numbers: &[i64]) -> String {
    let mut text = String::with_capacity(numbers.len() * 4 + 2);
    text.push('{');
    for (place, number) in numbers.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(&number.to_string());
    }
    text.push('}');
    text
}

fn expect_rows(written: u64, wanted: usize) -> Result<(), sqlx::Error> {
    if written == wanted as u64 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}
