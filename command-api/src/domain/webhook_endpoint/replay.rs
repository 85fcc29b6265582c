//! Sending events of the past.

use events::{resource::WebhookReplayResource, values::WebhookEndpointId, webhook_endpoint::WebhookEndpoint};
use uuid::Uuid;

use super::{WebhookEndpointCommand, concerns, owner::endpoint_as_owner};
use crate::domain::{Answer, Command, Stop, Unit, refusal::Refusal};

/// Events of the past are sent (again), as far as the endpoint wants them. Its owner and ADMIN.
#[derive(Clone, Debug)]
pub struct ReplayWebhookEvents {
    /// To which endpoint.
    pub webhook_endpoint_id: WebhookEndpointId,
    /// Fresh.
    pub replay_id: Uuid,
    /// From that position of the log; `None` where nothing has happened since then.
    pub from_position: Option<i64>,
    /// Where the log ended when this was asked.
    pub upto_position: i64,
    /// The member of the body that says from when, for refusals.
    pub field: &'static str,
}

impl Command for ReplayWebhookEvents {
    fn operation(&self) -> &'static str {
        "replay_webhook_events"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let webhook_endpoint_id = self.webhook_endpoint_id;
        let concerns = concerns(endpoint_as_owner(unit, webhook_endpoint_id)?.state.owner);
        let (replay_id, upto_position) = (self.replay_id, self.upto_position);
        let begun = self.from_position.filter(|from| *from <= upto_position);
        let from_position = begun.ok_or_else(|| {
            let message = format!("nothing has happened since then: the log ends at {upto_position}");
            Refusal::invalid(self.field, "beyond_the_end", message)
        })?;
        let replay = WebhookEndpointCommand::Replay { replay_id, from_position, upto_position };
        let endpoint = unit.decide::<WebhookEndpoint>(webhook_endpoint_id, concerns, replay)?;
        let begun = WebhookReplayResource { replay_id, webhook_endpoint_id, from_position, upto_position };
        Ok(Answer::ok(&begun, endpoint.revision))
    }
}
