//! What handlers ask of the write side: the same commands as everyone else's, in the name of the system.

use std::pin::Pin;

use chrono::{DateTime, Utc};
use events::{
    price_rule::RuleRef,
    values::{ProductId, WebhookEndpointId},
    webhook_endpoint::DisabledReason,
};

/// A command under way.
pub type Asked<'a> = Pin<Box<dyn Future<Output = Result<(), AskFailed>> + Send + 'a>>;

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum AskFailed {
    /// It never will be: the endpoint is gone.
    #[error("refused")]
    Refused,
    /// Nobody knows yet, or not now: ask again later. All of these commands change nothing the second time.
    #[error("not now")]
    Later,
}

/// The way to the write side; `iris` connects it.
pub trait Commands: Send + Sync + 'static {
    /// Nothing is sent to the endpoint any more, because of what happened at that URL. Nothing happens if the
    /// endpoint has another by now.
    fn disable_endpoint(
        &self,
        endpoint_id: WebhookEndpointId,
        url: String,
        reason: DisabledReason,
    ) -> Asked<'_>;

    /// The endpoint's owner is to be told that it fails. Nothing happens if the endpoint has another URL by now,
    /// or the owner has had that warning, the how-manieth since then.
    fn report_endpoint_failing(
        &self,
        endpoint_id: WebhookEndpointId,
        url: String,
        since: DateTime<Utc>,
        warning: i32,
        failures: i64,
        disabled_at: DateTime<Utc>,
    ) -> Asked<'_>;

    /// The receiver at that URL agreed to be sent webhooks. Nothing happens if the endpoint has another by now.
    fn verify_endpoint(
        &self,
        endpoint_id: WebhookEndpointId,
        url: String,
        rate_per_minute_max: Option<u32>,
    ) -> Asked<'_>;

    /// The product is to cost what the supplier's active rules make of these inputs, for that hour. Refused if its
    /// price or its rules are others by now; nothing happens if the hour was priced before.
    fn apply_price(
        &self,
        product_id: ProductId,
        at: DateTime<Utc>,
        inputs: Box<pricing::Inputs>,
        rules: Vec<RuleRef>,
    ) -> Asked<'_>;
}
