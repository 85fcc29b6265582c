//! Asking whether a webhook endpoint answers.

use events::{resource::WebhookPingResource, values::WebhookEndpointId, webhook_endpoint::WebhookEndpoint};
use uuid::Uuid;

use super::{WebhookEndpointCommand, concerns, owner::endpoint_as_owner};
use crate::domain::{Answer, Command, Stop, Unit};

/// One event is sent to it, whether it is enabled or not. Its owner and ADMIN.
#[derive(Clone, Debug)]
pub struct PingWebhookEndpoint {
    /// Which.
    pub webhook_endpoint_id: WebhookEndpointId,
    /// The id of the event that is sent.
    pub ping_id: Uuid,
}

impl Command for PingWebhookEndpoint {
    fn operation(&self) -> &'static str {
        "ping_webhook_endpoint"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let (webhook_endpoint_id, ping_id) = (self.webhook_endpoint_id, self.ping_id);
        let concerns = concerns(endpoint_as_owner(unit, webhook_endpoint_id)?.state.owner);
        let ping = WebhookEndpointCommand::Ping { ping_id };
        let endpoint = unit.decide::<WebhookEndpoint>(webhook_endpoint_id, concerns, ping)?;
        Ok(Answer::ok(&WebhookPingResource { ping_id, webhook_endpoint_id }, endpoint.revision))
    }
}
