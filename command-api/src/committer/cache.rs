//! States at hand.

use std::{cell::RefCell, num::NonZeroUsize, sync::Arc};

use events::{RecordedEvent, StreamKind, StreamRef};
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

    /// Takes an event of another process into account, which is no use of its stream: nobody here asked for it. A
    /// state that it does not follow on is forgotten, as is one whose event cannot be read; whoever needs it says so.
    pub fn follow(&mut self, event: &RecordedEvent) {
        let Some(kind) = StreamKind::named(&event.stream_kind) else { return };
        let stream = StreamRef { kind, id: event.stream_id };
        let states = self.0.get_mut();
        let Some(state) = states.peek_mut(&stream) else { return };
        // Loaded after that event was recorded.
        if event.sequence <= state.revision() {
            return;
        }
        match state.followed_by(event) {
            Ok(next) => *state = next,
            Err(_) => _ = states.pop(&stream),
        }
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
    use chrono::DateTime;
    use cqrs_es::DomainEvent as _;
    use events::{
        Fold, Folded,
        canonical::canonical_json,
        stock::{Stock, StockEvent},
        values::{Quantity, SupplierId},
    };
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

    /// Five more on the shelf.
    fn adjusted(stream: StreamRef, sequence: i64) -> RecordedEvent {
        let payload = StockEvent::StockAdjusted {
            supplier_id: SupplierId(Uuid::from_u128(9)),
            change: Quantity::units(5),
            reason: "leverans".to_owned(),
            expires_on: None,
        };
        RecordedEvent {
            global_position: 100 + sequence,
            event_id: Uuid::from_u128(7),
            stream_kind: stream.kind.name().to_owned(),
            stream_id: stream.id,
            sequence,
            event_type: payload.event_type(),
            event_version: payload.event_version(),
            payload: canonical_json(&payload),
            metadata: "{}".to_owned(),
            recorded_at: DateTime::UNIX_EPOCH,
            command_id: Uuid::from_u128(8),
            actor: "system:test".to_owned(),
            content_hash: Vec::new(),
        }
    }

    #[test]
    fn what_another_process_adds_is_taken_on_once_and_never_past_a_gap() {
        let stream = Stock::stream(Uuid::from_u128(1));
        let mut cache = StateCache::new();
        let at_hand = |cache: &StateCache| cache.get(stream).map(|state| state.revision());
        cache.follow(&adjusted(stream, 1));
        assert_eq!(at_hand(&cache), None, "nobody here has asked for it");

        cache.insert(stream, Arc::new(Folded::<Stock>::default()));
        cache.follow(&adjusted(stream, 1));
        cache.follow(&adjusted(stream, 2));
        cache.follow(&adjusted(stream, 1));
        let state: Arc<dyn std::any::Any + Send + Sync> = cache.get(stream).unwrap();
        let stock = state.downcast::<Folded<Stock>>().unwrap();
        assert_eq!((stock.revision, stock.state.on_hand), (2, Quantity::units(10)));

        cache.follow(&adjusted(stream, 4));
        assert_eq!(at_hand(&cache), None, "it has to be loaded");

        cache.insert(stream, Arc::new(Folded::<Stock>::default()));
        cache.follow(&RecordedEvent { payload: "{}".to_owned(), ..adjusted(stream, 1) });
        assert_eq!(at_hand(&cache), None, "whoever needs it is told why it cannot be read");
    }

    #[test]
    fn what_another_process_adds_to_is_no_use() {
        let streams = [1, 2, 3].map(|number| Stock::stream(Uuid::from_u128(number)));
        let mut cache = StateCache::of(NonZeroUsize::new(2).unwrap());
        cache.insert(streams[0], Arc::new(Folded::<Stock>::default()));
        cache.insert(streams[1], Arc::new(Folded::<Stock>::default()));
        cache.follow(&adjusted(streams[0], 1));

        cache.insert(streams[2], Arc::new(Folded::<Stock>::default()));

        assert!(cache.get(streams[0]).is_none() && cache.get(streams[1]).is_some());
    }
}
