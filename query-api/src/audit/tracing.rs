//! What the metadata of an event says of how it came to be.

use events::RecordedEvent;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The members of metadata that are in use; what is not there is absent.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Traced {
    pub(super) request_id: Option<String>,
    pub(super) traceparent: Option<String>,
    pub(super) causation_id: Option<String>,
    pub(super) correlation_id: Option<String>,
    pub(super) api_key_id: Option<Uuid>,
}

impl Traced {
    /// Of metadata that cannot be read nothing is known; the event is shown all the same.
    pub(super) fn of(event: &RecordedEvent) -> Self {
        serde_json::from_str(&event.metadata).unwrap_or_default()
    }
}

/// Which request and command an event came of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RequestSeen {
    /// `X-Request-Id` of the request.
    pub(super) request_id: Option<String>,
    /// W3C trace context of the request.
    pub(super) traceparent: Option<String>,
    /// Shared by all events of one command.
    command_id: Uuid,
    causation_id: Option<String>,
    correlation_id: Option<String>,
    /// The API key that the account called with, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<Uuid>,
}

impl RequestSeen {
    pub(super) fn of(event: &RecordedEvent) -> Self {
        let Traced { request_id, traceparent, causation_id, correlation_id, api_key_id } = Traced::of(event);
        let command_id = event.command_id;
        Self { request_id, traceparent, command_id, causation_id, correlation_id, api_key_id }
    }

    /// The same, without the key.
    pub(super) fn without_key(self) -> Self {
        Self { api_key_id: None, ..self }
    }

    /// The 32 hex digits that all requests of a trace share.
    pub(super) fn trace_id(&self) -> Option<&str> {
        self.traceparent.as_deref()?.get(3..35)
    }
}
