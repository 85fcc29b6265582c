//! Exports of the history, over HTTP and into a file.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use events::values::{AccountId, Role};
use harness::ordering::fresh;

use crate::{
    by_hand::by_hand,
    iris_process::IrisProcess,
    lag::caught_up,
    limit::Bound,
    processes::resident_mib,
    run::{Run, SECRET},
    statistics::Spread,
    table::Row,
    whole_log::WholeLog,
};

/// The least of COPY's speed.
const SHARE_MIN: f64 = 0.5;

/// Events per second of both exports and of COPY.
pub async fn measure(run: &mut Run, log: &WholeLog) -> anyhow::Result<()> {
    let iris = IrisProcess::start(&log.database.url(), SECRET, &run.scratch.join("exporting.log")).await?;
    let token = run.token(AccountId(fresh()), Role::Auditor);
    // Folding the read models takes from the same machine.
    caught_up(&log.database.options).await?;
    let mut connection = log.database.pool.acquire().await?;
    let (mut served, mut written, mut copied) = (Vec::new(), Vec::new(), Vec::new());
    let (mut grown, mut peaks) = (Vec::new(), Vec::new());
    let resident = || resident_mib(iris.pid()).map_or(f64::NAN, |(now, _)| now);
    // Once for the caches.
    log.copy_out(&mut connection).await?;
    let before = resident();
    over_http(&iris, &token, log.events).await?;
    for round in 0..run.sizes.rounds {
        copied.push(log.copy_out(&mut connection).await?);
        let began = Instant::now();
        over_http(&iris, &token, log.events).await?;
        served.push(log.rate(began.elapsed().as_secs_f64()));
        grown.push(resident() - before);
        let file = run.scratch.join(format!("export-{round}.ndjson"));
        let took = by_hand(run, &log.database, &["events", "export"], Some(&file)).await?;
        written.push(log.rate(took.seconds));
        peaks.push(took.peak_mib);
        std::fs::remove_file(file)?;
    }
    iris.stop()?;
    let copied = Spread::of(&copied);
    run.table.add(
        Row::figure("History exported over HTTP", "events/s", Spread::of(&served))
            .against("COPY events TO", copied)
            .note(format!(
                "NDJSON, {} events, each with its hash, and the root of all at the end",
                log.events
            ))
            .at_least(Bound::Ratio(SHARE_MIN)),
    );
    run.table.add(
        Row::figure("— memory", "MiB", Spread::of(&grown))
            .note("what iris serve has grown by, from before the first"),
    );
    run.table.add(
        Row::figure("History exported into a file", "events/s", Spread::of(&written))
            .against("COPY events TO", copied)
            .note("`iris events export`, from its start to its end")
            .at_least(Bound::Ratio(SHARE_MIN)),
    );
    run.table.add(Row::figure("— memory", "MiB", Spread::of(&peaks)).note("the program's highest"));
    Ok(())
}

/// Reads all of it, and looks whether it was all.
async fn over_http(iris: &IrisProcess, token: &str, events: usize) -> anyhow::Result<()> {
    let url = format!("http://{}/api/v1/audit/events", iris.address);
    let request = reqwest::Client::new().get(url).bearer_auth(token).header("accept", "application/x-ndjson");
    let mut answer = request.send().await?.error_for_status()?;
    let mut last = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        last = chunk.to_vec();
    }
    let text = String::from_utf8_lossy(&last);
    let end = text.lines().last().context("an answer")?;
    ensure!(end.contains(&format!("\"count\":{events},")), "the export ends with {end}");
    Ok(())
}
