//! What the delivering side says of an endpoint. Only the system and ADMIN; each changes nothing the second
//! time.

use chrono::{DateTime, Utc};
use events::{
    resource::WebhookEndpointResource,
    values::WebhookEndpointId,
    webhook_endpoint::{DisabledReason, WebhookEndpoint},
};

use super::{WebhookEndpointCommand, concerns, owner::existing};
use crate::domain::{Answer, Command, Stop, Unit, access};

/// Nothing is sent to it until its owner enables it.
#[derive(Clone, Debug)]
pub struct DisableWebhookEndpoint {
    /// Which.
    pub webhook_endpoint_id: WebhookEndpointId,
    /// Where it failed: nothing happens if the endpoint has another URL by now.
    pub url: String,
    /// Why.
    pub reason: DisabledReason,
}

/// It has failed for a while; its owner is told.
#[derive(Clone, Debug)]
pub struct ReportWebhookEndpointFailing {
    /// Which.
    pub webhook_endpoint_id: WebhookEndpointId,
    /// Where it fails: nothing happens if the endpoint has another URL by now.
    pub url: String,
    /// Since when nothing was delivered.
    pub since: DateTime<Utc>,
    /// The how-manieth warning since then, from 1: each is given once.
    pub warning: i32,
    /// Attempts that failed since then.
    pub failures: i64,
    /// When it will be disabled if nothing is delivered until then.
    pub disabled_at: DateTime<Utc>,
}

/// The receiver agreed to be sent webhooks.
#[derive(Clone, Debug)]
pub struct VerifyWebhookEndpoint {
    /// Which.
    pub webhook_endpoint_id: WebhookEndpointId,
    /// Where it was asked: it speaks for no other URL.
    pub url: String,
    /// Deliveries per minute that it asked not to exceed.
    pub rate_per_minute_max: Option<u32>,
}

impl Command for DisableWebhookEndpoint {
    fn operation(&self) -> &'static str {
        "disable_webhook_endpoint"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let give_up = WebhookEndpointCommand::GiveUp { url: self.url.clone(), reason: self.reason };
        tell(unit, self.webhook_endpoint_id, give_up)
    }
}

impl Command for ReportWebhookEndpointFailing {
    fn operation(&self) -> &'static str {
        "report_webhook_endpoint_failing"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let Self { webhook_endpoint_id, ref url, since, warning, failures, disabled_at } = *self;
        let url = url.clone();
        let report = WebhookEndpointCommand::ReportFailing { url, since, warning, failures, disabled_at };
        tell(unit, webhook_endpoint_id, report)
    }
}

impl Command for VerifyWebhookEndpoint {
    fn operation(&self) -> &'static str {
        "verify_webhook_endpoint"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let (url, rate_per_minute_max) = (self.url.clone(), self.rate_per_minute_max);
        let verify = WebhookEndpointCommand::Verify { url, rate_per_minute_max };
        tell(unit, self.webhook_endpoint_id, verify)
    }
}

fn tell(unit: &mut Unit<'_>, id: WebhookEndpointId, said: WebhookEndpointCommand) -> Result<Answer, Stop> {
    access::admin(unit)?;
    let concerns = concerns(existing(unit, id)?.state.owner);
    let endpoint = unit.decide::<WebhookEndpoint>(id, concerns, said)?;
    Ok(Answer::ok(&WebhookEndpointResource::of(id, &endpoint, unit.now()), endpoint.revision))
}
