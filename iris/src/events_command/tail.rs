//! `iris events tail`: one readable line per event.

use std::{io::Write as _, process::ExitCode, time::Duration};

use chrono::SecondsFormat;
use events::{
    RecordedEvent,
    log::{EventFilter, read_head, read_stretch},
};
use platform::shutdown;

/// Events shown where no position is named.
const LAST: i64 = 10;
/// Positions looked at, and events read, at a time.
const STRETCH: i64 = 5_000;
/// How often the end of the log is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Which events.
#[derive(clap::Args)]
pub struct Arguments {
    /// From that position on.
    #[arg(long)]
    from: Option<i64>,
    /// Of this type alone, `OrderPlaced`.
    #[arg(long = "type")]
    event_type: Option<String>,
    /// Go on with what is recorded from now on, until interrupted.
    #[arg(long)]
    follow: bool,
}

/// Prints them.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut connection = super::connect().await?;
    let stop = shutdown::on_signal()?;
    let filter = EventFilter { event_type: arguments.event_type, ..EventFilter::default() };
    let mut head = read_head(&mut connection).await?.position;
    let mut after = arguments.from.map_or(head - LAST, |from| from - 1).max(0);
    loop {
        while after < head {
            let upto = head.min(after + STRETCH);
            let found = read_stretch(&mut connection, (after, upto), &filter, STRETCH).await?;
            let mut out = std::io::stdout().lock();
            for event in &found {
                // Whoever reads us may stop reading at any line.
                if writeln!(out, "{}", line(event)).is_err() {
                    return Ok(ExitCode::SUCCESS);
                }
            }
            after = upto;
            if stop.is_cancelled() {
                return Ok(ExitCode::SUCCESS);
            }
        }
        if !arguments.follow || stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
            return Ok(ExitCode::SUCCESS);
        }
        head = read_head(&mut connection).await?.position;
    }
}

fn line(event: &RecordedEvent) -> String {
    let time = event.recorded_at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let RecordedEvent { global_position, stream_kind, stream_id, sequence, event_type, actor, .. } = event;
    let words = query_api::in_words(event);
    format!(
        "{global_position:>9}  {time}  {event_type:<22} {stream_kind}/{stream_id}#{sequence}  {actor}  {words}"
    )
}
