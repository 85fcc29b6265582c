//! The append alone, over one connection, against plain SQL for the same rows.

use std::time::Instant;

use events::{
    NewEvent,
    canonical::content_hash,
    log::{Append, append, read_head},
};
use harness::TestDatabase;
use sqlx::{Executor as _, PgConnection, pool::PoolConnection, postgres::Postgres};

use crate::{
    fill::collect,
    market::{Market, MarketSize},
    plain::{Hashed, copy_in, create, insert},
    run::{Run, now},
    statistics::{Spread, real},
    table::Row,
};

const SIZE: MarketSize = MarketSize { suppliers: 10, restaurants: 64, products: 1_000 };
/// Events of one append; what a busy committer takes at a time.
const BATCH: usize = 100;
/// Of an order: placed, three promises of stock, cart converted.
pub const EVENTS_PER_ORDER: usize = 5;

/// Events per second: the append, a batched INSERT, a COPY.
pub async fn measure(run: &mut Run) -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let mut connection = database.pool.acquire().await?;
    create(&mut connection).await?;
    let (mut appended, mut inserted, mut copied) = (Vec::new(), Vec::new(), Vec::new());
    let mut bytes = 0;
    // The first round warms everything up and does not count.
    for round in 0..=run.sizes.rounds {
        let events = order_events(run.sizes.append_events / EVENTS_PER_ORDER, round).await;
        bytes = events.iter().map(|event| event.payload.len() + event.metadata.len()).sum::<usize>()
            / events.len();
        let figures = one_round(&mut connection, events).await?;
        if round > 0 {
            appended.push(figures[0]);
            inserted.push(figures[1]);
            copied.push(figures[2]);
        }
    }
    let size = run.sizes.append_events;
    let note = format!("batches of {BATCH}, {size} events a round of {bytes} bytes JSON, hashed");
    let appended = Spread::of(&appended);
    run.table.add(
        Row::figure("Raw append, one connection", "events/s", appended)
            .against("INSERT … unnest of the same rows", Spread::of(&inserted))
            .note(note),
    );
    run.table.add(
        Row::figure("Raw append, one connection", "events/s", appended)
            .against("COPY in", Spread::of(&copied))
            .note(
                "one COPY per batch; both rivals without head, hash and trigger, with the same two indexes",
            ),
    );
    Ok(())
}

async fn one_round(
    connection: &mut PoolConnection<Postgres>,
    events: Vec<NewEvent>,
) -> anyhow::Result<[f64; 3]> {
    let count = real(events.len());
    let hashed: Vec<_> = events.into_iter().map(|event| (content_hash(&event), event)).collect();
    let mut first = read_head(connection).await?.position + 1;

    let inserting = inserted(connection, &hashed, first).await?;
    connection.execute("TRUNCATE plain.events").await?;

    let copying = Instant::now();
    for batch in hashed.chunks(BATCH) {
        copy_in(connection, batch, &mut first).await?;
    }
    let copying = copying.elapsed().as_secs_f64();
    connection.execute("TRUNCATE plain.events").await?;

    let mut units = Vec::new();
    let mut rest: Vec<NewEvent> = hashed.into_iter().map(|(_, event)| event).collect();
    while !rest.is_empty() {
        let later = rest.split_off(BATCH.min(rest.len()));
        units.push(Append { events: rest, recorded_at: now(), ..Append::default() });
        rest = later;
    }
    let appending = Instant::now();
    append_all(connection, &units).await?;
    let appending = appending.elapsed().as_secs_f64();
    Ok([count / appending, count / inserting, count / copying])
}

/// Seconds that plain INSERTs of the rows take, from that position on.
pub async fn inserted(
    connection: &mut PgConnection,
    hashed: &[Hashed],
    mut first: i64,
) -> anyhow::Result<f64> {
    let began = Instant::now();
    for batch in hashed.chunks(BATCH) {
        insert(connection, batch, &mut first).await?;
    }
    Ok(began.elapsed().as_secs_f64())
}

async fn append_all(connection: &mut PgConnection, units: &[Append]) -> anyhow::Result<()> {
    let mut head = read_head(connection).await?;
    for unit in units {
        let base = append(connection, head, unit).await?;
        let base = base.ok_or_else(|| anyhow::anyhow!("the head moved, but nobody else writes"))?;
        head.position = base + i64::try_from(unit.events.len())?;
    }
    Ok(())
}

/// What placing orders appends; other streams in each round.
pub async fn order_events(count: usize, round: usize) -> Vec<NewEvent> {
    let seed = 100 + u64::try_from(round).expect("a few rounds");
    let events = collect(now(), seed, move |writer| {
        let mut market = Market::open(writer, SIZE);
        for _ in 0..count {
            let basket = market.even_basket(writer);
            let cart_id = events::values::CartId(writer.id());
            let order = market.place(writer, cart_id, &basket);
            market.settle(writer, cart_id, &basket, order);
        }
    })
    .await;
    // The market itself is another story; streams need not be whole for this.
    events.into_iter().skip(2 * SIZE.suppliers + 3 * SIZE.restaurants + 2 * SIZE.products).collect()
}
