//! Old versions of events, brought to the current one in every reader.
//!
//! A released event never changes. A new shape gets a new version, an upcaster in [`upcasters`] and a
//! golden sample (`tests/golden/`) that is kept forever. Every reader decodes through
//! [`crate::fold::decode`], so no reader can miss an upcaster; `iris doctor` hands the same list to
//! postgres-es.

use cqrs_es::persist::{EventUpcaster, SerializedEvent};

use crate::envelope::RecordedEvent;

/// All upcasters, in the order in which they are applied.
pub fn upcasters() -> Vec<Box<dyn EventUpcaster>> {
    Vec::new()
}

/// The payload in its current version, or `None` if it is already current.
pub fn upcast(recorded: &RecordedEvent) -> Option<serde_json::Value> {
    upcast_with(recorded, &upcasters())
}

fn upcast_with(recorded: &RecordedEvent, upcasters: &[Box<dyn EventUpcaster>]) -> Option<serde_json::Value> {
    let mut candidates = upcasters.iter();
    if !candidates.any(|upcaster| upcaster.can_upcast(&recorded.event_type, &recorded.event_version)) {
        return None;
    }
    let mut event = SerializedEvent {
        aggregate_id: recorded.stream_id.to_string(),
        sequence: usize::try_from(recorded.sequence).expect("sequences count from 1"),
        aggregate_type: recorded.stream_kind.clone(),
        event_type: recorded.event_type.clone(),
        event_version: recorded.event_version.clone(),
        payload: serde_json::from_str(&recorded.payload).ok()?,
        metadata: serde_json::Value::Null,
    };
    for upcaster in upcasters {
        if upcaster.can_upcast(&event.event_type, &event.event_version) {
            event = upcaster.upcast(event);
        }
    }
    Some(event.payload)
}

#[cfg(test)]
mod tests {
    use cqrs_es::persist::SemanticVersionEventUpcaster;
    use serde_json::json;

    use super::*;

    fn recorded(version: &str) -> RecordedEvent {
        RecordedEvent {
            global_position: 1,
            event_id: uuid::Uuid::nil(),
            stream_kind: "order".to_owned(),
            stream_id: uuid::Uuid::nil(),
            sequence: 1,
            event_type: "OrderConfirmed".to_owned(),
            event_version: version.to_owned(),
            payload: r#"{"OrderConfirmed":{"at":"x"}}"#.to_owned(),
            metadata: "{}".to_owned(),
            recorded_at: chrono::DateTime::UNIX_EPOCH,
            command_id: uuid::Uuid::nil(),
            actor: "system:seed".to_owned(),
            content_hash: Vec::new(),
        }
    }

    fn renaming_at_to_confirmed_at() -> Vec<Box<dyn EventUpcaster>> {
        vec![Box::new(SemanticVersionEventUpcaster::new(
            "OrderConfirmed",
            "2",
            Box::new(|mut payload| {
                let at = payload["OrderConfirmed"]["at"].take();
                payload["OrderConfirmed"] = json!({"confirmed_at": at});
                payload
            }),
        ))]
    }

    #[test]
    fn an_old_version_is_brought_forward_and_a_current_one_left_alone() {
        let upcasters = renaming_at_to_confirmed_at();
        let upcast = upcast_with(&recorded("1"), &upcasters);
        assert_eq!(upcast, Some(json!({"OrderConfirmed":{"confirmed_at":"x"}})));
        assert_eq!(upcast_with(&recorded("2"), &upcasters), None);
    }
}
