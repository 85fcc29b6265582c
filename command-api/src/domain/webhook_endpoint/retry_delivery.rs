//! Trying a delivery again.

use events::{resource::WebhookRetryResource, values::WebhookEndpointId, webhook_endpoint::WebhookEndpoint};
use uuid::Uuid;

use super::{WebhookEndpointCommand, concerns, owner::endpoint_as_owner};
use crate::domain::{Answer, Command, Stop, Unit, refusal::Refusal};

/// What was found of a delivery before the command was submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundDelivery {
    /// The endpoint has no such delivery.
    Absent,
    /// Its first attempt is still to come.
    Waiting,
    /// It was attempted at least once, or is over.
    Attempted,
}

/// One delivery is tried again at once. The endpoint's owner and ADMIN.
#[derive(Clone, Debug)]
pub struct RetryWebhookDelivery {
    /// Of which endpoint.
    pub webhook_endpoint_id: WebhookEndpointId,
    /// Which.
    pub delivery_id: Uuid,
    /// Deliveries are no streams: what the table said is part of the command.
    pub found: FoundDelivery,
}

impl Command for RetryWebhookDelivery {
    fn operation(&self) -> &'static str {
        "retry_webhook_delivery"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let (webhook_endpoint_id, delivery_id) = (self.webhook_endpoint_id, self.delivery_id);
        let concerns = concerns(endpoint_as_owner(unit, webhook_endpoint_id)?.state.owner);
        let what = "webhook delivery";
        match self.found {
            FoundDelivery::Absent => return Err(Refusal::not_found(what, delivery_id).into()),
            FoundDelivery::Waiting => {
                return Err(Refusal::InvalidTransition { what, state: "pending", attempted: "retry" }.into());
            }
            FoundDelivery::Attempted => {}
        }
        let retry = WebhookEndpointCommand::RetryDelivery { delivery_id };
        let endpoint = unit.decide::<WebhookEndpoint>(webhook_endpoint_id, concerns, retry)?;
        Ok(Answer::ok(&WebhookRetryResource { delivery_id, webhook_endpoint_id }, endpoint.revision))
    }
}
