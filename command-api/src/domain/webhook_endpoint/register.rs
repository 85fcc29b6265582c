//! Registering a webhook endpoint.

use events::{
    resource::WebhookEndpointResource,
    values::WebhookEndpointId,
    webhook_endpoint::{EndpointDetails, WebhookEndpoint},
};
use uuid::Uuid;

use super::{
    WebhookEndpointCommand, concerns,
    owner::{NamedOrganisation, new_owner},
};
use crate::domain::{Answer, Command, Stop, Unit};

/// Somebody wants to hear of events from now on. OWNER of the organisation named, PARTNER, ADMIN.
#[derive(Clone, Debug)]
pub struct RegisterWebhookEndpoint {
    /// Fresh.
    pub webhook_endpoint_id: WebhookEndpointId,
    /// Whose it is to be, or whose affairs a partner wants to hear of.
    pub organisation: Option<NamedOrganisation>,
    /// What is to be sent where.
    pub details: EndpointDetails,
    /// What signs; sealed and stored before.
    pub secret_id: Uuid,
    /// Nothing is sent until the receiver has agreed.
    pub handshake: bool,
}

impl Command for RegisterWebhookEndpoint {
    fn operation(&self) -> &'static str {
        "register_webhook_endpoint"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let new = new_owner(unit, self.organisation)?;
        let mut details = self.details.clone();
        details.conditions.extend(new.condition);
        let id = self.webhook_endpoint_id;
        let register = WebhookEndpointCommand::Register {
            owner: new.owner,
            details,
            secret_id: self.secret_id,
            handshake: self.handshake,
        };
        let endpoint = unit.decide_on_fresh::<WebhookEndpoint>(id, concerns(new.owner), register)?;
        Ok(Answer::created(&WebhookEndpointResource::of(id, &endpoint, unit.now()), endpoint.revision))
    }
}
