//! States at hand: of the process, and of the batch under way.

use std::{
    cell::RefCell,
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
///
/// Reading one counts as its use, and deciding reads through a shared reference: hence the cell. A
/// restaurant or a product that every order reads and none writes must not be the first to go.
pub struct StateCache(RefCell<LruCache<StreamRef, Arc<dyn AnyState>>>);

impl StateCache {
    /// Nothing at hand.
    pub fn new() -> Self {
        Self::of(STREAMS_MAX)
    }

    fn of(streams_max: NonZeroUsize) -> Self {
        Self(RefCell::new(LruCache::new(streams_max)))
    }

    /// Keeps a state.
    pub fn insert(&mut self, stream: StreamRef, state: Arc<dyn AnyState>) {
        self.0.get_mut().put(stream, state);
    }

    /// Forgets a state that another process may have added to.
    pub fn forget(&mut self, stream: StreamRef) {
        self.0.get_mut().pop(&stream);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.get_mut().clear();
    }

    fn get(&self, stream: StreamRef) -> Option<Arc<dyn AnyState>> {
        self.0.borrow_mut().get(&stream).cloned()
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

    fn committed(&self, stream: StreamRef) -> Option<Arc<dyn AnyState>> {
        self.loaded.get(&stream).cloned().or_else(|| self.cache.get(stream))
    }
}

impl Known for WorkingSet<'_> {
    fn state(&self, stream: StreamRef) -> Option<Arc<dyn AnyState>> {
        self.written.get(&stream).cloned().or_else(|| self.committed(stream))
    }

    fn is_unreadable(&self, stream: StreamRef) -> bool {
        self.unreadable.contains(&stream)
    }

    fn holder(&self, claim: &Claim) -> Option<Option<Uuid>> {
        self.claimed.get(claim).or_else(|| self.holders.get(claim)).copied()
    }
}

#[cfg(test)]
mod tests {
    use events::{Fold, Folded, stock::Stock};

    use super::*;

    #[test]
    fn what_is_read_stays_longer_than_what_is_not() {
        let stream = |number| Stock::stream(Uuid::from_u128(number));
        let state = || Arc::new(Folded::<Stock>::default()) as Arc<dyn AnyState>;
        let mut cache = StateCache::of(NonZeroUsize::new(2).unwrap());
        cache.insert(stream(1), state());
        cache.insert(stream(2), state());
        let (nothing, none, unclaimed) = (HashMap::new(), HashSet::new(), HashMap::new());
        assert!(WorkingSet::new(&cache, &nothing, &none, &unclaimed).state(stream(1)).is_some());

        cache.insert(stream(3), state());

        assert!(cache.get(stream(1)).is_some());
        assert!(cache.get(stream(2)).is_none());
    }
}
