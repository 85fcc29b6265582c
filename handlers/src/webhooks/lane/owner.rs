//! What the endpoint's owner is told, and how an endpoint is given up.

use chrono::{DateTime, Utc};
use events::{values::WebhookEndpointId, webhook_endpoint::DisabledReason};
use tokio::time::Instant;

use super::Lane;
use crate::{commands::AskFailed, webhooks::metrics};

/// An endpoint that is being disabled: nothing is begun until the log says so.
pub(super) struct Parting {
    /// Where the reason was given.
    url: String,
    reason: DisabledReason,
    /// When the write side is asked (again).
    ask_at: Option<Instant>,
    /// It agreed, but the fan-out has not told yet: waited for until then.
    until: Instant,
}

impl Lane {
    pub(super) fn begin_parting(&mut self, reason: DisabledReason) {
        if self.parting.is_none() {
            let now = Instant::now();
            let url = self.held.endpoint.details.url.clone();
            let until = now + self.running.settings.lease;
            self.parting = Some(Parting { url, reason, ask_at: Some(now), until });
            self.forget_queue();
        }
    }

    /// Asks for the endpoint to be disabled, where it is to be and requests under way are over.
    pub(super) async fn part(&mut self) {
        let Some(parting) = &self.parting else { return };
        let now = Instant::now();
        if now >= parting.until {
            // Whatever became of it, the next attempt will tell.
            self.parting = None;
            self.is_stale = true;
            return;
        }
        if parting.ask_at.is_none_or(|ask_at| now < ask_at) || !self.in_flight.is_empty() {
            return;
        }
        let (url, reason) = (parting.url.clone(), parting.reason);
        let endpoint_id = WebhookEndpointId(self.held.endpoint_id);
        let asked = self.running.commands.disable_endpoint(endpoint_id, url, reason);
        let ask_at = match asked.await {
            Ok(()) => {
                metrics::disabled(reason);
                None
            }
            Err(AskFailed::Refused) => None,
            Err(AskFailed::Later) => Some(Instant::now() + self.running.settings.poll),
        };
        if let Some(parting) = &mut self.parting {
            parting.ask_at = ask_at;
        }
    }

    /// After a failure: warns the owner if it is time to, and gives the endpoint up if it is.
    pub(super) async fn tell_owner(&mut self, now: DateTime<Utc>) {
        let settings = &self.running.settings;
        let health = &self.held.health;
        if health.is_lost(settings, now) {
            self.begin_parting(DisabledReason::Failing);
            return;
        }
        let (Some(warnings), Some(since)) = (health.warning_due(settings, now), health.failing_since) else {
            return;
        };
        let disabled_at = since + settings.disable_after;
        let endpoint_id = WebhookEndpointId(self.held.endpoint_id);
        let url = self.held.endpoint.details.url.clone();
        let commands = &self.running.commands;
        let failures = health.failures;
        let asked =
            commands.report_endpoint_failing(endpoint_id, url, since, warnings, failures, disabled_at);
        // Told first and remembered after: a crash in between asks twice, and the second time nothing happens.
        match asked.await {
            Ok(()) | Err(AskFailed::Refused) => self.held.health.warnings = warnings,
            Err(AskFailed::Later) => {}
        }
    }
}
