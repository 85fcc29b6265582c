//! The relay: from the log to the stream, against reading the same events without sending them.

use std::time::{Duration, Instant};

use events::public::read_public;
use harness::{NatsServer, TestDatabase};
use sqlx::{Executor as _, PgConnection};

use crate::{
    fill::fill,
    iris_process::IrisProcess,
    market::{Market, MarketSize},
    read_scene::fold_read_models,
    run::{Run, SECRET, now},
    statistics::{Spread, real},
    table::Row,
};

const SIZE: MarketSize = MarketSize { suppliers: 10, restaurants: 64, products: 1_000 };
const POSITIONS: i64 = 2_000;
const ASK_EVERY: Duration = Duration::from_millis(10);

/// Events per second of a relay that begins with an empty stream.
pub async fn measure(run: &mut Run) -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let orders = run.sizes.relay_orders;
    fill(&database.options, now(), 11, move |writer| {
        let market = Market::open(writer, SIZE);
        for _ in 0..orders {
            let basket = market.even_basket(writer);
            let cart_id = market.open_cart(writer, &basket);
            market.place(writer, cart_id, &basket);
        }
    })
    .await?;
    database.pool.execute("VACUUM ANALYZE").await?;
    // Otherwise the first round does, beside the relay.
    fold_read_models(&database, &run.scratch.join("folding.log")).await?;
    let mut connection = database.pool.acquire().await?;
    let (mut read, mut relayed) = (Vec::new(), Vec::new());
    let mut events = read_all(&mut connection).await?;
    for round in 0..run.sizes.rounds {
        let began = Instant::now();
        events = read_all(&mut connection).await?;
        read.push(real(events) / began.elapsed().as_secs_f64());
        // A server of its own each time, so that the stream is empty.
        let nats = NatsServer::start(&format!("bench-{round}")).await;
        let settings = [("NATS_URL", nats.url())];
        let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
        let log = run.scratch.join("relay.log");
        let began = Instant::now();
        let iris = IrisProcess::start_with(&database.url(), SECRET, &log, &settings).await?;
        let head = crate::lag::head(&mut connection).await?;
        while iris.gauge("iris_relay_position").await? < real(u64::try_from(head)?) {
            tokio::time::sleep(ASK_EVERY).await;
        }
        relayed.push(real(events) / began.elapsed().as_secs_f64());
        iris.stop()?;
    }
    run.table.add(
        Row::figure("Relay to NATS, from an empty stream", "events/s", Spread::of(&relayed))
            .against("read_public alone", Spread::of(&read))
            .note(format!(
                "{events} public events; from the start of iris serve, read models caught up before"
            )),
    );
    Ok(())
}

async fn read_all(connection: &mut PgConnection) -> anyhow::Result<usize> {
    let (mut after, mut events) = (0, 0);
    loop {
        let batch = read_public(connection, after, POSITIONS).await?;
        events += batch.events.len();
        after = batch.upto;
        if batch.upto == batch.head {
            return Ok(events);
        }
    }
}
