//! Walking along the seals, beside the events that they cover.

use std::collections::VecDeque;

use sqlx::PgConnection;

use super::{
    faults::Fault,
    folder::{FolderError, SealFolder},
    keys::PublicKey,
    seal::{Seal, SealDocument},
    store::{SealWithLeaves, first_seal_reaching, last_seal, read_keys, seals_beginning_by, seals_from},
    trust::Trust,
    verify::VerifyError,
};
use crate::merkle::{Hash, root_of};

/// Seals with their leaves that are read at a time.
const SEALS_AT_A_TIME: i64 = 16;

/// Where the walk is, and what the seals behind and a little ahead of it say.
pub(super) struct SealWalk<'a> {
    trust: Trust,
    /// Keys known from elsewhere.
    given: &'a [PublicKey],
    /// The one of them that a seal led back to.
    anchor: Option<PublicKey>,
    folder: Option<&'a SealFolder>,
    /// The seal that the next one must name; none before the first, and behind a missing one.
    before: Option<Seal>,
    next_number: i64,
    next_first: i64,
    /// The newest key that has signed so far.
    key_number: i64,
    leaves: Leaves,
    /// All positions from where the walk began up to here are vouched for.
    vouched_to: i64,
    is_whole: bool,
}

impl<'a> SealWalk<'a> {
    /// Begins with the seal that covers `from`.
    pub(super) async fn open(
        connection: &mut PgConnection,
        given: &'a [PublicKey],
        folder: Option<&'a SealFolder>,
        from: i64,
    ) -> Result<Self, sqlx::Error> {
        let first = if from > 1 { first_seal_reaching(connection, from).await? } else { None };
        let before = match &first {
            _ if from <= 1 => None,
            Some(first) => {
                let before = seals_from(&mut *connection, first.number - 1, 1).await?.pop();
                before.filter(|before| before.number == first.number - 1)
            }
            None => last_seal(&mut *connection).await?,
        };
        let behind = before.as_ref().map(|before| (before.number + 1, before.last_position + 1));
        // Without the one before there is nothing that the first one could be held against.
        let itself = first.as_ref().map(|first| (first.number, first.first_position));
        let (next_number, next_first) = behind.or(itself).unwrap_or((1, 1));
        let mut walk = Self {
            trust: Trust::establish(&read_keys(&mut *connection).await?, given),
            given,
            anchor: None,
            folder,
            next_number,
            next_first,
            key_number: 0,
            leaves: Leaves { base: next_first, hashes: VecDeque::new() },
            vouched_to: 0,
            is_whole: true,
            before: None,
        };
        // Where nothing behind `from` is sealed yet, this one still shows that seals lead back to a given key.
        if let Some(before) = &before {
            walk.meet(connection, &before.key_id).await?;
            if walk.trust.key(&before.key_id).is_some_and(|(_, key)| before.is_signed_by(key)) {
                walk.anchor = walk.trust.anchor_of(&before.key_id);
            }
        }
        walk.before = before;
        Ok(walk)
    }

    /// A key that came into use after the keys were read is no stranger.
    async fn meet(&mut self, connection: &mut PgConnection, key_id: &str) -> Result<(), sqlx::Error> {
        if self.trust.key(key_id).is_none() {
            self.trust = Trust::establish(&read_keys(connection).await?, self.given);
        }
        Ok(())
    }

    /// Takes all seals that begin at or before `upto`, and keeps the leaves from `from` on.
    pub(super) async fn reach(
        &mut self,
        connection: &mut PgConnection,
        from: i64,
        upto: i64,
        faults: &mut Vec<Fault>,
    ) -> Result<(), VerifyError> {
        self.leaves.forget_before(from);
        let mut is_there = self.next_first > upto;
        while !is_there {
            let found = seals_beginning_by(connection, self.next_number, upto, SEALS_AT_A_TIME).await?;
            is_there = found.len() < usize::try_from(SEALS_AT_A_TIME).unwrap_or(usize::MAX);
            self.take(connection, found, faults).await?;
            self.leaves.forget_before(from);
        }
        Ok(())
    }

    async fn take(
        &mut self,
        connection: &mut PgConnection,
        found: Vec<SealWithLeaves>,
        faults: &mut Vec<Fault>,
    ) -> Result<(), VerifyError> {
        for SealWithLeaves { seal, leaves } in found {
            self.meet(connection, &seal.key_id).await?;
            self.expect_next(&seal, faults);
            let fault = match self.fault_of(&seal, &leaves) {
                None => self.fault_beside(&seal)?,
                found => found,
            };
            let is_good = fault.is_none();
            if is_good {
                self.anchor = self.anchor.or(self.trust.anchor_of(&seal.key_id));
            }
            if let Some(reason) = fault {
                faults.push(Fault::of_seal(seal.number, seal.first_position, reason));
            }
            // What nobody vouches for is as if it were not sealed.
            self.leaves.put(seal.first_position, leaves.into_iter().map(|leaf| is_good.then_some(leaf)));
            self.is_whole &= is_good;
            if self.is_whole {
                self.vouched_to = seal.last_position;
            }
            self.next_number = seal.number + 1;
            self.next_first = seal.last_position + 1;
            self.before = Some(seal);
        }
        Ok(())
    }

    /// Seals up to that number that the folder has and the database has no longer, or never had.
    pub(super) fn expect_end(
        &self,
        last_kept: i64,
        faults: &mut Vec<Fault>,
        faults_max: usize,
    ) -> Result<(), VerifyError> {
        let Some(folder) = self.folder else { return Ok(()) };
        for number in self.next_number..=last_kept {
            if faults.len() >= faults_max {
                break;
            }
            let Some(kept) = folder.read(number)? else { continue };
            let reason = "it is in the folder and not in the database";
            faults.push(Fault::of_seal(number, kept.first_position, reason));
        }
        Ok(())
    }

    fn expect_next(&mut self, seal: &Seal, faults: &mut Vec<Fault>) {
        if seal.number > self.next_number {
            faults.push(Fault::of_seal(self.next_number, self.next_first, "it is missing"));
            // It cannot be said what the next one should have named.
            (self.before, self.is_whole) = (None, false);
        } else if seal.first_position != self.next_first {
            let reason = "it does not begin where the one before ends";
            faults.push(Fault::of_seal(seal.number, self.next_first, reason));
            self.is_whole = false;
        }
    }

    fn fault_of(&mut self, seal: &Seal, leaves: &[Hash]) -> Option<&'static str> {
        let Some((number, key)) = self.trust.key(&seal.key_id) else {
            return Some("it is signed by a key that is not trusted");
        };
        if !seal.is_signed_by(key) {
            return Some("its signature is wrong");
        }
        // Who has stolen a key that was replaced since cannot go on sealing with it.
        if number < self.key_number {
            return Some("it is signed by a key that was no longer in use");
        }
        self.key_number = number;
        let is_first = seal.number == 1;
        let is_chained = match &self.before {
            Some(before) => seal.previous == before.digest(),
            None => !is_first || seal.previous == [0; 32],
        };
        if !is_chained {
            return Some("it does not name the seal before");
        }
        if seal.count() != i64::try_from(leaves.len()).unwrap_or(-1) || root_of(leaves) != seal.root {
            return Some("its leaves do not make its root");
        }
        None
    }

    /// What the folder has under that number, if it has anything, must be the same.
    fn fault_beside(&self, seal: &Seal) -> Result<Option<&'static str>, FolderError> {
        let Some(folder) = self.folder else { return Ok(None) };
        let Some(kept) = folder.read(seal.number)? else { return Ok(None) };
        let same = |kept: &SealDocument| kept.seal().is_ok_and(|kept| kept == *seal);
        Ok((!same(&kept)).then_some("the folder has another one of that number"))
    }

    pub(super) fn leaves(&self) -> &Leaves {
        &self.leaves
    }

    /// The key known from elsewhere that a seal which was checked leads back to.
    pub(super) fn anchor(&self) -> Option<PublicKey> {
        self.anchor
    }

    /// The last position up to which all are vouched for; 0 where none is.
    pub(super) fn vouched_to(&self) -> i64 {
        self.vouched_to
    }
}

/// Content hashes as they were sealed, for a stretch of positions.
pub(super) struct Leaves {
    base: i64,
    hashes: VecDeque<Option<Hash>>,
}

impl Leaves {
    /// The hash that was sealed at that position; `None` where no good seal covers it.
    pub(super) fn at(&self, position: i64) -> Option<&Hash> {
        self.hashes.get(usize::try_from(position - self.base).ok()?)?.as_ref()
    }

    /// Where the hash was sealed, in the stretch at hand.
    pub(super) fn place_of(&self, hash: &Hash) -> Option<i64> {
        (self.base..)
            .zip(&self.hashes)
            .find(|(_, leaf)| leaf.as_ref() == Some(hash))
            .map(|(position, _)| position)
    }

    fn put(&mut self, first: i64, leaves: impl Iterator<Item = Option<Hash>>) {
        for (position, leaf) in (first..).zip(leaves) {
            let Ok(place) = usize::try_from(position - self.base) else { continue };
            // Seals that overlap or leave room are faults already; holes are small, or the stretch ends before.
            while self.hashes.len() <= place && self.hashes.len() < LEAVES_MAX {
                self.hashes.push_back(None);
            }
            if let Some(there) = self.hashes.get_mut(place) {
                *there = leaf;
            }
        }
    }

    fn forget_before(&mut self, position: i64) {
        while self.base < position && self.hashes.pop_front().is_some() {
            self.base += 1;
        }
        if self.hashes.is_empty() {
            self.base = self.base.max(position);
        }
    }
}

/// Bounds memory whatever the seals say of themselves: two stretches, and a seal of the largest size at their end.
const LEAVES_MAX: usize = 100_000;
