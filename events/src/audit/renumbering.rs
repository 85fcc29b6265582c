//! From "another event stands here" to what somebody did.

use std::pin::pin;

use futures::TryStreamExt;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    faults::{Fault, FaultKind},
    seal_walk::Leaves,
    store::{seal_covering, sealed_place},
};
use crate::{
    canonical::recorded_hash,
    log::{Row, Unreadable, copy_rows},
    merkle::Hash,
};

/// Looking through all leaves of the log is dear; after so many times what is far away is not looked for.
const SEARCHES_MAX: u32 = 8;
/// So many events behind one must have moved with it before all behind it are taken to have.
const FOLLOWERS: i64 = 3;

/// An event as it was read.
pub(super) struct Read {
    pub(super) position: i64,
    pub(super) event_id: Option<Uuid>,
    /// The hash that its bytes have, or what of them cannot be read.
    pub(super) content: Result<Hash, &'static str>,
    /// That is the hash beside them in the table.
    is_as_stored: bool,
}

impl From<Row> for Read {
    fn from(row: Row) -> Self {
        match row {
            Ok(event) => {
                let hash = recorded_hash(&event);
                Self {
                    position: event.global_position,
                    event_id: Some(event.event_id),
                    content: Ok(hash),
                    is_as_stored: hash[..] == event.content_hash[..],
                }
            }
            Err(Unreadable { position, event_id, reason }) => {
                Self { position, event_id, content: Err(reason), is_as_stored: false }
            }
        }
    }
}

impl Read {
    /// What is wrong with it by itself.
    pub(super) fn altered(&self) -> Option<Fault> {
        let reason = match self.content {
            Err(reason) => reason,
            Ok(_) if self.is_as_stored => return None,
            Ok(_) => "its content hash does not fit its bytes",
        };
        Some(Fault::new(self.position, FaultKind::Altered, reason).of_event(self.event_id))
    }
}

/// Follows what was taken out or put in with all later events renumbered: what stands at a position is then held
/// against the leaf of another.
#[derive(Default)]
pub(super) struct Renumbering {
    /// What stands at position p was sealed at p + shift.
    shift: i64,
    searches: u32,
}

impl Renumbering {
    /// What was sealed as the event that stands at that position now.
    pub(super) fn sealed_as(&self, position: i64) -> i64 {
        position + self.shift
    }

    /// How far what stands at a position was sealed behind it.
    pub(super) fn shift(&self) -> i64 {
        self.shift
    }

    /// Names the fault of an event whose hash is not the leaf at [`Self::sealed_as`].
    pub(super) async fn name(
        &mut self,
        connection: &mut PgConnection,
        leaves: &Leaves,
        reads: &[Read],
        at: usize,
    ) -> Result<Fault, sqlx::Error> {
        let Read { position, event_id, content, .. } = reads[at];
        let hash = match content {
            Ok(hash) => hash,
            Err(reason) => return Ok(Fault::new(position, FaultKind::Altered, reason).of_event(event_id)),
        };
        let own = self.sealed_as(position);
        let Some(leaf) = leaves.at(own) else {
            return Ok(Fault::new(position, FaultKind::Altered, "it is not sealed").of_event(event_id));
        };
        if let Some(place) = self.place_of(connection, leaves, &hash).await? {
            if place <= own
                || self.is_at(connection, reads, place - self.shift, leaf).await?
                || !self.has_moved(connection, leaves, reads, (position, position, place)).await?
            {
                let reason = format!("this event was sealed at position {place}");
                return Ok(Fault::new(position, FaultKind::Reordered, reason).of_event(event_id));
            }
            self.shift += place - own;
            let reason = match place - own {
                1 => "the event that was sealed here is gone, and all behind it moved up".to_owned(),
                several => format!("{several} events from here are gone, and all behind them moved up"),
            };
            return Ok(Fault::new(own, FaultKind::Missing, reason).of_event(event_id));
        }
        if let Some(later) = reads[at..].iter().find(|read| read.content == Ok(*leaf)) {
            let reason = format!("what was sealed here stands at position {} now", later.position);
            let kind = if self.has_moved(connection, leaves, reads, (position, later.position, own)).await? {
                self.shift -= later.position - position;
                FaultKind::Inserted
            } else {
                FaultKind::Reordered
            };
            return Ok(Fault::new(position, kind, reason).of_event(event_id));
        }
        let reason = "the event is not the one that was sealed";
        Ok(Fault::new(position, FaultKind::Altered, reason).of_event(event_id))
    }

    /// True if what stands behind `there` was sealed behind `place`, so that all have moved and not one alone.
    async fn has_moved(
        &self,
        connection: &mut PgConnection,
        leaves: &Leaves,
        reads: &[Read],
        (here, there, place): (i64, i64, i64),
    ) -> Result<bool, sqlx::Error> {
        for by in 1..=FOLLOWERS {
            let Some(leaf) = leaf_at(connection, leaves, place + by).await? else {
                // No more is sealed: then it is enough that the next one does not stand where it was sealed.
                let Some(leaf) = leaf_at(connection, leaves, self.sealed_as(here + 1)).await? else {
                    return Ok(true);
                };
                return Ok(!self.is_at(connection, reads, here + 1, &leaf).await?);
            };
            if !self.is_at(connection, reads, there + by, &leaf).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn place_of(
        &mut self,
        connection: &mut PgConnection,
        leaves: &Leaves,
        hash: &Hash,
    ) -> Result<Option<i64>, sqlx::Error> {
        if let Some(place) = leaves.place_of(hash) {
            return Ok(Some(place));
        }
        if self.searches >= SEARCHES_MAX {
            return Ok(None);
        }
        self.searches += 1;
        sealed_place(connection, hash).await
    }

    /// True if the event at that position has this hash.
    async fn is_at(
        &self,
        connection: &mut PgConnection,
        reads: &[Read],
        position: i64,
        hash: &Hash,
    ) -> Result<bool, sqlx::Error> {
        if let Ok(place) = reads.binary_search_by_key(&position, |read| read.position) {
            return Ok(reads[place].content == Ok(*hash));
        }
        let mut rows = pin!(copy_rows(connection, position - 1, position).await?);
        let mut is_so = false;
        while let Some(some) = rows.try_next().await? {
            is_so |= some.into_iter().any(|row| Read::from(row).content == Ok(*hash));
        }
        Ok(is_so)
    }
}

/// The hash that was sealed at that position, also far from the stretch at hand.
async fn leaf_at(
    connection: &mut PgConnection,
    leaves: &Leaves,
    position: i64,
) -> Result<Option<Hash>, sqlx::Error> {
    if let Some(leaf) = leaves.at(position) {
        return Ok(Some(*leaf));
    }
    let Some(covering) = seal_covering(connection, position).await? else { return Ok(None) };
    let index = usize::try_from(position - covering.seal.first_position).ok();
    Ok(index.and_then(|index| covering.leaves.get(index).copied()))
}
