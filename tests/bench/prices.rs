//! The hourly prices: every product of suppliers with rules, through Postgres and the log.

use std::{sync::Arc, thread, time::Instant};

use anyhow::{Context as _, bail};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use command_api::domain::{
    price_rule::CreatePriceRule,
    product::UpsertProduct,
    stock::{AdjustStock, StockChange},
};
use events::{
    price_rule::{RuleMode, RuleScope},
    product::ProductDetails,
    values::{PriceRuleId, ProductId, Quantity, Tax, TaxCategory},
};
use futures::{StreamExt as _, stream};
use harness::{
    Ordering, TestDatabase,
    ordering::fresh,
    pricing::{count_orders, price_hour},
    until,
};
use platform::clock::{FixedClock, SystemClock};
use pricing::{Aim, Limits, RuleKind};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{
    limit::Bound,
    run::{Run, now},
    statistics::{Spread, real},
    table::Row,
};

/// What the hour is to be done in, and for how many products.
const SECONDS_MAX: f64 = 60.0;
const HOUR_PRODUCTS: usize = 100_000;
const AT_ONCE: usize = 512;
/// That ordered every product once.
const RESTAURANTS: i32 = 5;
/// Of so many products, one has goods that expire.
const EXPIRING_OF: usize = 10;

/// How long two hours took, in seconds.
struct Hours {
    changing: f64,
    keeping: f64,
}

/// One hour in which every price changes, and one in which none does.
pub fn measure(run: &mut Run) -> anyhow::Result<()> {
    let products = run.sizes.priced_products;
    // On all cores, as the program does it; whoever measures has one thread.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let priced = thread::spawn(move || runtime.block_on(price(products)));
    let Hours { changing, keeping } = priced.join().expect("it ends by itself")?;
    let row = Row::figure("Prices of an hour, every one changed", "s", Spread::one(changing)).note(format!(
        "{products} products, three rules, forecasts, two months of {RESTAURANTS} restaurants, a tenth expires; \
         proposals written, changes recorded in the log, read models kept up meanwhile"
    ));
    run.table.add(if products >= HOUR_PRODUCTS { row.at_most(Bound::Figure(SECONDS_MAX)) } else { row });
    run.table.add(
        Row::figure("Prices of an hour, again", "s", Spread::one(keeping))
            .note("the same hour once more: nothing changes"),
    );
    Ok(())
}

async fn price(products: usize) -> anyhow::Result<Hours> {
    let database = TestDatabase::create().await;
    let clock = Arc::new(FixedClock::new(now()));
    let market = Ordering::open_at(&database.options, clock.clone()).await;
    let stop = CancellationToken::new();
    let head = market.committer.head();
    let expires_on = (now() + TimeDelta::days(62)).date_naive();
    let live = tokio::spawn(projections::run(
        database.pool.clone(),
        Arc::new(SystemClock),
        head.clone(),
        stop.clone(),
    ));
    stream::iter(0..products).for_each_concurrent(AT_ONCE, |number| offer(&market, number, expires_on)).await;
    for kind in kinds() {
        market.accept(rule(&market, kind)).await;
    }
    let last = *head.borrow();
    until("the read models are there", async || {
        let slowest: Option<i64> = sqlx::query_scalar("SELECT min(position) FROM read.checkpoints")
            .fetch_one(&database.pool)
            .await
            .expect("the database answers");
        slowest >= Some(last)
    })
    .await;

    let later = now() + TimeDelta::days(60);
    clock.set(later);
    expect(&database.pool, later).await.context("what is expected")?;
    count_orders(&database.pool).await;
    let changing = hour(&database, &market, later, products).await?;
    let keeping = hour(&database, &market, later, 0).await.context("the same hour again")?;
    stop.cancel();
    live.await??;
    Ok(Hours { changing, keeping })
}

/// One of each kind; nobody has ordered for so long that the last moves every price.
fn kinds() -> [RuleKind; 3] {
    [
        RuleKind::Expiry { aim: Aim::Waste, elasticity_thousandths: 1_000, down_max_bps: 5_000 },
        RuleKind::DemandIndex {
            dead_band_bps: 1_500,
            step_up_max_bps: 300,
            step_down_max_bps: 300,
            cover_days: 2,
        },
        RuleKind::SlowMover { days_without_order: 30, step_bps: 500 },
    ]
}

fn rule(market: &Ordering, kind: RuleKind) -> CreatePriceRule {
    CreatePriceRule {
        rule_id: PriceRuleId(fresh()),
        supplier_id: market.supplier_id,
        scope: RuleScope::Category("dairy".to_owned()),
        kind,
        limits: Limits {
            floor_minor: 100,
            ceiling_minor: None,
            day_up_max_bps: 300,
            day_down_max_bps: 1_000,
            hysteresis_bps: 100,
            round_to_minor: 1,
        },
        mode: RuleMode::Active,
    }
}

/// Of every product a forecast of five a day, its index, and two months of orders that have long passed.
async fn expect(pool: &PgPool, at: DateTime<Utc>) -> anyhow::Result<()> {
    let run_id = fresh();
    let begun = "INSERT INTO forecast.runs \
                 VALUES ($1, 0, $2::timestamptz::date, 1, '1', $2 - interval '5 hours', $2 - interval '4 hours', 1, 0, \
                         NULL)";
    sqlx::query(begun).bind(run_id).bind(at).execute(pool).await?;
    sqlx::query("INSERT INTO forecast.current (run_id, slot) VALUES ($1, 0)")
        .bind(run_id)
        .execute(pool)
        .await?;
    let series = "INSERT INTO forecast.series (slot, supplier_id, product_id, restaurant_id, class, method, mean, \
                      quantiles, cumulative, backtest_days, backtest_inside, backtest_band, \
                      backtest_mean, is_drifting) \
                  SELECT 0, p.supplier_id, p.product_id, NULL, 'smooth', 'bench', '{}', '{}', s.sums, 28, 26, '{}', \
                         '{}', false \
                  FROM read.products p CROSS JOIN (SELECT array_agg(5000 * day ORDER BY level, day) AS sums \
                      FROM generate_series(1, 8) level CROSS JOIN generate_series(1, 14) day) s";
    sqlx::query(series).execute(pool).await?;
    let index = "INSERT INTO forecast.demand_index \
                 SELECT product_id, supplier_id, $2 - interval '1 hour', $1, '{}', 75000, 50000, 12, 15000 \
                 FROM read.products";
    sqlx::query(index).bind(run_id).bind(at).execute(pool).await?;
    let sql = "INSERT INTO demand.months \
               SELECT p.product_id, r.restaurant_id, m.month, p.supplier_id, array_fill(1000::bigint, ARRAY[31]), \
                      array_fill(1000::bigint, ARRAY[31]), 0 \
               FROM read.products p \
               CROSS JOIN (SELECT gen_random_uuid() AS restaurant_id FROM generate_series(1, $2)) r \
               CROSS JOIN (SELECT (date_trunc('month', $1::timestamptz) - n * interval '1 month')::date AS month \
                           FROM generate_series(3, 4) n) m";
    sqlx::query(sql).bind(at).bind(RESTAURANTS).execute(pool).await?;
    Ok(())
}

async fn hour(
    database: &TestDatabase,
    market: &Ordering,
    at: DateTime<Utc>,
    changed: usize,
) -> anyhow::Result<f64> {
    let before = *market.committer.head().borrow();
    let began = Instant::now();
    price_hour(&database.pool, &market.committer, at).await?;
    let seconds = began.elapsed().as_secs_f64();
    let recorded = *market.committer.head().borrow() - before;
    if usize::try_from(recorded) != Ok(changed) {
        bail!("{recorded} prices changed where {changed} were to");
    }
    Ok(seconds.max(real(1) / 1_000.0))
}

async fn offer(market: &Ordering, number: usize, expires_on: NaiveDate) {
    let product_id = ProductId(fresh());
    let upsert = UpsertProduct {
        fresh_product_id: product_id,
        supplier_id: market.supplier_id,
        details: ProductDetails {
            name: format!("Mjölk {number}"),
            sku: number.to_string(),
            unit: "LTR".to_owned(),
            tax: Tax::Category(TaxCategory::Food),
            category: Some("dairy".to_owned()),
            ..ProductDetails::default()
        },
        unit_price_minor: 2_500,
        active: true,
        counted: Some(Quantity::units(50)),
    };
    market.accept(upsert).await;
    if number.is_multiple_of(EXPIRING_OF) {
        let change = StockChange::By(Quantity::units(30));
        let (reason, expires_on) = ("delivery".to_owned(), Some(expires_on));
        market.accept(AdjustStock { product_id, change, reason, expires_on }).await;
    }
}
