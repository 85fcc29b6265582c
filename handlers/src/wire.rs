//! What the relay and its readers agree on: stream, subjects, headers.

use async_nats::{HeaderMap, header};
use events::public::PublicEvent;
use uuid::Uuid;

/// The stream of all public events.
pub(crate) const STREAM: &str = "IRIS_EVENTS";
/// What the stream holds: `iris.events.<aggregate>.<happening>.<aggregate id>`.
pub(crate) const SUBJECTS: &str = "iris.events.>";
/// Where the relay says how far it has read the log; plain NATS, nothing keeps it.
pub(crate) const HEAD_SUBJECT: &str = "iris.log.head";

const POSITION: &str = "Iris-Position";
const PREVIOUS_POSITION: &str = "Iris-Previous-Position";

/// Where a message stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The position before which the outside has heard nothing more: of the public event published before
    /// this one, or of one between them that could not be published, so that whoever can read that one goes
    /// to the log for it. 0 for the first.
    pub(crate) previous: i64,
    /// Its own position.
    pub(crate) position: i64,
}

impl Place {
    pub(crate) fn into_headers(self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(POSITION, self.position.to_string());
        headers.insert(PREVIOUS_POSITION, self.previous.to_string());
        headers
    }

    /// `None` for a message that the relay did not write.
    pub(crate) fn of(headers: Option<&HeaderMap>) -> Option<Self> {
        let number = |name: &str| headers?.get(name)?.as_str().parse().ok();
        Some(Self { previous: number(PREVIOUS_POSITION)?, position: number(POSITION)? })
    }
}

/// The subject that an event is published under.
pub(crate) fn subject_of(event: &PublicEvent) -> String {
    let public_type = event.public_type();
    format!("iris.events.{}.{}.{}", public_type.aggregate, public_type.happening, event.subject)
}

/// The event that a message id names. What follows on the id only tells the server that it is another
/// message.
pub(crate) fn event_id_of(headers: &HeaderMap) -> Option<Uuid> {
    let id = headers.get(header::NATS_MESSAGE_ID)?.as_str();
    id.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_the_wire_and_a_foreign_message_has_none() {
        let place = Place { previous: 7, position: 9 };
        assert_eq!(Place::of(Some(&place.into_headers())), Some(place));
        assert_eq!(Place::of(None), None);
        let mut headers = HeaderMap::new();
        headers.insert(POSITION, "many");
        headers.insert(PREVIOUS_POSITION, "0");
        assert_eq!(Place::of(Some(&headers)), None);
    }
}
