//! The commands that handlers ask for, through the committer like everyone else's.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use command_api::{
    Caller, Committer, Submission, SubmitError,
    domain::{
        Command,
        webhook_endpoint::{DisableWebhookEndpoint, ReportWebhookEndpointFailing, VerifyWebhookEndpoint},
    },
};
use events::{values::WebhookEndpointId, webhook_endpoint::DisabledReason};
use handlers::commands::{AskFailed, Asked, Commands};
use platform::clock::Ids;

/// The way from handlers to the committer.
pub struct SystemCommands {
    committer: Committer,
    ids: Arc<dyn Ids>,
}

impl SystemCommands {
    /// In the name of the webhooks' dispatcher.
    pub fn new(committer: Committer, ids: Arc<dyn Ids>) -> Self {
        Self { committer, ids }
    }

    async fn submit(&self, command: impl Command) -> Result<(), AskFailed> {
        let submission = Submission {
            command: Box::new(command),
            caller: Caller::system("webhooks"),
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
        Box::pin(self.submit(VerifyWebhookEndpoint { webhook_endpoint_id: id, url, rate_per_minute_max }))
    }
}
