//! Webhook endpoints.

mod delete;
mod delivering_side;
mod owner;
mod ping;
mod register;
mod replay;
mod retry_delivery;
mod revise;
mod rotate_secret;
#[cfg(test)]
mod tests;

pub use delete::DeleteWebhookEndpoint;
pub use delivering_side::{DisableWebhookEndpoint, ReportWebhookEndpointFailing, VerifyWebhookEndpoint};
pub use owner::NamedOrganisation;
pub use ping::PingWebhookEndpoint;
pub use register::RegisterWebhookEndpoint;
pub use replay::ReplayWebhookEvents;
pub use retry_delivery::{FoundDelivery, RetryWebhookDelivery};
pub use revise::{EndpointPatch, ReviseWebhookEndpoint};
pub use rotate_secret::RotateWebhookSecret;

use chrono::{DateTime, Utc};
use events::webhook_endpoint::{
    DisabledReason, EndpointDetails, EndpointOwner, EndpointStatus, WebhookEndpoint, WebhookEndpointEvent,
};
use uuid::Uuid;

use super::{Concerns, Decide, refusal::Refusal};

/// What can be asked of an endpoint. A deleted one is not found by whoever asks.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is documented at the event that it leads to")]
pub enum WebhookEndpointCommand {
    Register {
        owner: EndpointOwner,
        details: EndpointDetails,
        secret_id: Uuid,
        handshake: bool,
    },
    Revise {
        details: EndpointDetails,
    },
    RotateSecret {
        secret_id: Uuid,
        former_valid_until: DateTime<Utc>,
    },
    Verify {
        url: String,
        rate_per_minute_max: Option<u32>,
    },
    Disable {
        reason: DisabledReason,
    },
    GiveUp {
        url: String,
        reason: DisabledReason,
    },
    Enable,
    Delete,
    Ping {
        ping_id: Uuid,
    },
    Replay {
        replay_id: Uuid,
        from_position: i64,
        upto_position: i64,
    },
    RetryDelivery {
        delivery_id: Uuid,
    },
    ReportFailing {
        url: String,
        since: DateTime<Utc>,
        warning: i32,
        failures: i64,
        disabled_at: DateTime<Utc>,
    },
}

impl Decide for WebhookEndpoint {
    type Command = WebhookEndpointCommand;

    fn decide(&self, command: WebhookEndpointCommand) -> Result<Vec<WebhookEndpointEvent>, Refusal> {
        use WebhookEndpointCommand as C;
        use WebhookEndpointEvent as E;
        let disabled = self.status == EndpointStatus::Disabled;
        Ok(match command {
            C::Register { owner, details, secret_id, handshake } => {
                vec![E::WebhookEndpointRegistered { owner, details, secret_id, handshake }]
            }
            C::Revise { details } if details == self.details => vec![],
            C::Revise { details } => vec![E::WebhookEndpointRevised { details }],
            C::RotateSecret { secret_id, former_valid_until } => {
                vec![E::WebhookSecretRotated { secret_id, former_valid_until }]
            }
            C::Verify { .. } if self.verified != Some(false) => vec![],
            // Who agreed was asked at that URL. Revised meanwhile, the endpoint names somebody else, whom nobody
            // has asked: to count it for him would let anybody point our webhooks at a stranger.
            C::Verify { url, .. } if url != self.details.url => vec![],
            C::Verify { rate_per_minute_max, .. } => {
                vec![E::WebhookEndpointVerified { rate_per_minute_max }]
            }
            // The delivering side may say so after somebody else did: nothing new.
            C::Disable { .. } | C::GiveUp { .. } if disabled => vec![],
            // What was said at another URL says nothing about whoever is at this one.
            C::GiveUp { url, .. } | C::ReportFailing { url, .. } if url != self.details.url => vec![],
            C::Disable { reason } | C::GiveUp { reason, .. } => vec![E::WebhookEndpointDisabled { reason }],
            C::Enable if !disabled => vec![],
            C::Enable => vec![E::WebhookEndpointEnabled {}],
            C::Delete => vec![E::WebhookEndpointDeleted {}],
            C::Ping { ping_id } => vec![E::WebhookPingRequested { ping_id }],
            C::Replay { .. } if self.status != EndpointStatus::Active => {
                return Err(not_active(self.status, "replay"));
            }
            C::Replay { replay_id, from_position, upto_position } => {
                vec![E::WebhookReplayRequested { replay_id, from_position, upto_position }]
            }
            C::RetryDelivery { .. } if self.status != EndpointStatus::Active => {
                return Err(not_active(self.status, "retry"));
            }
            C::RetryDelivery { delivery_id } => vec![E::WebhookDeliveryRetryRequested { delivery_id }],
            C::ReportFailing { .. } if self.status != EndpointStatus::Active => vec![],
            // Asked again, or after a later one: its owner has had this warning.
            C::ReportFailing { since, warning, .. } if self.warned >= Some((since, warning)) => vec![],
            C::ReportFailing { since, warning, failures, disabled_at, .. } => {
                vec![E::WebhookEndpointFailing { since, warning, failures, disabled_at }]
            }
        })
    }
}

fn not_active(status: EndpointStatus, attempted: &'static str) -> Refusal {
    Refusal::InvalidTransition { what: owner::WHAT, state: status.name(), attempted }
}

/// The organisation whose endpoint it is.
fn concerns(owner: EndpointOwner) -> Concerns {
    match owner {
        EndpointOwner::Restaurant(id) => Concerns::restaurant(id),
        EndpointOwner::Supplier(id) => Concerns::supplier(id),
        EndpointOwner::Partner(_) | EndpointOwner::Platform => Concerns::NOBODY,
    }
}
