//! The nightly forecasts of a year of demand: how long, how much memory, whose CPU.

use anyhow::ensure;
use harness::TestDatabase;
use sqlx::Executor as _;

use crate::{
    by_hand::by_hand,
    limit::Bound,
    run::Run,
    statistics::{Spread, real},
    table::Row,
};

/// Restaurants that buy each product.
const RESTAURANTS: usize = 20;
/// Products of a supplier.
const PRODUCTS: usize = 100;
/// What a night may take, and of how many series.
const SECONDS_MAX: f64 = 300.0;
const NIGHT_SERIES: usize = 200_000;
const MEMORY_MAX_MIB: f64 = 512.0;
/// The first day that is forecast: a year of history lies before it.
const NIGHT: &str = "2026-11-20T01:00:00Z";

/// Seconds of a whole run through Postgres, by the real program, from its start to its end.
pub async fn measure(run: &mut Run) -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let products = run.sizes.forecast_series.div_ceil(RESTAURANTS);
    let series = products * RESTAURANTS;
    fill(&database, products).await?;
    let took = by_hand(run, &database, &["jobs", "run", "forecasts", "--at", NIGHT], None).await?;
    let (forecast, failed): (i64, i64) = sqlx::query_as(
        "SELECT r.series, r.failed FROM forecast.current c JOIN forecast.runs r USING (run_id)",
    )
    .fetch_one(&database.pool)
    .await?;
    let all = i64::try_from(series + products)?;
    ensure!((forecast, failed) == (all, 0), "{forecast} of {all} series were forecast, {failed} failed");
    let row = Row::figure("Forecasts of a night", "s", Spread::one(took.seconds)).note(format!(
        "`iris jobs run forecasts`: {series} series of 365 days, and {products} of products at all \
         restaurants, through Postgres"
    ));
    // The limit is of a whole night's series.
    run.table.add(if series >= NIGHT_SERIES { row.at_most(Bound::Figure(SECONDS_MAX)) } else { row });
    run.table.add(
        Row::figure("— series per CPU second", "1/s", Spread::one(real(series + products) / took.own_cpu))
            .note(format!(
                "of the program's own {:.1} s; the server's were {:.1}",
                took.own_cpu, took.server_cpu
            )),
    );
    run.table.add(
        Row::figure("— memory", "MiB", Spread::one(took.peak_mib))
            .at_most(Bound::Figure(MEMORY_MAX_MIB))
            .note("the program's highest"),
    );
    Ok(())
}

/// A year of each product at each restaurant, in bulk: a week with a closed day, a level and noise of its own for each;
/// a third of them orders only now and then.
async fn fill(database: &TestDatabase, products: usize) -> anyhow::Result<()> {
    let sql = format!(
        "INSERT INTO demand.months (product_id, restaurant_id, month, supplier_id, wanted, received, censored) \
         SELECT lpad(to_hex(p), 32, '0')::uuid, lpad(to_hex(r), 32, '0')::uuid, m::date, \
                lpad(to_hex(p / {PRODUCTS}), 32, '0')::uuid, \
                ARRAY(SELECT CASE \
                    WHEN m + (d - 1) * interval '1 day' NOT BETWEEN '2025-11-20' AND '2026-11-19' THEN 0 \
                    WHEN date_part('month', m + (d - 1) * interval '1 day') <> date_part('month', m) THEN 0 \
                    WHEN extract(isodow FROM m + (d - 1) * interval '1 day') = 7 THEN 0 \
                    WHEN (p + r) % 3 = 0 AND random() < 0.7 THEN 0 \
                    ELSE (500 + p % 40 * 250) * (1 + extract(isodow FROM m + (d - 1) * interval '1 day')::int / 3) \
                         + floor(random() * 8) * 250 END::bigint \
                    FROM generate_series(1, 31) AS d ORDER BY d), \
                array_fill(0::bigint, ARRAY[31]), CASE WHEN random() < 0.1 THEN 1 << 11 ELSE 0 END \
         FROM generate_series(0, {products} - 1) AS p, generate_series(1, {RESTAURANTS}) AS r, \
              generate_series('2025-11-01'::timestamp, '2026-11-01', '1 month') AS m"
    );
    let mut connection = database.pool.acquire().await?;
    connection.execute("SELECT setseed(0.5)").await?;
    connection.execute(&*sql).await?;
    connection.execute("VACUUM ANALYZE demand.months").await?;
    Ok(())
}
