//! Verifying the log, with seals over all of it.

use events::audit::{SigningKey, seal_next, sealed_up_to};
use harness::TestDatabase;

use crate::{
    by_hand::by_hand,
    limit::Bound,
    run::{Run, now},
    statistics::Spread,
    table::Row,
    whole_log::WholeLog,
};

/// Events per seal, as the sealer makes them at most.
const EVENTS_PER_SEAL: i64 = 10_000;

/// The least of COPY's speed.
const SHARE_MIN: f64 = 0.5;

/// Events per second of `iris audit verify`, and of COPY.
pub async fn measure(run: &mut Run, log: &WholeLog) -> anyhow::Result<()> {
    // Not sealed: sequences are Postgres's work then.
    let unsealed = log.rate(verify(run, log).await?.seconds);
    seal(&log.database).await?;
    let mut connection = log.database.pool.acquire().await?;
    let (mut copied, mut verified, mut peaks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..run.sizes.rounds {
        copied.push(log.copy_out(&mut connection).await?);
        let took = verify(run, log).await?;
        verified.push(log.rate(took.seconds));
        peaks.push(took.peak_mib);
    }
    run.table.add(
        Row::figure("History verified", "events/s", Spread::of(&verified))
            .against("COPY events TO", Spread::of(&copied))
            .note(format!(
                "`iris audit verify`, hashes and seals; {} events, all sealed; before they were: {unsealed:.0} events/s",
                log.events
            ))
            .at_least(Bound::Ratio(SHARE_MIN)),
    );
    run.table.add(Row::figure("— memory", "MiB", Spread::of(&peaks)).note("the program's highest"));
    Ok(())
}

/// It succeeds only where nothing is wrong.
async fn verify(run: &Run, log: &WholeLog) -> anyhow::Result<crate::by_hand::Took> {
    by_hand(run, &log.database, &["audit", "verify"], None).await
}

async fn seal(database: &TestDatabase) -> anyhow::Result<()> {
    let key = SigningKey::from_base64(&SigningKey::generate())?;
    let head: i64 =
        sqlx::query_scalar("SELECT position FROM public.log_head").fetch_one(&database.pool).await?;
    while sealed_up_to(&database.pool).await? < head {
        let mut transaction = platform::db::begin(&database.pool).await?;
        seal_next(&mut transaction, &key, EVENTS_PER_SEAL, now()).await?;
        transaction.commit().await?;
    }
    Ok(())
}
