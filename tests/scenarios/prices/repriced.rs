//! What the hourly job changes, and what it leaves alone.

use chrono::{DateTime, TimeDelta, Utc};
use command_api::domain::{
    price_rule::{PausePriceRules, PriceRulePatch, RevisePriceRule},
    product::UndoPrice,
};
use events::{
    log::read_feed,
    price_check::{PRICE_CHECK_KINDS, PriceCheck, PriceFaultKind},
    price_rule::RuleMode,
    public::publish,
    values::ProductId,
};
use platform::clock::SystemClock;
use projections::{SchemaName, all, compare, drop_scratch, rebuild_into};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::market::{Priced, kinds, lot, rule, set_price};

/// So long after everything that nobody has ordered for over a month.
pub fn later(hours: i64) -> DateTime<Utc> {
    let day = "2027-03-01T09:00:00Z".parse::<DateTime<Utc>>().unwrap();
    day + TimeDelta::hours(hours)
}

pub async fn dairy(priced: &Priced) -> ProductId {
    let product_id = priced.market.product(100).await;
    categorise(priced, product_id).await;
    product_id
}

/// Its category is in its details; commands for that are another part's.
async fn categorise(priced: &Priced, product_id: ProductId) {
    use command_api::domain::product::UpsertProduct;
    use events::{
        product::ProductDetails,
        values::{Tax, TaxCategory},
    };
    let details = ProductDetails {
        name: "Mjölk".to_owned(),
        sku: product_id.to_string(),
        unit: "LTR".to_owned(),
        tax: Tax::Category(TaxCategory::Food),
        category: Some("dairy".to_owned()),
        ..ProductDetails::default()
    };
    let supplier_id = priced.market.supplier_id;
    let upsert = UpsertProduct {
        fresh_product_id: product_id,
        supplier_id,
        details,
        unit_price_minor: 2_500,
        active: true,
        counted: None,
    };
    priced.market.accept(upsert).await;
}

async fn proposal(priced: &Priced, product_id: ProductId) -> (i64, i64, bool, bool) {
    let sql = "SELECT current_minor, proposed_minor, is_dry_run, applied FROM pricing.proposals WHERE product_id = $1";
    sqlx::query_as(sql).bind(product_id.0).fetch_one(&priced.database.pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_shows_then_acts_once_an_hour_and_can_be_taken_back() {
    let priced = Priced::open().await;
    let market = &priced.market;
    let product = dairy(&priced).await;
    let cart = market.cart(&[(product, 2)]).await;
    let [_, _, slow] = kinds();
    let rule_id = rule(market, market.supplier_id, slow, RuleMode::DryRun).await;

    priced.hour(later(0)).await;
    let (current, proposed, is_dry_run, applied) = proposal(&priced, product).await;
    assert_eq!((current, is_dry_run, applied), (2_500, true, false));
    assert!(proposed < 2_500, "{proposed}");
    assert_eq!(priced.price(product).await, 2_500, "a dry run changes nothing");

    let patch = PriceRulePatch { mode: Some(RuleMode::Active), ..PriceRulePatch::default() };
    market.accept(RevisePriceRule { rule_id, patch }).await;
    assert_eq!(priced.hour(later(1)).await["applied"], 1);
    assert_eq!(priced.price(product).await, 2_250, "a tenth a day at most");
    let head = *market.committer.head().borrow();
    priced.hour(later(1)).await;
    assert_eq!(*market.committer.head().borrow(), head, "an hour that was priced is not priced again");

    // What was put into a cart costs what the cart was told.
    let sql = "SELECT state->'state'->'items'->0->>'unit_price_minor' FROM read.carts WHERE cart_id = $1";
    let promised: Option<String> =
        sqlx::query_scalar(sql).bind(cart.0).fetch_one(&priced.database.pool).await.unwrap();
    assert_eq!(promised.as_deref(), Some("2500"));

    market.accept(UndoPrice { product_id: product }).await;
    priced.caught_up().await;
    assert_eq!(priced.price(product).await, 2_500);

    // Paused: nothing moves, whatever the hour.
    market.accept(PausePriceRules::Pause(market.supplier_id)).await;
    priced.hour(later(24 * 30)).await;
    assert_eq!(priced.price(product).await, 2_500);
    market.accept(PausePriceRules::Resume(market.supplier_id)).await;
    priced.hour(later(24 * 31)).await;
    assert_eq!(priced.price(product).await, 2_250);
    set_price(market, product, 3_000).await;
    priced.caught_up().await;
    let by_rule: Option<Value> =
        sqlx::query_scalar("SELECT state->'state'->'by_rule' FROM read.products WHERE product_id = $1")
            .bind(product.0)
            .fetch_one(&priced.database.pool)
            .await
            .unwrap();
    assert_eq!(by_rule, None, "the supplier's own word is the base from then on");
    priced.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_are_decided_again_from_the_log_to_the_ore_and_an_altered_one_is_found() {
    let priced = Priced::open().await;
    let market = &priced.market;
    let products = [dairy(&priced).await, dairy(&priced).await];
    lot(market, products[0], 40, later(0).date_naive() + TimeDelta::days(3)).await;
    let [_, _, slow] = kinds();
    rule(market, market.supplier_id, slow, RuleMode::Active).await;
    for day in 0..4 {
        priced.hour(later(24 * day)).await;
    }

    let mut connection = priced.database.pool.acquire().await.unwrap();
    let mut log = read_feed(&mut connection, 0, 10_000, &PRICE_CHECK_KINDS).await.unwrap().events;
    let verify = |log: &[_]| {
        let mut check = PriceCheck::default();
        let checked = log.iter().filter_map(|event| check.take(event).unwrap());
        let (mut right, mut wrong) = (0, Vec::new());
        for outcome in checked {
            match outcome {
                Ok(()) => right += 1,
                Err(fault) => wrong.push(fault),
            }
        }
        (right, wrong)
    };
    let (right, wrong) = verify(&log);
    assert!(right >= 4, "{right} prices by rule");
    assert_eq!(wrong, []);

    let place = log.iter().position(|event| event.payload.contains("\"reason\":{")).unwrap();
    let mut altered = log[place].clone();
    let mut payload: Value = serde_json::from_str(&altered.payload).unwrap();
    payload["PriceChanged"]["unit_price_minor"] = Value::from(2_249);
    altered.payload = payload.to_string();
    let position = altered.global_position;
    let origin = log.iter().find(|event| event.stream_id == altered.stream_id);
    let public = publish(&altered, origin).unwrap();
    log[place] = altered;
    let told = format!("{:?}", public.unwrap().data);
    for private in ["inputs", "lots", "days_without_order", "reason", "proposal", "base_minor"] {
        assert!(!told.contains(private), "{private} does not leave the house: {told}");
    }
    let (_, wrong) = verify(&log);
    assert_eq!(wrong[0].position, position);
    assert!(matches!(
        wrong[0].what,
        PriceFaultKind::OtherPrice { recorded_minor: 2_249, decided_minor: 2_250 }
    ));

    // The same prices from the log alone.
    let scratch: SchemaName = "read_again".parse().unwrap();
    let stop = CancellationToken::new();
    rebuild_into(&priced.database.pool, &scratch, &all(), &SystemClock, &stop).await.unwrap();
    assert_eq!(compare(&priced.database.pool, &SchemaName::live(), &scratch, &all()).await.unwrap(), []);
    drop_scratch(&priced.database.pool, &scratch).await.unwrap();
    drop(connection);
    priced.close().await;
}
