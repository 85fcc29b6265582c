//! Reading the log against its promises and its seals.

use std::{ops::Range, path::Path, pin::pin};

use futures::TryStreamExt;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{
    archived::read_archived,
    faults::{Fault, FaultKind},
    folder::{FolderError, SealFolder},
    keys::PublicKey,
    renumbering::{Read, Renumbering},
    seal_walk::SealWalk,
    sequences::out_of_sequence,
};
use crate::{
    log::{ArchivedRange, archived_between, copy_rows},
    merkle::{Hash, MerkleRoot},
};

/// How many positions are read at a time: this, and not the log, is what memory grows with.
pub(super) const STRETCH: i64 = 20_000;
/// Events kept of a stretch, where there is more than one at a position.
const READS_MAX: usize = 40_000;
/// After so many faults there is nothing more to learn.
pub(super) const FAULTS_MAX: usize = 100;

/// What is to be verified, and whom to believe.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The first position; 1 or more.
    pub from: i64,
    /// The last one; without it, to the end of the log and of all seals, and whether both end where they should.
    pub to: Option<i64>,
    /// Keys known from elsewhere. Without any the table of keys is believed, which whoever rules the database can
    /// write.
    pub trusted: &'a [PublicKey],
    /// Seals kept elsewhere.
    pub folder: Option<&'a SealFolder>,
    /// Where the files of archived events are kept; of those that are not there, the seals alone are verified.
    pub archives: Option<&'a Path>,
}

impl Asked<'_> {
    /// The whole log, on the word of the database.
    pub const ALL: Self = Self { from: 1, to: None, trusted: &[], folder: None, archives: None };
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The first position verified.
    pub from: i64,
    /// The last one; below `from` where there is nothing.
    pub to: i64,
    /// Events read.
    pub count: i64,
    /// The Merkle root over the hashes of all events read, computed from their bytes.
    pub root: Hash,
    /// Up to here every position from `from` on is covered by a good seal; 0 where not even the first is.
    pub sealed_to: i64,
    /// The key that was known from elsewhere and that a seal which was checked leads back to; `None` where the
    /// database was believed.
    pub trusted_key: Option<PublicKey>,
    /// What is wrong, by position; at most a hundred.
    pub faults: Vec<Fault>,
    /// Archived events that were not read, for their files were not at hand: of these the seals were verified, and the
    /// rows that are kept of them.
    pub unread: Vec<ArchivedRange>,
}

impl Verification {
    /// True if nothing is wrong.
    pub fn is_ok(&self) -> bool {
        self.faults.is_empty()
    }

    /// The root in hex.
    pub fn root_hex(&self) -> String {
        hex::encode(self.root)
    }
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Whatever the database says, and a connection that breaks off.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The folder of seals.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The file of archived events.
    #[error("an archive")]
    Archive(#[from] std::io::Error),
}

/// How far a verification has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// The last position verified.
    pub position: i64,
    /// What is wrong so far, in no order.
    pub faults: &'a [Fault],
}

/// Reads events and seals, recomputes every hash, and names what is wrong. `progress` is told every some thousand
/// events.
///
/// Every event's bytes are held against the hash beside them and, where sealed, against the seal's leaf. Sequences
/// of streams are checked where no seal vouches for them: the sealer checked the others before it sealed. Memory
/// does not grow with the log.
///
/// Whoever drops this early must give up the connection as well: it may have to read on.
///
/// # Errors
/// [`VerifyError`]; never a short check in its place.
pub async fn verify(
    connection: &mut PgConnection,
    asked: &Asked<'_>,
    mut progress: impl FnMut(Progress<'_>) + Send,
) -> Result<Verification, VerifyError> {
    // Before the database is looked at: what a sealer adds meanwhile is in the folder alone for those who look later.
    let last_kept = asked.folder.map_or(Ok(0), SealFolder::last_number)?;
    let extent = Extent::read(connection).await?;
    let to = asked.to.map_or(extent.end(), |to| to.min(extent.end()));
    let seals = SealWalk::open(connection, asked.trusted, asked.folder, asked.from).await?;
    let mut run = Run {
        seals,
        renumbering: Renumbering::default(),
        tree: MerkleRoot::default(),
        end: extent.end(),
        faults: Vec::new(),
        unread: Vec::new(),
    };
    let away = archived_between(connection, asked.from - 1, to).await?;
    let mut next = asked.from;
    while next <= to && run.faults.len() < FAULTS_MAX {
        if let Some(range) = away.iter().find(|range| (range.first..=range.last).contains(&next)) {
            let last = to.min(range.last);
            let mut tell = |position, faults: &[Fault]| progress(Progress { position, faults });
            read_archived(connection, &mut run, range, (next, last), asked.archives, &mut tell).await?;
            next = last + 1;
            continue;
        }
        let behind = away.iter().map(|range| range.first).find(|first| *first > next).unwrap_or(i64::MAX);
        let last = to.min(next + STRETCH - 1).min(behind - 1);
        run.stretch(connection, next, last).await?;
        progress(Progress { position: last, faults: &run.faults });
        next = last + 1;
    }
    if to == extent.end() {
        run.faults.extend(extent.fault());
        run.seals.expect_end(last_kept, &mut run.faults, FAULTS_MAX)?;
    }
    if !asked.trusted.is_empty() && run.seals.anchor().is_none() && asked.from <= to {
        // Without this, who takes all seals away would be believed, whether the keys are left or not.
        let reason = "no seal leads back to a key that is trusted";
        run.faults.push(Fault::new(asked.from, FaultKind::SealBroken, reason));
    }
    run.sequences(connection, asked.from, to).await?;
    let Run { seals, tree, mut faults, unread, .. } = run;
    faults.sort_by_key(|fault| fault.position);
    faults.truncate(FAULTS_MAX);
    Ok(Verification {
        from: asked.from,
        to,
        count: tree.count().cast_signed(),
        root: tree.root(),
        sealed_to: seals.vouched_to(),
        trusted_key: seals.anchor(),
        faults,
        unread,
    })
}

pub(super) struct Run<'a> {
    pub(super) seals: SealWalk<'a>,
    renumbering: Renumbering,
    pub(super) tree: MerkleRoot,
    /// Where the log ends.
    end: i64,
    pub(super) faults: Vec<Fault>,
    pub(super) unread: Vec<ArchivedRange>,
}

impl Run<'_> {
    async fn stretch(
        &mut self,
        connection: &mut PgConnection,
        first: i64,
        last: i64,
    ) -> Result<(), VerifyError> {
        self.reach(connection, first, last).await?;
        let reads = self.read(connection, first, last).await?;
        let mut at = 0;
        for position in first..=last {
            if self.faults.len() >= FAULTS_MAX {
                break;
            }
            match reads.get(at) {
                Some(read) if read.position == position => {
                    let here = reads[at..].iter().take_while(|read| read.position == position).count();
                    let shift = self.renumbering.shift();
                    self.judge_one_of(connection, &reads, at..at + here).await?;
                    if self.renumbering.shift() != shift {
                        self.reach(connection, position, last).await?;
                    }
                    at += here;
                }
                // Where events behind a missing one moved up, the last positions are empty for that reason.
                _ if self.renumbering.shift() > 0 && self.renumbering.sealed_as(position) > self.end => {}
                _ => self.faults.push(Fault::new(position, FaultKind::Missing, "there is no event")),
            }
        }
        Ok(())
    }

    /// Takes the seals of what stands at these positions.
    async fn reach(
        &mut self,
        connection: &mut PgConnection,
        first: i64,
        last: i64,
    ) -> Result<(), VerifyError> {
        let (first, last) = (self.renumbering.sealed_as(first), self.renumbering.sealed_as(last));
        self.seals.reach(connection, first, last, &mut self.faults).await
    }

    async fn read(
        &mut self,
        connection: &mut PgConnection,
        first: i64,
        last: i64,
    ) -> Result<Vec<Read>, sqlx::Error> {
        let mut reads: Vec<Read> = Vec::new();
        let mut rows = pin!(copy_rows(connection, first - 1, last).await?);
        while let Some(some) = rows.try_next().await? {
            for row in some {
                let read = Read::from(row);
                if let Ok(hash) = &read.content {
                    self.tree.push(hash);
                }
                // However many were put at one position, they do not fill the memory.
                if reads.len() < READS_MAX || reads.last().is_none_or(|last| last.position < read.position) {
                    reads.push(read);
                }
            }
        }
        Ok(reads)
    }

    /// All events that stand at one position: without the unique index there can be several.
    async fn judge_one_of(
        &mut self,
        connection: &mut PgConnection,
        reads: &[Read],
        here: Range<usize>,
    ) -> Result<(), sqlx::Error> {
        let sealed = self.seals.leaves().at(self.renumbering.sealed_as(reads[here.start].position));
        let is_sealed = |at: &usize| sealed.is_some_and(|leaf| reads[*at].content == Ok(*leaf));
        let recorded = here.clone().find(is_sealed).unwrap_or(here.start);
        self.judge(connection, reads, recorded).await?;
        for other in here.filter(|at| *at != recorded).take(FAULTS_MAX) {
            let Read { position, event_id, .. } = reads[other];
            let reason = "another event stands at the same position";
            self.faults.push(Fault::new(position, FaultKind::Inserted, reason).of_event(event_id));
        }
        Ok(())
    }

    async fn judge(
        &mut self,
        connection: &mut PgConnection,
        reads: &[Read],
        at: usize,
    ) -> Result<(), sqlx::Error> {
        let read = &reads[at];
        let sealed = self.seals.leaves().at(self.renumbering.sealed_as(read.position));
        let fault = match sealed {
            Some(leaf) if read.content != Ok(*leaf) => {
                self.renumbering.name(connection, self.seals.leaves(), reads, at).await?
            }
            _ => match read.altered() {
                Some(fault) => fault,
                None => return Ok(()),
            },
        };
        self.faults.push(fault);
        Ok(())
    }

    async fn sequences(
        &mut self,
        connection: &mut PgConnection,
        from: i64,
        to: i64,
    ) -> Result<(), sqlx::Error> {
        let first = from.max(self.seals.vouched_to() + 1);
        if first > to || self.faults.len() >= FAULTS_MAX {
            return Ok(());
        }
        for (position, event_id) in out_of_sequence(connection, first, to, 100).await? {
            let reason = "it is not the next of its stream";
            self.faults.push(Fault::new(position, FaultKind::OutOfSequence, reason).of_event(event_id));
        }
        Ok(())
    }
}

/// Where the log ends, by each of those who know; all of one snapshot.
struct Extent {
    /// `None` where the head's row is gone.
    head: Option<i64>,
    /// The last event.
    last: i64,
    /// The first event behind the head.
    beyond: Option<(i64, Uuid)>,
    /// The last position of all seals.
    sealed: i64,
}

impl Extent {
    async fn read(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let row = sqlx::query(
            "SELECT h.position AS head, l.last, s.sealed, b.global_position AS beyond, b.event_id AS beyond_id \
             FROM (SELECT COALESCE(max(global_position), 0) AS last FROM public.events) l \
             CROSS JOIN (SELECT COALESCE(max(last_position), 0) AS sealed FROM audit.seals) s \
             LEFT JOIN public.log_head h ON h.id = 1 \
             LEFT JOIN LATERAL (SELECT e.global_position, e.event_id FROM public.events e \
                                WHERE e.global_position > h.position ORDER BY e.global_position LIMIT 1) b ON true",
        )
        .fetch_one(connection)
        .await?;
        let beyond: Option<i64> = row.try_get("beyond")?;
        let beyond_id: Option<Uuid> = row.try_get("beyond_id")?;
        Ok(Self {
            head: row.try_get("head")?,
            last: row.try_get("last")?,
            beyond: beyond.zip(beyond_id),
            sealed: row.try_get("sealed")?,
        })
    }

    /// What is sealed has been there, wherever the head is now.
    fn end(&self) -> i64 {
        self.head.unwrap_or(self.last).max(self.sealed)
    }

    fn fault(&self) -> Option<Fault> {
        let Some(head) = self.head else {
            return Some(Fault::new(self.last, FaultKind::Head, "the head of the log is gone"));
        };
        let (position, event_id) = self.beyond?;
        let fault = if position <= self.sealed {
            let reason = format!("the head is at {head} although {} is sealed", self.sealed);
            Fault::new(position, FaultKind::Head, reason)
        } else {
            Fault::new(position, FaultKind::Inserted, format!("the log ends at {head}"))
        };
        Some(fault.of_event(event_id))
    }
}
