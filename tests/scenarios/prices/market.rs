//! A supplier with rules, and the hourly job on a committer.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use command_api::domain::{
    price_rule::CreatePriceRule,
    product::{ProductPatch, ReviseProduct},
    stock::{AdjustStock, StockChange},
};
use events::{
    price_rule::{RuleMode, RuleScope},
    values::{PriceRuleId, ProductId, Quantity, SupplierId},
};
use handlers::scheduler::Done;
use harness::{
    Ordering, TestDatabase,
    ordering::fresh,
    pricing::{count_orders, price_hour},
    until,
};
use platform::clock::{FixedClock, SystemClock};
use pricing::{Aim, Limits, RuleKind};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What expires, what is wanted and what nobody orders: one rule of each kind.
pub fn kinds() -> [RuleKind; 3] {
    [
        RuleKind::Expiry { aim: Aim::Waste, elasticity_thousandths: 1_000, down_max_bps: 5_000 },
        RuleKind::DemandIndex {
            dead_band_bps: 1_500,
            step_up_max_bps: 300,
            step_down_max_bps: 300,
            cover_days: 2,
        },
        RuleKind::SlowMover { days_without_order: 30, step_bps: 200 },
    ]
}

pub fn limits() -> Limits {
    Limits {
        floor_minor: 1_000,
        ceiling_minor: None,
        day_up_max_bps: 300,
        day_down_max_bps: 1_000,
        hysteresis_bps: 100,
        round_to_minor: 1,
    }
}

/// A market whose read models are kept up.
pub struct Priced {
    pub database: TestDatabase,
    pub market: Ordering,
    pub clock: Arc<FixedClock>,
    stop: CancellationToken,
    live: JoinHandle<()>,
}

impl Priced {
    pub async fn open() -> Self {
        let database = TestDatabase::create().await;
        let clock = Arc::new(FixedClock::new("2026-11-20T09:00:00Z".parse().unwrap()));
        let market = Ordering::open_at(&database.options, clock.clone()).await;
        let stop = CancellationToken::new();
        let (pool, head) = (database.pool.clone(), market.committer.head());
        let running = projections::run(pool, Arc::new(SystemClock), head, stop.clone());
        let live = tokio::spawn(async move { running.await.unwrap() });
        Self { database, market, clock, stop, live }
    }

    pub async fn close(self) {
        self.stop.cancel();
        self.live.await.unwrap();
    }

    /// Waits until the read models have seen the whole log.
    pub async fn caught_up(&self) {
        until("the read models are there", async || {
            let (slowest, head): (Option<i64>, Option<i64>) = sqlx::query_as(
                "SELECT (SELECT min(position) FROM read.checkpoints), (SELECT max(position) FROM public.log_head)",
            )
            .fetch_one(&self.database.pool)
            .await
            .unwrap();
            slowest == head
        })
        .await;
    }

    /// One hour of the job, as the scheduler runs it.
    pub async fn hour(&self, at: DateTime<Utc>) -> Done {
        self.clock.set(at);
        self.caught_up().await;
        count_orders(&self.database.pool).await;
        let done = price_hour(&self.database.pool, &self.market.committer, at).await.unwrap();
        self.caught_up().await;
        done
    }

    pub async fn price(&self, product_id: ProductId) -> i64 {
        sqlx::query_scalar(
            "SELECT (state->'state'->>'unit_price_minor')::bigint FROM read.products WHERE product_id = $1",
        )
        .bind(product_id.0)
        .fetch_one(&self.database.pool)
        .await
        .unwrap()
    }
}

/// A rule on all products of category `dairy`.
pub async fn rule(market: &Ordering, supplier_id: SupplierId, kind: RuleKind, mode: RuleMode) -> PriceRuleId {
    let rule_id = PriceRuleId(fresh());
    let scope = RuleScope::Category("dairy".to_owned());
    market.accept(CreatePriceRule { rule_id, supplier_id, scope, kind, limits: limits(), mode }).await;
    rule_id
}

pub async fn lot(market: &Ordering, product_id: ProductId, units: i64, expires_on: NaiveDate) {
    let change = StockChange::By(Quantity::units(units));
    let (reason, expires_on) = ("delivery".to_owned(), Some(expires_on));
    market.accept(AdjustStock { product_id, change, reason, expires_on }).await;
}

/// The supplier asks that itself.
pub async fn set_price(market: &Ordering, product_id: ProductId, minor: i64) {
    let patch = ProductPatch { unit_price_minor: Some(minor), ..ProductPatch::default() };
    market.accept(ReviseProduct { product_id, patch }).await;
}
