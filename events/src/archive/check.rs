//! Holding a file against its own last line, its events' hashes and the seals.

use std::{collections::VecDeque, path::Path};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    file::{ArchiveError, ArchiveReader},
    partition::Partition,
};
use crate::{
    RecordedEvent,
    audit::{Seal, SealWithLeaves, seal_covering},
    canonical::recorded_hash,
    history_line::Routing,
    merkle::{Hash, root_of},
};

/// What a file that is right came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Of the whole file.
    pub sha256: Hash,
    /// Merkle root over the content hashes of its events.
    pub root: Hash,
    /// When its first event was recorded.
    pub first_recorded_at: DateTime<Utc>,
    /// When its last one was.
    pub last_recorded_at: DateTime<Utc>,
}

/// Reads the file to its end: every position of the partition once, every event's bytes as they were hashed and sealed,
/// every seal over them, count and root. `taken` is given each event, and says whether to go on.
///
/// What seals are worth is for [`crate::audit::verify`] to say: here they are believed if their leaves make their root.
///
/// # Errors
/// [`ArchiveError`]; it names the first position that is wrong.
pub async fn check_archive(
    owner: &mut PgConnection,
    partition: &Partition,
    path: &Path,
    mut taken: impl FnMut(RecordedEvent, Routing) -> bool + Send,
) -> Result<Checked, ArchiveError> {
    let mut file = Check::open(partition, path)?;
    while let Some((event, routing)) = file.next(owner).await? {
        if !taken(event, routing) {
            return Err(ArchiveError::Interrupted);
        }
    }
    file.finish()
}

/// A file on its way through the check.
pub(super) struct Check<'a> {
    partition: &'a Partition,
    reader: ArchiveReader,
    leaves: VecDeque<Hash>,
    seals: Vec<Seal>,
    times: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl<'a> Check<'a> {
    pub(super) fn open(partition: &'a Partition, path: &Path) -> Result<Self, ArchiveError> {
        let reader = ArchiveReader::open(path, partition.first)?;
        Ok(Self { partition, reader, leaves: VecDeque::new(), seals: Vec::new(), times: None })
    }

    /// The next event, as it was sealed.
    pub(super) async fn next(
        &mut self,
        owner: &mut PgConnection,
    ) -> Result<Option<(RecordedEvent, Routing)>, ArchiveError> {
        let Some((event, routing)) = self.reader.next_event()? else { return Ok(None) };
        let position = event.global_position;
        let broken = |reason| Err(ArchiveError::Broken { position, reason });
        if position > self.partition.last {
            return broken("it is behind the end of the partition");
        }
        let hash = recorded_hash(&event);
        if hash[..] != event.content_hash[..] {
            return broken("its content hash does not fit its bytes");
        }
        if self.leaves.is_empty() {
            self.read_seals(owner, position).await?;
        }
        if self.leaves.pop_front() != Some(hash) {
            return broken("it is not what was sealed");
        }
        let first = self.times.map_or(event.recorded_at, |(first, _)| first);
        self.times = Some((first, event.recorded_at));
        Ok(Some((event, routing)))
    }

    /// The leaves of the next seal, from that position on.
    async fn read_seals(&mut self, owner: &mut PgConnection, position: i64) -> Result<(), ArchiveError> {
        let Some(SealWithLeaves { seal, leaves }) = seal_covering(owner, position).await? else {
            return Err(ArchiveError::Broken { position, reason: "it is not sealed" });
        };
        if root_of(&leaves) != seal.root {
            return Err(ArchiveError::Broken {
                position,
                reason: "the leaves of its seal do not make its root",
            });
        }
        let skipped = usize::try_from(position - seal.first_position).unwrap_or(usize::MAX);
        self.leaves = leaves.into_iter().skip(skipped).collect();
        self.seals.push(seal);
        Ok(())
    }

    /// What the whole file came to.
    pub(super) fn finish(self) -> Result<Checked, ArchiveError> {
        let whole = self.reader.finish()?;
        let broken = |reason| ArchiveError::Broken { position: whole.end.position, reason };
        if whole.end.position != self.partition.last {
            return Err(broken("the file does not reach the end of the partition"));
        }
        let is_same = whole.seals.len() == self.seals.len()
            && whole
                .seals
                .iter()
                .zip(&self.seals)
                .all(|(kept, seal)| kept.seal().is_ok_and(|kept| kept == *seal));
        if !is_same {
            return Err(broken("the seals in the file are not those of the log"));
        }
        let mut root = [0; 32];
        hex::decode_to_slice(&whole.end.root, &mut root)
            .map_err(|_| broken("the root is not 64 hex digits"))?;
        let (first_recorded_at, last_recorded_at) =
            self.times.ok_or_else(|| broken("the file has no event"))?;
        Ok(Checked { sha256: whole.sha256, root, first_recorded_at, last_recorded_at })
    }
}
