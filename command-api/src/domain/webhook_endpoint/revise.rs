//! Revising a webhook endpoint, and switching it off and on.

use events::{
    resource::WebhookEndpointResource,
    values::WebhookEndpointId,
    webhook_endpoint::{
        Condition, DeliveryOrder, DisabledReason, EndpointDetails, PayloadStyle, WebhookEndpoint,
    },
};

use super::{
    WebhookEndpointCommand, concerns,
    owner::{endpoint_as_owner, with_kept_condition},
};
use crate::domain::{Answer, Command, Stop, Unit, set};

/// What changes; an outer `None` leaves it, an inner one clears it.
#[derive(Clone, Debug, Default)]
pub struct EndpointPatch {
    /// Where they are sent.
    pub url: Option<String>,
    /// What it is for.
    pub description: Option<Option<String>>,
    /// Types on the wire.
    pub event_types: Option<Vec<String>>,
    /// Conditions on the data: all of them, as they are to be. The one that a partner's endpoint for one
    /// organisation came with stays, whether it is among them or not.
    pub conditions: Option<Vec<Condition>>,
    /// How much is sent.
    pub payload_style: Option<PayloadStyle>,
    /// In which order.
    pub delivery_order: Option<DeliveryOrder>,
    /// Requests under way at once at most.
    pub in_flight_max: Option<u16>,
    /// Requests begun per second at most.
    pub rate_per_second_max: Option<Option<u16>>,
    /// Whether anything is sent.
    pub enabled: Option<bool>,
}

/// Something else is to be sent, elsewhere, or nothing until it is switched on again. Its owner and ADMIN.
#[derive(Clone, Debug)]
pub struct ReviseWebhookEndpoint {
    /// Which.
    pub webhook_endpoint_id: WebhookEndpointId,
    /// What changes.
    pub patch: EndpointPatch,
}

impl EndpointPatch {
    fn applied(&self, details: &EndpointDetails) -> EndpointDetails {
        let (mut details, patch) = (details.clone(), self.clone());
        set(&mut details.url, patch.url);
        set(&mut details.description, patch.description);
        set(&mut details.event_types, patch.event_types);
        set(&mut details.conditions, patch.conditions);
        set(&mut details.payload_style, patch.payload_style);
        set(&mut details.delivery_order, patch.delivery_order);
        set(&mut details.in_flight_max, patch.in_flight_max);
        set(&mut details.rate_per_second_max, patch.rate_per_second_max);
        details
    }
}

impl Command for ReviseWebhookEndpoint {
    fn operation(&self) -> &'static str {
        "revise_webhook_endpoint"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        use WebhookEndpointCommand as C;
        let id = self.webhook_endpoint_id;
        let endpoint = endpoint_as_owner(unit, id)?;
        let concerns = concerns(endpoint.state.owner);
        let mut details = self.patch.applied(&endpoint.state.details);
        if self.patch.conditions.is_some() {
            details.conditions = with_kept_condition(&endpoint.state, details.conditions)?;
        }
        let mut endpoint = unit.decide::<WebhookEndpoint>(id, concerns, C::Revise { details })?;
        if let Some(enabled) = self.patch.enabled {
            let switch = if enabled { C::Enable } else { C::Disable { reason: DisabledReason::Owner } };
            endpoint = unit.decide::<WebhookEndpoint>(id, concerns, switch)?;
        }
        Ok(Answer::ok(&WebhookEndpointResource::of(id, &endpoint, unit.now()), endpoint.revision))
    }
}
