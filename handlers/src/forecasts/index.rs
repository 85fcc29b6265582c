//! Every hour: how demand for each product stands to what had been expected of the same days.

use std::collections::HashMap;

use chrono::{Datelike as _, Days, NaiveDate};
use events::values::swedish_day;
use forecasting::demand_index::{Day, demand_index_bps};
use serde_json::{Value, json};
use sqlx::{PgPool, Row, postgres::PgRow};
use uuid::Uuid;

use super::metrics;
use crate::scheduler::{Done, Job, JobError, Run, Running, Tally};

/// Whole days that are looked at.
const DAYS: u64 = 7;
/// Products of a statement.
const PRODUCTS: i64 = 2_000;

/// The hourly job.
pub struct DemandIndexJob;

impl Job for DemandIndexJob {
    fn name(&self) -> &'static str {
        "demand_index"
    }

    /// A little after the hour, when what was ordered in it has been counted.
    fn cron(&self) -> &'static str {
        "5 * * * *"
    }

    fn run<'a>(&'a self, run: &'a Run) -> Running<'a> {
        Box::pin(go(run))
    }
}

/// Product by product, from the checkpoint on. A second time writes the same rows anew.
async fn go(run: &Run) -> Result<Done, JobError> {
    let pool = &run.surroundings.pool;
    metrics::show_current(pool, run.surroundings.clock.now()).await?;
    let mut done = Done::new();
    let Some(current) = Current::read(pool, run).await? else {
        done.insert("products".to_owned(), 0.into());
        return Ok(done);
    };
    // Half of the products against one run and half against another would be neither: where the run that is shown has
    // changed since, all are looked at anew.
    let saved = run.checkpoint.as_ref().filter(|saved| is_of(saved, current.run_id));
    let mut after: Option<(Uuid, Uuid)> =
        saved.and_then(|saved| serde_json::from_value(saved["after"].clone()).ok());
    let mut products = saved.and_then(|saved| saved["products"].as_u64()).unwrap_or(0);
    loop {
        run.expect_going_on()?;
        let expected = current.next_products(pool, after).await?;
        let Some(last) = expected.last() else { break };
        after = Some((last.supplier_id, last.product_id));
        products += expected.len() as u64;
        let indexed = current.index(pool, &expected).await?;
        let mut tx = platform::db::begin(pool).await?;
        current.write(&mut tx, &indexed, run).await?;
        let checkpoint: Value = json!({ "run_id": current.run_id, "after": after, "products": products });
        run.save_in_tx(&mut tx, Some(&checkpoint), Tally { done: products, total: None }).await?;
        tx.commit().await?;
    }
    // Of what is not forecast any more nothing can be said.
    sqlx::query("DELETE FROM forecast.demand_index WHERE run_id <> $1")
        .bind(current.run_id)
        .execute(pool)
        .await?;
    done.insert("products".to_owned(), products.into());
    Ok(done)
}

fn is_of(saved: &Value, run_id: Uuid) -> bool {
    serde_json::from_value::<Uuid>(saved["run_id"].clone()).is_ok_and(|saved| saved == run_id)
}

/// The run that is shown, and the days that are looked at.
struct Current {
    run_id: Uuid,
    slot: i16,
    origin: NaiveDate,
    /// Oldest first.
    days: Vec<NaiveDate>,
}

/// A product, and what had been expected of it.
struct Expected {
    supplier_id: Uuid,
    product_id: Uuid,
    /// By day; `None` where nothing had been said of it.
    days: Vec<Option<i64>>,
}

/// A product's index.
struct Indexed {
    supplier_id: Uuid,
    product_id: Uuid,
    wanted: i64,
    expected: i64,
    orders: i32,
    index_bps: i32,
}

/// What was wanted of a product on a day.
#[derive(Clone, Copy, Default)]
struct Wanted {
    quantity: i64,
    of_censored: i64,
    orders: u32,
}

impl Current {
    async fn read(pool: &PgPool, run: &Run) -> Result<Option<Self>, sqlx::Error> {
        let row = sqlx::query(
            "SELECT r.run_id, c.slot, r.origin_day FROM forecast.current c JOIN forecast.runs r USING (run_id)",
        )
        .fetch_optional(pool)
        .await?;
        let today = swedish_day(run.scheduled_for);
        let days = (1..=DAYS).rev().map(|back| today - Days::new(back)).collect();
        row.map(|row| {
            let (run_id, slot) = (row.try_get("run_id")?, row.try_get("slot")?);
            Ok(Self { run_id, slot, origin: row.try_get("origin_day")?, days })
        })
        .transpose()
    }

    /// By the index `series_of_supplier`, which has the totals alone.
    async fn next_products(
        &self,
        pool: &PgPool,
        after: Option<(Uuid, Uuid)>,
    ) -> Result<Vec<Expected>, sqlx::Error> {
        let (supplier, product) = after.unwrap_or((Uuid::nil(), Uuid::nil()));
        let rows = sqlx::query(
            "SELECT supplier_id, product_id, mean, backtest_mean FROM forecast.series \
             WHERE slot = $1 AND restaurant_id IS NULL AND (supplier_id, product_id) > ($2, $3) \
             ORDER BY supplier_id, product_id LIMIT $4",
        )
        .bind(self.slot)
        .bind(supplier)
        .bind(product)
        .bind(PRODUCTS)
        .fetch_all(pool)
        .await?;
        rows.iter().map(|row| self.expected(row)).collect()
    }

    /// Of days from the origin on the forecast; of earlier ones what would have been forecast the day before.
    fn expected(&self, row: &PgRow) -> Result<Expected, sqlx::Error> {
        // Means, which may be summed: middles of days that mostly have no order are zero, and so is their sum.
        let (mean, past): (Vec<i64>, Vec<i64>) = (row.try_get("mean")?, row.try_get("backtest_mean")?);
        let of_day = |day: &NaiveDate| {
            let ahead = (*day - self.origin).num_days();
            if ahead >= 0 {
                return mean.get(usize::try_from(ahead).ok()?).copied();
            }
            past.iter().rev().nth(usize::try_from(-ahead - 1).ok()?).copied()
        };
        Ok(Expected {
            supplier_id: row.try_get("supplier_id")?,
            product_id: row.try_get("product_id")?,
            days: self.days.iter().map(of_day).collect(),
        })
    }

    async fn index(&self, pool: &PgPool, products: &[Expected]) -> Result<Vec<Indexed>, sqlx::Error> {
        let wanted = self.wanted(pool, products).await?;
        Ok(products.iter().map(|product| indexed(product, wanted.get(&product.product_id))).collect())
    }

    /// By the index `months_of_supplier`, product by product.
    async fn wanted(
        &self,
        pool: &PgPool,
        products: &[Expected],
    ) -> Result<HashMap<Uuid, Vec<Wanted>>, sqlx::Error> {
        let suppliers: Vec<Uuid> = products.iter().map(|product| product.supplier_id).collect();
        let ids: Vec<Uuid> = products.iter().map(|product| product.product_id).collect();
        let mut months: Vec<NaiveDate> = self.days.iter().filter_map(|day| day.with_day(1)).collect();
        months.dedup();
        let rows = sqlx::query(
            "SELECT p.product_id, d.day, sum(m.wanted[d.day_of_month])::bigint AS wanted, \
                    COALESCE(sum(m.wanted[d.day_of_month]) \
                        FILTER (WHERE m.censored & (1 << (d.day_of_month - 1)) <> 0), 0)::bigint AS of_censored, \
                    count(*) FILTER (WHERE m.wanted[d.day_of_month] > 0) AS orders \
             FROM unnest($1::uuid[], $2::uuid[]) AS p(supplier_id, product_id) \
             CROSS JOIN LATERAL ( \
                 SELECT month, wanted, censored FROM demand.months m \
                 WHERE m.supplier_id = p.supplier_id AND m.product_id = p.product_id AND m.month = ANY($3) \
                 OFFSET 0) m \
             JOIN (SELECT day, date_trunc('month', day)::date AS month, extract(day FROM day)::integer AS day_of_month \
                   FROM unnest($4::date[]) AS days(day)) d ON d.month = m.month \
             GROUP BY p.product_id, d.day",
        )
        .bind(suppliers)
        .bind(ids)
        .bind(months)
        .bind(&self.days)
        .fetch_all(pool)
        .await?;
        let mut wanted = HashMap::<Uuid, Vec<Wanted>>::new();
        for row in &rows {
            let day: NaiveDate = row.try_get("day")?;
            let days = wanted
                .entry(row.try_get("product_id")?)
                .or_insert_with(|| vec![Wanted::default(); self.days.len()]);
            let Some(place) = self.days.iter().position(|one| *one == day) else { continue };
            days[place] = Wanted {
                quantity: row.try_get("wanted")?,
                of_censored: row.try_get("of_censored")?,
                orders: u32::try_from(row.try_get::<i64, _>("orders")?).unwrap_or(u32::MAX),
            };
        }
        Ok(wanted)
    }

    async fn write(
        &self,
        tx: &mut sqlx::PgConnection,
        indexed: &[Indexed],
        run: &Run,
    ) -> Result<(), sqlx::Error> {
        let column = |of: fn(&Indexed) -> i64| indexed.iter().map(of).collect::<Vec<i64>>();
        let written = sqlx::query(
            "INSERT INTO forecast.demand_index \
                 (product_id, supplier_id, computed_at, run_id, days, wanted, expected, orders, index_bps) \
             SELECT product_id, supplier_id, $1, $2, $3, wanted, expected, orders, index_bps \
             FROM unnest($4::uuid[], $5::uuid[], $6::bigint[], $7::bigint[], $8::integer[], $9::integer[]) \
                  AS i(product_id, supplier_id, wanted, expected, orders, index_bps) \
             ON CONFLICT (product_id) DO UPDATE SET \
                 supplier_id = EXCLUDED.supplier_id, computed_at = EXCLUDED.computed_at, \
                 run_id = EXCLUDED.run_id, days = EXCLUDED.days, wanted = EXCLUDED.wanted, \
                 expected = EXCLUDED.expected, orders = EXCLUDED.orders, index_bps = EXCLUDED.index_bps",
        )
        .bind(run.surroundings.clock.now())
        .bind(self.run_id)
        .bind(&self.days)
        .bind(indexed.iter().map(|one| one.product_id).collect::<Vec<_>>())
        .bind(indexed.iter().map(|one| one.supplier_id).collect::<Vec<_>>())
        .bind(column(|one| one.wanted))
        .bind(column(|one| one.expected))
        .bind(indexed.iter().map(|one| one.orders).collect::<Vec<_>>())
        .bind(indexed.iter().map(|one| one.index_bps).collect::<Vec<_>>())
        .execute(tx)
        .await?;
        if written.rows_affected() == indexed.len() as u64 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
    }
}

/// Days that nothing had been expected of, or on which much came short, say nothing.
fn indexed(product: &Expected, wanted: Option<&Vec<Wanted>>) -> Indexed {
    let nothing = vec![Wanted::default(); product.days.len()];
    let wanted = wanted.unwrap_or(&nothing);
    let mut days = Vec::new();
    let (mut sum, mut expected_sum, mut orders) = (0, 0, 0);
    for (wanted, expected) in wanted.iter().zip(&product.days) {
        let Some(expected) = *expected else { continue };
        // A fifth, as in the forecasts' own past.
        let is_known = wanted.of_censored.saturating_mul(5) <= wanted.quantity;
        days.push(Day { wanted: is_known.then_some(wanted.quantity), expected });
        if is_known {
            sum += wanted.quantity;
            expected_sum += expected;
            orders += wanted.orders;
        }
    }
    Indexed {
        supplier_id: product.supplier_id,
        product_id: product.product_id,
        wanted: sum,
        expected: expected_sum,
        orders: i32::try_from(orders).unwrap_or(i32::MAX),
        index_bps: i32::try_from(demand_index_bps(&days, orders)).unwrap_or(i32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_of_another_run_is_not_gone_on_from() {
        let run_id = Uuid::from_u128(1);
        assert!(is_of(&json!({ "run_id": run_id, "products": 3 }), run_id));
        assert!(!is_of(&json!({ "run_id": Uuid::from_u128(2) }), run_id));
        assert!(!is_of(&json!({ "products": 3 }), run_id));
    }
}
