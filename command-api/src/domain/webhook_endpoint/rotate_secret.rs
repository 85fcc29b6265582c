//! Rotating the secret that signs.

use chrono::TimeDelta;
use events::{
    resource::WebhookEndpointResource, values::WebhookEndpointId, webhook_endpoint::WebhookEndpoint,
};
use uuid::Uuid;

use super::{WebhookEndpointCommand, concerns, owner::endpoint_as_owner};
use crate::domain::{Answer, Command, Stop, Unit};

/// Another secret signs; the former ones sign beside it for a while. Its owner and ADMIN.
#[derive(Clone, Debug)]
pub struct RotateWebhookSecret {
    /// Of which endpoint.
    pub webhook_endpoint_id: WebhookEndpointId,
    /// What signs from now on; sealed and stored before.
    pub secret_id: Uuid,
    /// How long the former ones do, too.
    pub overlap: TimeDelta,
}

impl Command for RotateWebhookSecret {
    fn operation(&self) -> &'static str {
        "rotate_webhook_secret"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.webhook_endpoint_id;
        let concerns = concerns(endpoint_as_owner(unit, id)?.state.owner);
        let rotate = WebhookEndpointCommand::RotateSecret {
            secret_id: self.secret_id,
            former_valid_until: unit.now() + self.overlap,
        };
        let endpoint = unit.decide::<WebhookEndpoint>(id, concerns, rotate)?;
        Ok(Answer::ok(&WebhookEndpointResource::of(id, &endpoint, unit.now()), endpoint.revision))
    }
}
