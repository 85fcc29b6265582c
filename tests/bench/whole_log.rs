//! A log of whole orders, from cart to stock, that is read from its first event to its last in several ways.

use std::time::Instant;

use futures::TryStreamExt as _;
use harness::TestDatabase;
use sqlx::{Executor as _, PgConnection};

use crate::{
    fill::fill,
    market::{Market, MarketSize},
    run::{Run, now},
    statistics::real,
};

const SIZE: MarketSize = MarketSize { suppliers: 10, restaurants: 64, products: 1_000 };

/// The log, and how much is in it.
pub struct WholeLog {
    pub database: TestDatabase,
    pub events: usize,
}

impl WholeLog {
    /// Writes it.
    pub async fn write(run: &Run) -> anyhow::Result<Self> {
        let database = TestDatabase::create().await;
        let orders = run.sizes.log_orders;
        let ((), filled) = fill(&database.options, now(), 7, move |writer| {
            let mut market = Market::open(writer, SIZE);
            for _ in 0..orders {
                let basket = market.even_basket(writer);
                let cart_id = market.open_cart(writer, &basket);
                let order = market.place(writer, cart_id, &basket);
                market.settle(writer, cart_id, &basket, order);
            }
        })
        .await?;
        database.pool.execute("VACUUM ANALYZE public.events").await?;
        Ok(Self { database, events: filled.events })
    }

    /// Events a second, where all of them took so long.
    pub fn rate(&self, seconds: f64) -> f64 {
        real(self.events) / seconds
    }

    /// Events a second of COPY: all rows of the log, as fast as Postgres gives them.
    pub async fn copy_out(&self, connection: &mut PgConnection) -> anyhow::Result<f64> {
        let began = Instant::now();
        let mut rows = connection.copy_out_raw("COPY (SELECT * FROM public.events) TO STDOUT").await?;
        while rows.try_next().await?.is_some() {}
        Ok(self.rate(began.elapsed().as_secs_f64()))
    }
}
