//! Hours that are cut short, come late or are overtaken by other rules.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use command_api::domain::price_rule::CreatePriceRule;
use events::{
    log::FeedWindow,
    price_rule::{RuleMode, RuleScope},
    values::{PriceRuleId, ProductId},
};
use handlers::{Surroundings, prices::watch_rules, scheduler::JobError};
use harness::{
    ordering::fresh,
    pricing::{count_orders, price_hour, price_hour_cut_short},
    until,
};
use platform::clock::UuidV7Ids;
use tokio_util::sync::CancellationToken;

use super::{
    market::{Priced, kinds, limits, rule},
    repriced::{dairy, later},
};

type Row = (DateTime<Utc>, i64, i64, bool, bool);

/// When, before, after, whether some rules are tried out alone, whether it was done.
async fn row(priced: &Priced, product_id: ProductId) -> Row {
    let sql = "SELECT priced_at, current_minor, proposed_minor, is_dry_run, applied FROM pricing.proposals \
               WHERE product_id = $1";
    sqlx::query_as(sql).bind(product_id.0).fetch_one(&priced.database.pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_that_is_cut_short_is_told_of_as_it_was_and_changes_nothing_twice() {
    let priced = Priced::open().await;
    let product = dairy(&priced).await;
    let [_, _, slow] = kinds();
    rule(&priced.market, priced.market.supplier_id, slow, RuleMode::Active).await;
    priced.clock.set(later(0));
    priced.caught_up().await;
    let pool = &priced.database.pool;
    count_orders(pool).await;
    let cut = price_hour_cut_short(pool, &priced.market.committer, later(0)).await;
    assert!(matches!(cut, Err(JobError::Stopped)), "{cut:?}");
    priced.caught_up().await;
    assert_eq!(priced.price(product).await, 2_250);

    let head = *priced.market.committer.head().borrow();
    assert_eq!(priced.hour(later(0)).await["applied"], 1);
    assert_eq!(*priced.market.committer.head().borrow(), head, "the price is changed once");
    assert_eq!(row(&priced, product).await, (later(0), 2_500, 2_250, false, true));
    priced.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_of_another_day_or_one_to_come_changes_no_price() {
    let priced = Priced::open().await;
    let product = dairy(&priced).await;
    let [_, _, slow] = kinds();
    rule(&priced.market, priced.market.supplier_id, slow, RuleMode::Active).await;
    let pool = &priced.database.pool;
    for (now, applied) in [(later(24), 0), (later(-1), 0), (later(1), 1)] {
        priced.clock.set(now);
        priced.caught_up().await;
        count_orders(pool).await;
        let done = price_hour(pool, &priced.market.committer, later(0)).await.unwrap();
        assert_eq!(done["applied"], applied, "at {now}");
    }
    priced.caught_up().await;
    assert_eq!(priced.price(product).await, 2_250);
    priced.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_moves_while_orders_are_not_counted() {
    let priced = Priced::open().await;
    let product = dairy(&priced).await;
    let [_, _, slow] = kinds();
    rule(&priced.market, priced.market.supplier_id, slow, RuleMode::Active).await;
    priced.clock.set(later(0));
    priced.caught_up().await;
    price_hour(&priced.database.pool, &priced.market.committer, later(0)).await.unwrap();
    assert_eq!(row(&priced, product).await, (later(0), 2_500, 2_500, false, false));
    priced.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_made_within_the_hour_are_told_of_and_the_hour_does_not_take_their_place() {
    let priced = Priced::open().await;
    let market = &priced.market;
    let (product, tried) = (dairy(&priced).await, dairy(&priced).await);
    let [_, _, slow] = kinds();
    rule(market, market.supplier_id, slow.clone(), RuleMode::Active).await;
    priced.hour(later(0)).await;

    // One product's own rule, tried out in place of the category's.
    priced.clock.set(later(0) + TimeDelta::minutes(5));
    let (rule_id, scope) = (PriceRuleId(fresh()), RuleScope::ProductId(tried));
    let supplier_id = market.supplier_id;
    let mode = RuleMode::DryRun;
    market.accept(CreatePriceRule { rule_id, supplier_id, scope, kind: slow, limits: limits(), mode }).await;
    priced.caught_up().await;
    let stop = CancellationToken::new();
    let pool = &priced.database.pool;
    let surroundings = Surroundings {
        pool: pool.clone(),
        clock: priced.clock.clone(),
        ids: Arc::new(UuidV7Ids),
        wake: market.committer.head(),
        feed: FeedWindow::default(),
    };
    let watching = tokio::spawn(watch_rules(surroundings, stop.clone()));
    until("the new rule is told of", async || {
        let sql = "SELECT s.rules_revision = r.revision FROM pricing.suppliers s \
                   JOIN read.price_rules r ON r.supplier_id = s.supplier_id";
        sqlx::query_scalar(sql).fetch_optional(pool).await.unwrap() == Some(true)
    })
    .await;
    stop.cancel();
    watching.await.unwrap();
    let told = row(&priced, product).await;
    assert_eq!((told.0, told.4), (later(0) + TimeDelta::minutes(5), true), "it was done in this hour");

    // The hour is taken up again: what is told of it is newer.
    price_hour(pool, &market.committer, later(0)).await.unwrap();
    assert_eq!(row(&priced, product).await, told);
    // The category's rule is active, and the product's own in its place is not.
    priced.hour(later(24)).await;
    let (_, _, proposed, is_dry_run, applied) = row(&priced, tried).await;
    assert_eq!((proposed < 2_250, is_dry_run, applied), (true, true, false));
    assert_eq!(priced.price(tried).await, 2_250);
    assert!(priced.price(product).await < 2_250);
    priced.close().await;
}
