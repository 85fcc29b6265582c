//! States at hand.

use std::{cell::RefCell, num::NonZeroUsize, sync::Arc};

use events::StreamRef;
use lru::LruCache;

use crate::domain::unit::AnyState;

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

    /// The state, if it is kept.
    pub fn get(&self, stream: StreamRef) -> Option<Arc<dyn AnyState>> {
        self.0.borrow_mut().get(&stream).cloned()
    }
}

#[cfg(test)]
mod tests {
    use events::{Fold, Folded, stock::Stock};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_read_stays_longer_than_what_is_not() {
        let stream = |number| Stock::stream(Uuid::from_u128(number));
        let state = || Arc::new(Folded::<Stock>::default()) as Arc<dyn AnyState>;
        let mut cache = StateCache::of(NonZeroUsize::new(2).unwrap());
        cache.insert(stream(1), state());
        cache.insert(stream(2), state());
        assert!(cache.get(stream(1)).is_some());

        cache.insert(stream(3), state());

        assert!(cache.get(stream(1)).is_some());
        assert!(cache.get(stream(2)).is_none());
    }
}
