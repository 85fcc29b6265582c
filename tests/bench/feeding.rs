//! Reading the log: the feed and a rebuild of all read models, against COPY of the same rows.

use std::time::Instant;

use events::{StreamKind, log::read_feed};
use futures::TryStreamExt as _;
use harness::TestDatabase;
use platform::clock::SystemClock;
use projections::{SchemaName, drop_scratch, rebuild_into};
use sqlx::{Executor as _, PgConnection};
use tokio_util::sync::CancellationToken;

use crate::{
    fill::fill,
    market::{Market, MarketSize},
    run::{Run, now},
    statistics::{Spread, real},
    table::Row,
};

const SIZE: MarketSize = MarketSize { suppliers: 10, restaurants: 64, products: 1_000 };
/// Positions per batch, as a rebuild reads them.
const POSITIONS: i64 = 5_000;

/// Events per second of the feed, of a rebuild and of COPY.
pub async fn measure(run: &mut Run) -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let orders = run.sizes.feed_orders;
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
    let events = real(filled.events);
    let mut connection = database.pool.acquire().await?;
    let (mut fed, mut copied, mut rebuilt) = (Vec::new(), Vec::new(), Vec::new());
    let schema: SchemaName = "read_bench".parse()?;
    // Once for the caches.
    feed(&mut connection).await?;
    copy_out(&mut connection).await?;
    for _ in 0..run.sizes.rounds {
        copied.push(events / timed(copy_out(&mut connection)).await?);
        fed.push(events / timed(feed(&mut connection)).await?);
        rebuilt.push(events / timed(rebuild(&database, &schema)).await?);
        drop_scratch(&database.pool, &schema).await?;
    }
    let (copied, note) =
        (Spread::of(&copied), format!("{} events: whole orders from cart to stock", filled.events));
    run.table.add(
        Row::figure("Feed, all kinds", "events/s", Spread::of(&fed)).against("COPY out", copied).note(note),
    );
    run.table.add(
        Row::figure("Rebuild, all read models", "events/s", Spread::of(&rebuilt))
            .against("COPY out", copied)
            .note("one after another into a schema of its own, with its indexes"),
    );
    Ok(())
}

async fn timed(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<f64> {
    let began = Instant::now();
    work.await?;
    Ok(began.elapsed().as_secs_f64())
}

async fn feed(connection: &mut PgConnection) -> anyhow::Result<()> {
    let mut after = 0;
    loop {
        let batch = read_feed(connection, after, POSITIONS, &StreamKind::ALL).await?;
        after = batch.upto;
        if batch.is_last() {
            return Ok(());
        }
    }
}

async fn copy_out(connection: &mut PgConnection) -> anyhow::Result<()> {
    let mut rows = connection.copy_out_raw("COPY (SELECT * FROM public.events) TO STDOUT").await?;
    while rows.try_next().await?.is_some() {}
    Ok(())
}

async fn rebuild(database: &TestDatabase, schema: &SchemaName) -> anyhow::Result<()> {
    let never = CancellationToken::new();
    rebuild_into(&database.pool, schema, &projections::all(), &SystemClock, &never).await?;
    Ok(())
}
