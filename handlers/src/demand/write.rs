//! Adding changes to rows.

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    Changes, MonthKey,
    changes::{DAYS, DayChange},
};

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

/// Adds them, by the rows' key, and takes away rows in which nothing is left.
///
/// One statement for each day of the month, of which a batch knows few: the day's place is then one for all rows, and
/// Postgres writes that element alone. Rows of several days in one statement would have each array taken apart, added
/// up and put together again, which costs more than everything else about a row.
pub(super) async fn add_in_tx(
    tx: &mut PgConnection,
    rows: Rows,
    changes: &Changes,
) -> Result<(), sqlx::Error> {
    for day in 0..DAYS {
        let changing: Vec<(&MonthKey, DayChange)> = changes
            .months
            .iter()
            .map(|(key, month)| (key, month.on(day)))
            .filter(|(_, change)| !change.is_nothing())
            .collect();
        if !changing.is_empty() {
            add_day(tx, rows, day, &changing).await?;
        }
    }
    let lessened: Vec<&MonthKey> = changes
        .months
        .iter()
        .filter(|(_, month)| month.is_lessened && !month.is_nothing())
        .map(|(key, _)| key)
        .collect();
    take_away_empty(tx, rows, &lessened).await
}

async fn add_day(
    tx: &mut PgConnection,
    rows: Rows,
    day: usize,
    changing: &[(&MonthKey, DayChange)],
) -> Result<(), sqlx::Error> {
    let (products, restaurants, months) = columns(changing.iter().map(|(key, _)| *key));
    let sql = format!(
        "INSERT INTO {} AS m \
             (product_id, restaurant_id, month, supplier_id, wanted, received, censored) \
         SELECT product_id, restaurant_id, month, supplier_id, \
                array_fill(0::bigint, ARRAY[$8 - 1]) || wanted || array_fill(0::bigint, ARRAY[31 - $8]), \
                array_fill(0::bigint, ARRAY[$8 - 1]) || received || array_fill(0::bigint, ARRAY[31 - $8]), \
                censored \
         FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::uuid[], $5::bigint[], $6::bigint[], $7::integer[]) \
              AS c(product_id, restaurant_id, month, supplier_id, wanted, received, censored) \
         ON CONFLICT (product_id, restaurant_id, month) DO UPDATE SET \
             wanted[$8] = m.wanted[$8] + EXCLUDED.wanted[$8], \
             received[$8] = m.received[$8] + EXCLUDED.received[$8], \
             censored = m.censored | EXCLUDED.censored",
        rows.table()
    );
    let written = sqlx::query(&sql)
        .bind(products)
        .bind(restaurants)
        .bind(months)
        .bind(changing.iter().map(|(_, change)| change.supplier_id.0).collect::<Vec<Uuid>>())
        .bind(changing.iter().map(|(_, change)| change.wanted).collect::<Vec<i64>>())
        .bind(changing.iter().map(|(_, change)| change.received).collect::<Vec<i64>>())
        .bind(changing.iter().map(|(_, change)| change.censored).collect::<Vec<i32>>())
        .bind(i32::try_from(day + 1).expect("a month has 31 days at most"))
        .execute(tx)
        .await?;
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
