//! States at hand: of the process, and of the batch under way.

use std::{
    collections::{HashMap, HashSet},
    num::NonZeroUsize,
    sync::Arc,
};

use events::{StreamRef, log::Claim};
use lru::LruCache;
use uuid::Uuid;

use crate::domain::unit::{AnyState, Known};

/// How many streams are kept; the least recently used go first.
const STREAMS_MAX: NonZeroUsize = NonZeroUsize::new(50_000).expect("not zero");

/// States as the log has them, up to the head that this process knows.
pub struct StateCache(LruCache<StreamRef, Arc<dyn AnyState>>);

impl StateCache {
    /// Nothing at hand.
    pub fn new() -> Self {
        Self(LruCache::new(STREAMS_MAX))
    }

    /// Keeps a state.
    pub fn insert(&mut self, stream: StreamRef, state: Arc<dyn AnyState>) {
        self.0.put(stream, state);
    }

    /// Forgets a state that another process may have added to.
    pub fn forget(&mut self, stream: StreamRef) {
        self.0.pop(&stream);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Counts as use for what is read often but never written.
    pub fn touch(&mut self, stream: StreamRef) {
        self.0.promote(&stream);
    }
}

/// What a batch works on: its own results over the process's states. Lives for one attempt.
pub struct WorkingSet<'c> {
    cache: &'c StateCache,
    loaded: &'c HashMap<StreamRef, Arc<dyn AnyState>>,
    unreadable: &'c HashSet<StreamRef>,
    holders: &'c HashMap<Claim, Option<Uuid>>,
    written: HashMap<StreamRef, Arc<dyn AnyState>>,
    claimed: HashMap<Claim, Option<Uuid>>,
}

/// What an attempt leaves behind once it is committed.
#[derive(Default)]
pub struct Written {
    /// States after the batch.
    pub states: HashMap<StreamRef, Arc<dyn AnyState>>,
    /// Claims taken and released.
    pub claims: HashMap<Claim, Option<Uuid>>,
}

impl<'c> WorkingSet<'c> {
    /// Over the process's states and what was loaded for the batch.
    pub fn new(
        cache: &'c StateCache,
        loaded: &'c HashMap<StreamRef, Arc<dyn AnyState>>,
        unreadable: &'c HashSet<StreamRef>,
        holders: &'c HashMap<Claim, Option<Uuid>>,
    ) -> Self {
        Self { cache, loaded, unreadable, holders, written: HashMap::new(), claimed: HashMap::new() }
    }

    /// Takes over what an accepted command wrote, so that the next one sees it.
    pub fn take_over(
        &mut self,
        states: HashMap<StreamRef, Arc<dyn AnyState>>,
        claims: HashMap<Claim, Option<Uuid>>,
    ) {
        self.written.extend(states);
        self.claimed.extend(claims);
    }

    /// The revision before the batch.
    pub fn committed_revision(&self, stream: StreamRef) -> i64 {
        self.committed(stream).map_or(0, |state| state.revision())
    }

    /// What the batch wrote.
    pub fn into_written(self) -> Written {
        Written { states: self.written, claims: self.claimed }
    }

    fn committed(&self, stream: StreamRef) -> Option<&Arc<dyn AnyState>> {
        self.loaded.get(&stream).or_else(|| self.cache.0.peek(&stream))
    }
}

impl Known for WorkingSet<'_> {
    fn state(&self, stream: StreamRef) -> Option<Arc<dyn AnyState>> {
        self.written.get(&stream).or_else(|| self.committed(stream)).cloned()
    }

    fn is_unreadable(&self, stream: StreamRef) -> bool {
        self.unreadable.contains(&stream)
    }

    fn holder(&self, claim: &Claim) -> Option<Option<Uuid>> {
        self.claimed.get(claim).or_else(|| self.holders.get(claim)).copied()
    }
}
