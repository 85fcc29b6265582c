//! Webhook endpoints in words. An endpoint's URL may hold a secret of the receiver, so it is never said.

use events::webhook_endpoint::WebhookEndpointEvent;

use super::{Told, counted, spoken};

pub(super) fn tell(event: &WebhookEndpointEvent) -> Told {
    use WebhookEndpointEvent as E;
    Told::plain(match event {
        E::WebhookEndpointRegistered { details, .. } => {
            format!("Registered a webhook endpoint for {}.", counted(details.event_types.len(), "event type"))
        }
        E::WebhookEndpointRevised { details } => {
            format!("Revised the webhook endpoint: {}.", counted(details.event_types.len(), "event type"))
        }
        E::WebhookSecretRotated { .. } => "Rotated the webhook endpoint's secret.".to_owned(),
        E::WebhookEndpointVerified { .. } => "The receiver agreed to be sent webhooks.".to_owned(),
        E::WebhookEndpointDisabled { reason } => {
            format!("Disabled the webhook endpoint ({}).", spoken(reason))
        }
        E::WebhookEndpointEnabled {} => "Enabled the webhook endpoint.".to_owned(),
        E::WebhookEndpointDeleted {} => "Deleted the webhook endpoint.".to_owned(),
        E::WebhookPingRequested { .. } => "Asked for a ping of the webhook endpoint.".to_owned(),
        E::WebhookReplayRequested { from_position, upto_position, .. } => {
            format!("Asked for the events from position {from_position} to {upto_position} to be sent again.")
        }
        E::WebhookDeliveryRetryRequested { delivery_id } => {
            format!("Asked for delivery {delivery_id} to be tried again.")
        }
        E::WebhookEndpointFailing { warning, failures, .. } => format!(
            "The webhook endpoint kept failing: warning {warning}, after {failures} attempts that failed."
        ),
    })
}
