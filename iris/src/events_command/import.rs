//! `iris events import`: an export of a whole log, into a database whose log is empty.
//!
//! 1. All of the file is read before anything is written: every line's hash, positions without holes from 1,
//!    sequences without holes from 1 in each stream, and the count and root that the last line names. Memory grows
//!    with the number of streams, by some dozens of bytes for each.
//! 2. Then its events are appended a thousand at a time, each batch in a transaction that also takes the claims that
//!    follow from it. From the first of them until all are in, a mark keeps every role from starting ([`under_way`]).
//!    Interrupted, the import goes on where the log ends: what is there must be the file's own.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead as _, BufReader, Lines},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail, ensure};
use events::{
    NewEvent, RecordedEvent, StreamKind, StreamRef,
    canonical::recorded_hash,
    history_line::{HistoryEnd, HistoryLine, HistoryWriter, read_history_line},
    log::{Append, Claim, ClaimChange, ClaimsOfLog, Head, append, make_partitions, read_hashes, read_head},
};
use platform::{personal::PersonalKeys, shutdown};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::under_way;

/// Events per transaction.
const BATCH: usize = 1_000;
/// Events between two looks at whether to stop, while the file is checked.
const CHECKED_AT_ONCE: i64 = 10_000;

/// Which file.
#[derive(clap::Args)]
pub struct Arguments {
    /// What `iris events export` wrote from position 1 on, whole.
    file: PathBuf,
}

/// Imports it. Interrupted, it says how to go on.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let stop = shutdown::on_signal()?;
    let path = &arguments.file;
    let Some(end) = check(path, || stop.is_cancelled())? else {
        eprintln!("interrupted; nothing was written");
        return Ok(ExitCode::FAILURE);
    };
    eprintln!("the file is whole: {} events, root {}", end.count, end.root);
    let mut connection = super::connect().await?;
    let head = read_head(&mut connection).await?;
    let mut import =
        Import { head, upto: end.position, claims: ClaimsOfLog::default(), keys: super::keys().await? };
    ensure!(import.head.position <= end.position, "the log has more events than the file");
    // Nobody else appends: no other would make what the file is longer than a partition.
    make_partitions(&mut connection, usize::try_from(end.position - head.position)?).await?;
    let bar = super::progress(end.position, "importing");
    let mut events = Events::open(path)?;
    loop {
        let batch = events.take(BATCH)?;
        let Some(last) = batch.last() else { break };
        let position = last.global_position;
        import.batch(&mut connection, batch).await?;
        bar.set_position(super::bar_position(position));
        if stop.is_cancelled() && position < end.position {
            bar.abandon();
            eprintln!("interrupted behind position {position}; the same command goes on from there");
            return Ok(ExitCode::FAILURE);
        }
    }
    under_way::clear(&mut connection).await?;
    bar.finish_and_clear();
    println!("imported: the log ends at position {}, root {}", end.position, end.root);
    println!(
        "Not in an export, and so not here: answers kept for idempotency keys, keys of people (bring the tables \
         personal.keys and platform.data_keys first, or nobody's address is claimed and all are shown as erased), secrets of webhook \
         endpoints, sessions, files of invoices, the numbers of invoices that still wait. Read models follow by \
         themselves; `iris doctor` checks the log."
    );
    Ok(ExitCode::SUCCESS)
}

/// Reads the whole file; `None` if it was interrupted.
fn check(path: &Path, is_cancelled: impl Fn() -> bool) -> anyhow::Result<Option<HistoryEnd>> {
    let mut events = Events::open(path)?;
    let mut writer = HistoryWriter::after(0);
    let mut sequences: HashMap<StreamRef, i64> = HashMap::new();
    while let Some(event) = events.next()? {
        let position = event.global_position;
        ensure!(position == writer.position() + 1, "position {position} follows on {}", writer.position());
        ensure!(recorded_hash(&event)[..] == event.content_hash[..], "position {position} has been altered");
        writer.add(position, &event.content_hash)?;
        let last = sequences.entry(stream_of(&event)?).or_default();
        let (kind, id, sequence) = (&event.stream_kind, event.stream_id, event.sequence);
        ensure!(
            sequence == *last + 1,
            "position {position}: sequence {sequence} of {kind} {id} comes after {last}"
        );
        *last = sequence;
        if position % CHECKED_AT_ONCE == 0 && is_cancelled() {
            return Ok(None);
        }
    }
    let Some(end) = events.end else { bail!("the file has no last line: it was cut") };
    ensure!(end == writer.end(), "the last line says {end:?}, the lines come to {:?}", writer.end());
    Ok(Some(end))
}

/// The events of a file, in its order, up to its last line.
struct Events {
    lines: Lines<BufReader<File>>,
    end: Option<HistoryEnd>,
}

impl Events {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        Ok(Self { lines: BufReader::with_capacity(1 << 20, file).lines(), end: None })
    }

    fn next(&mut self) -> anyhow::Result<Option<RecordedEvent>> {
        let Some(line) = self.lines.next().transpose()? else { return Ok(None) };
        ensure!(self.end.is_none(), "the file goes on behind its last line");
        match read_history_line(&line).with_context(|| format!("line {}…", excerpt(&line)))? {
            HistoryLine::Event(event) => Ok(Some(*event)),
            HistoryLine::End(end) => {
                self.end = Some(end);
                // Nothing may stand behind it.
                self.next()
            }
        }
    }

    fn take(&mut self, count: usize) -> anyhow::Result<Vec<RecordedEvent>> {
        let mut events = Vec::with_capacity(count);
        while events.len() < count
            && let Some(event) = self.next()?
        {
            events.push(event);
        }
        Ok(events)
    }
}

fn excerpt(line: &str) -> String {
    line.chars().take(60).collect()
}

struct Import {
    head: Head,
    /// Where the file ends.
    upto: i64,
    claims: ClaimsOfLog,
    keys: PersonalKeys,
}

impl Import {
    /// Compares what is in the log already, and appends the rest.
    async fn batch(
        &mut self,
        connection: &mut PgConnection,
        batch: Vec<RecordedEvent>,
    ) -> anyhow::Result<()> {
        let (known, fresh): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|event| event.global_position <= self.head.position);
        self.compare(connection, &known).await?;
        for event in &known {
            self.changes(event).await?;
        }
        if fresh.is_empty() {
            return Ok(());
        }
        // The last word on each claim: an append takes each once.
        let mut claims: HashMap<Claim, Option<Uuid>> = HashMap::new();
        for event in &fresh {
            claims.extend(self.changes(event).await?.into_iter().map(|change| (change.claim, change.holder)));
        }
        let count = i64::try_from(fresh.len())?;
        let recorded_at = fresh.last().map(|event| event.recorded_at).unwrap_or_default();
        let unit = Append {
            events: fresh.into_iter().map(new_event).collect::<Result<_, _>>()?,
            claims: claims.into_iter().map(|(claim, holder)| ClaimChange { claim, holder }).collect(),
            recorded_at,
            ..Append::default()
        };
        // The head must be where the last batch left it, so each event gets the position that it had.
        let mut tx = connection.begin().await?;
        let Some(base) = append(&mut tx, self.head, &unit).await? else {
            bail!("somebody else writes to this log behind position {}", self.head.position);
        };
        if base + count < self.upto {
            under_way::mark_in_tx(&mut tx, self.upto).await?;
        }
        tx.commit().await?;
        self.head.position = base + count;
        Ok(())
    }

    /// What the event claims. Addresses can be claimed only where the keys of people were brought here before.
    async fn changes(&mut self, event: &RecordedEvent) -> anyhow::Result<Vec<ClaimChange>> {
        let index = match ClaimsOfLog::address(event)? {
            Some(address) => match (address.plain(), address.sealed()) {
                (Some(plain), _) => Some(self.keys.blind_index(plain)),
                (None, Some(sealed)) => {
                    let opened = self.keys.open(sealed, address.subject).await?;
                    opened.map(|plain| self.keys.blind_index(&plain))
                }
                (None, None) => None,
            },
            None => None,
        };
        Ok(self.claims.changes(event, index.as_deref())?)
    }

    async fn compare(&self, connection: &mut PgConnection, known: &[RecordedEvent]) -> anyhow::Result<()> {
        let (Some(first), Some(last)) = (known.first(), known.last()) else { return Ok(()) };
        let found = read_hashes(connection, first.global_position - 1, last.global_position).await?;
        let mut found = found.into_iter();
        for event in known {
            let (position, hash) = (event.global_position, event.content_hash.clone());
            if found.next() != Some((position, hash)) {
                bail!("the log is not empty, and holds another event at position {position}");
            }
        }
        Ok(())
    }
}

/// The event as it is to be recorded again. The organisations that it was routed by are not in an export: nothing
/// reads them back.
fn new_event(event: RecordedEvent) -> anyhow::Result<NewEvent> {
    let stream = stream_of(&event)?;
    Ok(NewEvent {
        event_id: event.event_id,
        stream,
        sequence: event.sequence,
        event_type: event.event_type,
        event_version: event.event_version,
        payload: event.payload,
        metadata: event.metadata,
        recorded_at: event.recorded_at,
        command_id: event.command_id,
        actor: event.actor,
        supplier_id: None,
        restaurant_id: None,
    })
}

fn stream_of(event: &RecordedEvent) -> anyhow::Result<StreamRef> {
    let kind = StreamKind::named(&event.stream_kind)
        .with_context(|| format!("streams of kind {} are not known here", event.stream_kind))?;
    Ok(StreamRef { kind, id: event.stream_id })
}
