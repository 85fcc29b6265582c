//! Verifying archived events: their file, and what is kept of them in the table.

use std::{io, path::Path};

use sqlx::PgConnection;

use super::{
    faults::{Fault, FaultKind},
    verify::{FAULTS_MAX, Run, STRETCH, VerifyError},
};
use crate::{
    RecordedEvent,
    archive::{ArchiveError, ArchiveReader},
    canonical::recorded_hash,
    log::{ArchivedRange, read_routed},
};

/// Told how far it is, and all faults so far.
type Tell<'a> = dyn FnMut(i64, &[Fault]) + Send + 'a;

/// Positions `first` to `last` of an archived range, through their seals as all others.
pub(super) async fn read_archived(
    connection: &mut PgConnection,
    run: &mut Run<'_>,
    range: &ArchivedRange,
    (first, last): (i64, i64),
    folder: Option<&Path>,
    tell: &mut Tell<'_>,
) -> Result<(), VerifyError> {
    let mut file = open(range, folder)?;
    if file.is_none() {
        run.unread.push(range.clone());
    }
    let mut next = first;
    while next <= last && run.faults.len() < FAULTS_MAX {
        let end = last.min(next + STRETCH - 1);
        run.seals.reach(connection, next, end, &mut run.faults).await?;
        if let Some(reader) = &mut file
            && let Err(fault) = read_lines(reader, run, next, end)
        {
            run.faults.push(fault);
            // Nothing behind a broken line can be told from it.
            file = None;
        }
        judge_kept(connection, run, next, end).await?;
        tell(end, &run.faults);
        next = end + 1;
    }
    if let Some(reader) = file
        && last == range.last
        // Where an event is wrong, that says more.
        && !run.faults.iter().any(|fault| (range.first..=range.last).contains(&fault.position))
        && let Some(fault) = fault_of_file(reader, range)
    {
        run.faults.push(fault);
    }
    Ok(())
}

fn open(range: &ArchivedRange, folder: Option<&Path>) -> Result<Option<ArchiveReader>, VerifyError> {
    let Some(folder) = folder else { return Ok(None) };
    match ArchiveReader::open(&folder.join(&range.file), range.first) {
        Ok(reader) => Ok(Some(reader)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The file's events up to `end`; those before `next` are passed over.
fn read_lines(reader: &mut ArchiveReader, run: &mut Run<'_>, next: i64, end: i64) -> Result<(), Fault> {
    let mut position = next - 1;
    while position < end && run.faults.len() < FAULTS_MAX {
        let missing =
            |reason: &str| Fault::new(position + 1, FaultKind::Missing, format!("the archive: {reason}"));
        match reader.next_event() {
            Ok(Some((event, _))) if event.global_position < next => {}
            Ok(Some((event, _))) => {
                position = event.global_position;
                judge(run, &event, "the archive has another event than was sealed");
                run.tree.push(&recorded_hash(&event));
            }
            Ok(None) => return Err(missing("it ends here")),
            Err(ArchiveError::Broken { reason, .. }) => return Err(missing(reason)),
            Err(error) => return Err(missing(&error.to_string())),
        }
    }
    Ok(())
}

/// Holds the event's bytes against its hash and the sealed one.
fn judge(run: &mut Run<'_>, event: &RecordedEvent, reason: &'static str) {
    let (position, hash) = (event.global_position, recorded_hash(event));
    let is_sealed = run.seals.leaves().at(position).is_none_or(|leaf| *leaf == hash);
    if !is_sealed || hash[..] != event.content_hash[..] {
        run.faults.push(Fault::new(position, FaultKind::Altered, reason).of_event(event.event_id));
    }
}

/// What is in the table of a range whose events are in a file: decisions rest on it as on all others.
async fn judge_kept(
    connection: &mut PgConnection,
    run: &mut Run<'_>,
    next: i64,
    end: i64,
) -> Result<(), VerifyError> {
    for (event, _) in read_routed(connection, next - 1, end).await? {
        judge(run, &event, "what is kept of the archived event is not what was sealed");
    }
    Ok(())
}

/// Whether all of the file is the one that is on record.
fn fault_of_file(mut reader: ArchiveReader, range: &ArchivedRange) -> Option<Fault> {
    let fault =
        |reason: String| Some(Fault::new(range.first, FaultKind::Altered, format!("the archive: {reason}")));
    match reader.next_event() {
        Ok(None) => {}
        Ok(Some(_)) => return fault("it goes on behind its range".to_owned()),
        Err(error) => return fault(error.to_string()),
    }
    match reader.sha256() {
        Ok(sha256) if sha256[..] == range.sha256[..] => None,
        Ok(_) => fault("its bytes are not those that are on record".to_owned()),
        Err(error) => fault(error.to_string()),
    }
}
