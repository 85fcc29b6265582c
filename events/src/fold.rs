//! How events add up to a state.

use std::any::type_name;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    envelope::{RecordedEvent, StreamKind, StreamRef},
    upcast::upcast,
};

/// What the events of one stream add up to. Pure, total: an event that was recorded always applies.
pub trait Fold: Clone + Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The events of the stream.
    type Event: cqrs_es::DomainEvent;
    /// The kind of the stream.
    const KIND: StreamKind;
    /// Raised whenever the meaning or shape of the state changes: older snapshots are then ignored.
    const STATE_VERSION: i32 = 1;

    /// Takes one more event into account.
    fn apply(&mut self, event: &Self::Event);

    /// The stream of that id.
    fn stream(id: impl Into<Uuid>) -> StreamRef {
        StreamRef { kind: Self::KIND, id: id.into() }
    }
}

/// A state with what holds for any stream: how many events, when the first, when the last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folded<S> {
    /// Sequence of the last event applied; 0 where there is none.
    pub revision: i64,
    /// When the first event was recorded.
    pub created_at: DateTime<Utc>,
    /// When the last event was recorded.
    pub updated_at: DateTime<Utc>,
    /// The state itself.
    pub state: S,
}

impl<S: Fold> Folded<S> {
    /// True if the stream has any event.
    pub fn exists(&self) -> bool {
        self.revision > 0
    }

    /// Takes one more event into account.
    pub fn apply(&mut self, event: &S::Event, recorded_at: DateTime<Utc>) {
        if !self.exists() {
            self.created_at = recorded_at;
        }
        self.revision += 1;
        self.updated_at = recorded_at;
        self.state.apply(event);
    }

    /// Takes one more event of the log into account.
    ///
    /// # Errors
    /// The event cannot be read, or is not the next one of the stream: applying one twice or
    /// leaving one out is a fault that must not pass.
    pub fn apply_recorded(&mut self, recorded: &RecordedEvent) -> Result<(), UnreadableEvent> {
        if recorded.sequence != self.revision + 1 {
            return Err(UnreadableEvent::OutOfSequence {
                position: recorded.global_position,
                expected: self.revision + 1,
                found: recorded.sequence,
            });
        }
        let event = decode::<S>(recorded)?;
        self.apply(&event, recorded.recorded_at);
        Ok(())
    }
}

/// The event of that record, in its current version.
///
/// # Errors
/// The payload is not an event of this stream kind in any version known.
pub fn decode<S: Fold>(recorded: &RecordedEvent) -> Result<S::Event, UnreadableEvent> {
    let unreadable = |reason| UnreadableEvent::Payload {
        position: recorded.global_position,
        event_type: recorded.event_type.clone(),
        into: type_name::<S::Event>(),
        reason,
    };
    match upcast(recorded) {
        Some(payload) => serde_json::from_value(payload).map_err(unreadable),
        None => serde_json::from_str(&recorded.payload).map_err(unreadable),
    }
}

/// Why a recorded event cannot be folded.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableEvent {
    /// No version of the event has this shape.
    #[error("event {position} ({event_type}) is no {into}")]
    Payload {
        /// Global position.
        position: i64,
        /// The type it is recorded as.
        event_type: String,
        /// The Rust type tried.
        into: &'static str,
        /// The parser's word.
        #[source]
        reason: serde_json::Error,
    },
    /// Not the next event of its stream.
    #[error("event {position} has sequence {found} where {expected} is next")]
    OutOfSequence {
        /// Global position.
        position: i64,
        /// Sequence that would be next.
        expected: i64,
        /// Sequence found.
        found: i64,
    },
}
