//! The commands that handlers and jobs ask for, through the committer like everyone else's.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use command_api::{
    Caller, Committer, Submission, SubmitError,
    domain::{
        Command,
        forecast::PublishForecast,
        product::ApplyPrice,
        restaurant::EndTrial,
        webhook_endpoint::{DisableWebhookEndpoint, ReportWebhookEndpointFailing, VerifyWebhookEndpoint},
    },
};
use events::{
    price_rule::RuleRef,
    values::{ProductId, RestaurantId, WebhookEndpointId},
    webhook_endpoint::DisabledReason,
};
use handlers::{
    commands::{AskFailed, Asked, Commands},
    forecasts::{Publication, PublishForecasts},
    jobs::EndTrials,
};
use platform::clock::Ids;

/// The way from handlers and jobs to the committer.
pub struct SystemCommands {
    committer: Committer,
    ids: Arc<dyn Ids>,
    name: &'static str,
}

impl SystemCommands {
    /// In the name of that part of the system: the actor of every event that it leads to.
    pub fn new(committer: Committer, ids: Arc<dyn Ids>, name: &'static str) -> Self {
        Self { committer, ids, name }
    }

    async fn submit(&self, command: impl Command) -> Result<(), AskFailed> {
        let submission = Submission {
            command: Box::new(command),
            caller: Caller::system(self.name),
            // None of these commands changes anything the second time: no key is needed.
            key: None,
            command_id: self.ids.next(),
            metadata: "{}".to_owned(),
        };
        match self.committer.submit(submission).await {
            Ok(_) => Ok(()),
            Err(SubmitError::Refused(_)) => Err(AskFailed::Refused),
            Err(_) => Err(AskFailed::Later),
        }
    }
}

impl Commands for SystemCommands {
    fn disable_endpoint(&self, id: WebhookEndpointId, url: String, reason: DisabledReason) -> Asked<'_> {
        Box::pin(self.submit(DisableWebhookEndpoint { webhook_endpoint_id: id, url, reason }))
    }

    fn report_endpoint_failing(
        &self,
        id: WebhookEndpointId,
        url: String,
        since: DateTime<Utc>,
        warning: i32,
        failures: i64,
        disabled_at: DateTime<Utc>,
    ) -> Asked<'_> {
        let webhook_endpoint_id = id;
        let report =
            ReportWebhookEndpointFailing { webhook_endpoint_id, url, since, warning, failures, disabled_at };
        Box::pin(self.submit(report))
    }

    fn verify_endpoint(
        &self,
        id: WebhookEndpointId,
        url: String,
        rate_per_minute_max: Option<u32>,
    ) -> Asked<'_> {
        let verify = VerifyWebhookEndpoint { webhook_endpoint_id: id, url, rate_per_minute_max };
        Box::pin(self.submit(verify))
    }

    fn apply_price(
        &self,
        product_id: ProductId,
        at: DateTime<Utc>,
        inputs: Box<pricing::Inputs>,
        rules: Vec<RuleRef>,
    ) -> Asked<'_> {
        Box::pin(self.submit(ApplyPrice { product_id, at, inputs: *inputs, rules }))
    }
}

impl PublishForecasts for SystemCommands {
    fn publish(&self, publication: Publication) -> Asked<'_> {
        let Publication {
            run_id,
            supplier_id,
            origin_day,
            horizon_days,
            input_position,
            engine_version,
            series,
            failed,
            scores,
        } = publication;
        Box::pin(self.submit(PublishForecast {
            run_id,
            supplier_id,
            origin_day,
            horizon_days,
            input_position,
            engine_version,
            series,
            failed,
            scores,
        }))
    }
}

impl EndTrials for SystemCommands {
    fn end_trial(&self, restaurant_id: RestaurantId) -> Asked<'_> {
        Box::pin(self.submit(EndTrial { restaurant_id }))
    }
}
