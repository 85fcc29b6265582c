//! Nothing that is another supplier's own moves a price.

use chrono::{DateTime, TimeDelta, Utc};
use command_api::domain::{product::UpsertProduct, supplier::RegisterSupplier};
use events::{
    price_rule::RuleMode,
    product::ProductDetails,
    supplier::SupplierDetails,
    values::{Currency, ProductId, Quantity, SupplierId, Tax, TaxCategory},
};
use harness::ordering::{fresh, place};
use sqlx::{Executor as _, PgPool};

use super::market::{Priced, kinds, lot, rule, set_price};

fn at() -> DateTime<Utc> {
    "2027-03-01T09:00:00Z".parse().unwrap()
}

async fn supplier(priced: &Priced) -> (SupplierId, Vec<ProductId>) {
    let supplier_id = SupplierId(fresh());
    let details = SupplierDetails { name: "Mejeriet AB".to_owned(), ..SupplierDetails::default() };
    priced.market.accept(RegisterSupplier { supplier_id, details, currency: Currency::SEK }).await;
    let mut products = Vec::new();
    for number in 0..3 {
        let product_id = ProductId(fresh());
        let details = ProductDetails {
            name: format!("Mjölk {number}"),
            sku: number.to_string(),
            unit: "LTR".to_owned(),
            tax: Tax::Category(TaxCategory::Food),
            category: Some("dairy".to_owned()),
            ..ProductDetails::default()
        };
        let upsert = UpsertProduct {
            fresh_product_id: product_id,
            supplier_id,
            details,
            unit_price_minor: 2_500,
            active: true,
            counted: Some(Quantity::units(5)),
        };
        priced.market.accept(upsert).await;
        lot(&priced.market, product_id, 30, at().date_naive() + TimeDelta::days(2)).await;
        products.push(product_id);
    }
    for kind in kinds() {
        rule(&priced.market, supplier_id, kind, RuleMode::DryRun).await;
    }
    (supplier_id, products)
}

/// A forecast of five a day, and half again as many ordered. Ours alone: ids and numbers.
async fn forecast(pool: &PgPool, supplier_id: SupplierId, products: &[ProductId]) {
    for product in products {
        let sql = format!(
            "INSERT INTO forecast.series (slot, supplier_id, product_id, restaurant_id, class, method, mean, quantiles, \
                 cumulative, backtest_days, backtest_inside, backtest_band, backtest_mean, is_drifting) \
             SELECT 0, '{supplier_id}', '{product}', NULL, 'smooth', 'test', '{{}}', '{{}}', \
                 array_agg(5000 * day ORDER BY level, day), 28, 26, '{{}}', '{{}}', false \
             FROM generate_series(1, 8) level CROSS JOIN generate_series(1, 14) day; \
             INSERT INTO forecast.demand_index SELECT '{product}', '{supplier_id}', r.finished_at, r.run_id, '{{}}', \
                 75000, 50000, 12, 15000 FROM forecast.runs r"
        );
        pool.execute(sql.as_str()).await.unwrap();
    }
}

async fn rows(pool: &PgPool, supplier_id: SupplierId) -> Vec<String> {
    let sql = "SELECT to_jsonb(p)::text FROM pricing.proposals p WHERE supplier_id = $1 ORDER BY product_id";
    sqlx::query_scalar(sql).bind(supplier_id.0).fetch_all(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn proposals_stay_the_same_to_the_byte_whatever_happens_at_another_supplier() {
    let priced = Priced::open().await;
    let pool = &priced.database.pool;
    let (ours, our_products) = supplier(&priced).await;
    let (theirs, their_products) = supplier(&priced).await;
    let run = fresh();
    let begun = format!(
        "INSERT INTO forecast.runs VALUES ('{run}', 0, '2027-03-01', 1, '1', '2027-03-01T01:00:00Z', \
             '2027-03-01T01:05:00Z', 6, 0, NULL); \
         INSERT INTO forecast.current (run_id, slot) VALUES ('{run}', 0)"
    );
    pool.execute(begun.as_str()).await.unwrap();
    forecast(pool, ours, &our_products).await;
    forecast(pool, theirs, &their_products).await;
    priced.hour(at()).await;
    let (before, others_before) = (rows(pool, ours).await, rows(pool, theirs).await);
    assert_eq!((before.len(), others_before.len()), (3, 3));
    assert!(before.iter().all(|row| row.contains("\"kind\": \"expiry\"")), "{before:?}");

    // Everything of theirs that there is: prices, stock, lots, rules, orders, demand, forecasts.
    for product in &their_products {
        set_price(&priced.market, *product, 900).await;
        lot(&priced.market, *product, 500, at().date_naive() + TimeDelta::days(1)).await;
    }
    let cart = priced.market.cart(&[(their_products[0], 3)]).await;
    priced.market.submit(place(cart), "theirs").await.unwrap();
    let product = their_products[0];
    let moved = format!(
        "UPDATE forecast.demand_index SET index_bps = 40000 WHERE supplier_id = '{theirs}'; \
         UPDATE forecast.series SET cumulative = array_fill(1::bigint, ARRAY[112]), is_drifting = true \
         WHERE supplier_id = '{theirs}'; \
         INSERT INTO demand.months VALUES ('{product}', '{product}', '2027-02-01', '{theirs}', \
             array_fill(9000::bigint, ARRAY[31]), array_fill(0::bigint, ARRAY[31]), 0)"
    );
    pool.execute(moved.as_str()).await.unwrap();
    priced.hour(at()).await;
    assert_eq!(rows(pool, ours).await, before);
    assert_ne!(rows(pool, theirs).await, others_before, "theirs did change");

    // What is our own does move ours.
    lot(&priced.market, our_products[0], 500, at().date_naive() + TimeDelta::days(1)).await;
    priced.hour(at()).await;
    assert_ne!(rows(pool, ours).await, before);
    priced.close().await;
}
