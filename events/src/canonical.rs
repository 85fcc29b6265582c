//! The bytes that stand for an event, and their hash.
//!
//! Payload and metadata are canonical JSON: RFC 8785 restricted to what events hold (strings,
//! integers, booleans, null, arrays, objects with ASCII keys; no floats). The column type is `json`,
//! which keeps text as it came, so what is hashed is what is stored; `jsonb` would re-order it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::envelope::{NewEvent, RecordedEvent};

/// Canonical JSON: keys sorted, no white space.
///
/// # Panics
/// If the value cannot be JSON (a map with keys that are no strings): a fault of the type, not of
/// the data.
pub fn canonical_json(value: &impl Serialize) -> String {
    // `serde_json::Value` keeps objects in a BTreeMap, so going through it sorts the keys.
    let value = serde_json::to_value(value).expect("events are JSON by their types");
    value.to_string()
}

/// SHA-256 over every stored field of the event but its global position, which the append assigns.
///
/// Each field is preceded by its length in bytes (u64, big endian), so that no two different events
/// give the same input. Order: event id (16 bytes), stream kind, stream id (16 bytes), sequence
/// (i64, big endian), type, version, payload, metadata, recorded at (microseconds since 1970, i64,
/// big endian), command id (16 bytes), actor.
pub fn content_hash(event: &NewEvent) -> [u8; 32] {
    Hashed {
        event_id: event.event_id,
        kind: event.stream.kind.name(),
        stream_id: event.stream.id,
        sequence: event.sequence,
        event_type: &event.event_type,
        event_version: &event.event_version,
        payload: &event.payload,
        metadata: &event.metadata,
        recorded_at: event.recorded_at,
        command_id: event.command_id,
        actor: &event.actor,
    }
    .hash()
}

/// The hash that a recorded event should have: [`content_hash`] over what the log gives back.
pub fn recorded_hash(event: &RecordedEvent) -> [u8; 32] {
    Hashed {
        event_id: event.event_id,
        kind: &event.stream_kind,
        stream_id: event.stream_id,
        sequence: event.sequence,
        event_type: &event.event_type,
        event_version: &event.event_version,
        payload: &event.payload,
        metadata: &event.metadata,
        recorded_at: event.recorded_at,
        command_id: event.command_id,
        actor: &event.actor,
    }
    .hash()
}

struct Hashed<'a> {
    event_id: Uuid,
    kind: &'a str,
    stream_id: Uuid,
    sequence: i64,
    event_type: &'a str,
    event_version: &'a str,
    payload: &'a str,
    metadata: &'a str,
    recorded_at: DateTime<Utc>,
    command_id: Uuid,
    actor: &'a str,
}

impl Hashed<'_> {
    fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut field = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        field(self.event_id.as_bytes());
        field(self.kind.as_bytes());
        field(self.stream_id.as_bytes());
        field(&self.sequence.to_be_bytes());
        field(self.event_type.as_bytes());
        field(self.event_version.as_bytes());
        field(self.payload.as_bytes());
        field(self.metadata.as_bytes());
        field(&self.recorded_at.timestamp_micros().to_be_bytes());
        field(self.command_id.as_bytes());
        field(self.actor.as_bytes());
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_sorted_whatever_order_they_came_in() {
        #[derive(Serialize)]
        struct Unsorted {
            b: u8,
            a: serde_json::Value,
        }
        let text = canonical_json(&Unsorted { b: 1, a: json!({"z": "å", "y": [1, null]}) });
        assert_eq!(text, r#"{"a":{"y":[1,null],"z":"å"},"b":1}"#);
    }
}
