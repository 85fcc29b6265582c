//! Restaurants, suppliers and webhook endpoints as the outside hears of them.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    values::{RestaurantId, SupplierId, WebhookEndpointId},
    webhook_endpoint::DisabledReason,
};

/// A restaurant may order; its trial has begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestaurantApproved {
    /// The restaurant.
    pub restaurant_id: RestaurantId,
    /// When its trial ends.
    pub trial_ends_at: DateTime<Utc>,
}

/// A restaurant may not order until it is reinstated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestaurantSuspended {
    /// The restaurant.
    pub restaurant_id: RestaurantId,
    /// Why.
    pub reason: Option<String>,
}

/// A restaurant may order again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestaurantReinstated {
    /// The restaurant.
    pub restaurant_id: RestaurantId,
}

/// A restaurant's trial is over; nothing is closed to it because of that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialEnded {
    /// The restaurant.
    pub restaurant_id: RestaurantId,
    /// When it ended; this is told up to a day later.
    pub ended_at: DateTime<Utc>,
}

/// A supplier may not sell until it is reinstated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SupplierSuspended {
    /// The supplier.
    pub supplier_id: SupplierId,
    /// Why.
    pub reason: Option<String>,
}

/// A supplier may sell again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SupplierReinstated {
    /// The supplier.
    pub supplier_id: SupplierId,
}

/// A webhook endpoint has failed for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookEndpointFailing {
    /// The endpoint.
    pub webhook_endpoint_id: WebhookEndpointId,
    /// Since when nothing was delivered.
    pub since: DateTime<Utc>,
    /// Attempts that failed since then.
    pub failures: i64,
    /// When it will be disabled if nothing is delivered until then.
    pub disabled_at: DateTime<Utc>,
}

/// Nothing is sent to a webhook endpoint any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookEndpointDisabled {
    /// The endpoint.
    pub webhook_endpoint_id: WebhookEndpointId,
    /// Why.
    pub reason: DisabledReason,
}

/// Somebody asked whether a webhook endpoint answers; sent to that endpoint alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookPing {
    /// The endpoint.
    pub webhook_endpoint_id: WebhookEndpointId,
}
