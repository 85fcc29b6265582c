//! Deleting a webhook endpoint.

use events::{
    resource::WebhookEndpointResource, values::WebhookEndpointId, webhook_endpoint::WebhookEndpoint,
};

use super::{WebhookEndpointCommand, concerns, owner::endpoint_as_owner};
use crate::domain::{Answer, Command, Stop, Unit};

/// It is no more; what waits for it is not sent. Its owner and ADMIN.
#[derive(Clone, Debug)]
pub struct DeleteWebhookEndpoint {
    /// Which.
    pub webhook_endpoint_id: WebhookEndpointId,
}

impl Command for DeleteWebhookEndpoint {
    fn operation(&self) -> &'static str {
        "delete_webhook_endpoint"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.webhook_endpoint_id;
        let concerns = concerns(endpoint_as_owner(unit, id)?.state.owner);
        let endpoint = unit.decide::<WebhookEndpoint>(id, concerns, WebhookEndpointCommand::Delete)?;
        Ok(Answer::ok(&WebhookEndpointResource::of(id, &endpoint, unit.now()), endpoint.revision))
    }
}
