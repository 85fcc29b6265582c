//! Reading the log: the feed, and a rebuild of all read models.

use std::time::Instant;

use events::{StreamKind, log::read_feed};
use projections::{Family, all, drop_scratch};
use sqlx::PgConnection;

use crate::{
    by_hand::by_hand,
    limit::Bound,
    run::Run,
    statistics::{Spread, real},
    table::Row,
    whole_log::WholeLog,
};

/// Positions per batch.
const POSITIONS: i64 = 5_000;
/// The least of COPY's speed that a rebuild is to reach.
const REBUILD_SHARE_MIN: f64 = 0.25;
const MICROS: f64 = 1_000_000.0;

/// Events per second of the feed, of a rebuild and of COPY.
pub async fn measure(run: &mut Run, log: &WholeLog) -> anyhow::Result<()> {
    let mut connection = log.database.pool.acquire().await?;
    let (mut fed, mut copied, mut rebuilt) = (Vec::new(), Vec::new(), Vec::new());
    let (mut own_cpu, mut server_cpu, mut peaks) = (Vec::new(), Vec::new(), Vec::new());
    // Once for the caches.
    feed(&mut connection).await?;
    log.copy_out(&mut connection).await?;
    for _ in 0..run.sizes.rounds {
        copied.push(log.copy_out(&mut connection).await?);
        let began = Instant::now();
        feed(&mut connection).await?;
        fed.push(log.rate(began.elapsed().as_secs_f64()));
        let again = by_hand(run, &log.database, &["projections", "rebuild", "--all"], None).await?;
        rebuilt.push(log.rate(again.seconds));
        own_cpu.push(again.own_cpu * MICROS / real(log.events));
        server_cpu.push(again.server_cpu * MICROS / real(log.events));
        peaks.push(again.peak_mib);
        for family in Family::all_of(&all()) {
            drop_scratch(&log.database.pool, &family.next_schema()).await?;
        }
    }
    let copied = Spread::of(&copied);
    run.table.add(
        Row::figure("Feed, all kinds", "events/s", Spread::of(&fed))
            .against("COPY events TO", copied)
            .note(format!("{} events: whole orders from cart to stock", log.events)),
    );
    run.table.add(
        Row::figure("Rebuild, all read models", "events/s", Spread::of(&rebuilt))
            .against("COPY events TO", copied)
            .note("`iris projections rebuild --all`, from its start to its end, with all indexes")
            .at_least(Bound::Ratio(REBUILD_SHARE_MIN)),
    );
    run.table.add(
        Row::figure("Rebuild, memory", "MiB", Spread::of(&peaks))
            .note(format!("the program's highest, {} events", log.events)),
    );
    run.table.add(
        Row::figure("Rebuild, CPU of the program", "µs per event", Spread::of(&own_cpu))
            .against("CPU of the server", Spread::of(&server_cpu)),
    );
    Ok(())
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
