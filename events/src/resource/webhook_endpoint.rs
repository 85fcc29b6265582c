//! Webhook endpoints as clients see them. A signing secret is in none of these.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    fold::Folded,
    values::{AccountId, RestaurantId, SupplierId, WebhookEndpointId},
    webhook_endpoint::{
        Condition, ConditionTest, DeliveryOrder, DisabledReason, EndpointOwner, EndpointStatus, PayloadStyle,
        WebhookEndpoint,
    },
};

/// Whose an endpoint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointOwnerKind {
    /// A buyer's: it hears of what concerns that restaurant, and of what is public.
    Restaurant,
    /// A seller's: it hears of what concerns that supplier, and of what is public.
    Supplier,
    /// A partner's: it hears of what concerns whoever has granted its account so, and of what is public.
    Partner,
    /// The operator's: it hears of everything.
    Platform,
}

/// A condition on an event's `data`. All of an endpoint's conditions must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EndpointFilter {
    /// A field of `data` as a path of names.
    #[schema(example = "supplier_id")]
    pub field: String,
    /// Its value must be one of these texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<String>>,
    /// Its value must be a whole number of at least this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<i64>,
    /// Its value must be a whole number of at most this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<i64>,
}

/// Which secret signs, and until when; the secret itself is shown only by the answer that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EndpointSecret {
    /// Which.
    pub secret_id: Uuid,
    /// Signs until then; null for the current one.
    #[schema(required)]
    pub valid_until: Option<DateTime<Utc>>,
}

/// Whether deliveries succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointHealthState {
    /// The last attempt succeeded, or there was none yet.
    Healthy,
    /// The last attempt failed.
    Failing,
    /// So many failed that nothing is tried for a while.
    Paused,
}

/// How deliveries to an endpoint go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EndpointHealth {
    /// Whether they succeed.
    pub state: EndpointHealthState,
    /// When the first attempt failed that no success has followed.
    #[schema(required)]
    pub failing_since: Option<DateTime<Utc>>,
    /// Attempts that failed since then.
    pub failures: i64,
    /// When the last delivery succeeded.
    #[schema(required)]
    pub last_success_at: Option<DateTime<Utc>>,
    /// Deliveries that wait; counted to 1000 at most.
    pub pending: i64,
}

/// Where an organisation or a partner wants to hear of events, and of which.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WebhookEndpointResource {
    /// The endpoint.
    pub id: WebhookEndpointId,
    /// Where they are sent.
    #[schema(example = "https://partner.example/iris")]
    pub url: String,
    /// What it is for.
    #[schema(required)]
    pub description: Option<String>,
    /// Types on the wire, sorted; `*` alone means all.
    #[schema(example = json!(["iris.order.placed.v1"]))]
    pub events: Vec<String>,
    /// Conditions on the data, all of which must hold.
    pub filter: Vec<EndpointFilter>,
    /// How much is sent.
    pub payload: PayloadStyle,
    /// In which order.
    pub order: DeliveryOrder,
    /// Requests under way at once at most.
    pub max_in_flight: u16,
    /// Requests begun per second at most; null: no limit.
    #[schema(required)]
    pub rate_per_second: Option<u16>,
    /// Requests per minute at most, as the receiver asked when it agreed.
    #[schema(required)]
    pub rate_per_minute: Option<u32>,
    /// Whose it is.
    pub owner: EndpointOwnerKind,
    /// The buyer whose it is.
    #[schema(required)]
    pub restaurant_id: Option<RestaurantId>,
    /// The seller whose it is.
    #[schema(required)]
    pub supplier_id: Option<SupplierId>,
    /// The partner's account whose it is.
    #[schema(required)]
    pub account_id: Option<AccountId>,
    /// Where it stands.
    pub status: EndpointStatus,
    /// Why it is disabled.
    #[schema(required)]
    pub disabled_reason: Option<DisabledReason>,
    /// Whether the receiver has agreed; null where it need not.
    #[schema(required)]
    pub verified: Option<bool>,
    /// What signs, the newest first; former ones until they lapse.
    pub signing_secrets: Vec<EndpointSecret>,
    /// How deliveries go; in reads only, once there is anything to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<EndpointHealth>,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// How many events it has; the `ETag`.
    pub revision: i64,
}

/// A ping that is on its way.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct WebhookPingResource {
    /// The `id` of the event that is sent, `iris.webhook.ping.v1`.
    pub ping_id: Uuid,
    /// To which endpoint.
    pub webhook_endpoint_id: WebhookEndpointId,
}

/// A replay that has begun.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct WebhookReplayResource {
    /// The replay.
    pub replay_id: Uuid,
    /// To which endpoint.
    pub webhook_endpoint_id: WebhookEndpointId,
    /// From that position of the log, itself included.
    pub from_position: i64,
    /// To that position of the log, itself included.
    pub upto_position: i64,
}

/// A delivery that is tried again.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct WebhookRetryResource {
    /// The delivery.
    pub delivery_id: Uuid,
    /// To which endpoint.
    pub webhook_endpoint_id: WebhookEndpointId,
}

impl WebhookEndpointResource {
    /// The endpoint as clients see it at that moment.
    pub fn of(id: WebhookEndpointId, folded: &Folded<WebhookEndpoint>, now: DateTime<Utc>) -> Self {
        let WebhookEndpoint { owner, details, status, disabled_reason, .. } = &folded.state;
        let signs = |secret: &&crate::webhook_endpoint::SigningSecret| {
            secret.valid_until.is_none_or(|until| now < until)
        };
        let secrets = folded.state.secrets.iter().filter(signs);
        Self {
            id,
            url: details.url.clone(),
            description: details.description.clone(),
            events: details.event_types.clone(),
            filter: details.conditions.iter().map(EndpointFilter::from).collect(),
            payload: details.payload_style,
            order: details.delivery_order,
            max_in_flight: details.in_flight_max,
            rate_per_second: details.rate_per_second_max,
            rate_per_minute: folded.state.rate_per_minute_max,
            owner: EndpointOwnerKind::from(*owner),
            restaurant_id: if let EndpointOwner::Restaurant(id) = owner { Some(*id) } else { None },
            supplier_id: if let EndpointOwner::Supplier(id) = owner { Some(*id) } else { None },
            account_id: if let EndpointOwner::Partner(id) = owner { Some(*id) } else { None },
            status: *status,
            disabled_reason: *disabled_reason,
            verified: folded.state.verified,
            signing_secrets: secrets
                .map(|secret| EndpointSecret { secret_id: secret.secret_id, valid_until: secret.valid_until })
                .collect(),
            health: None,
            created_at: folded.created_at,
            updated_at: folded.updated_at,
            revision: folded.revision,
        }
    }
}

impl From<EndpointOwner> for EndpointOwnerKind {
    fn from(owner: EndpointOwner) -> Self {
        match owner {
            EndpointOwner::Restaurant(_) => Self::Restaurant,
            EndpointOwner::Supplier(_) => Self::Supplier,
            EndpointOwner::Partner(_) => Self::Partner,
            EndpointOwner::Platform => Self::Platform,
        }
    }
}

impl From<&Condition> for EndpointFilter {
    fn from(condition: &Condition) -> Self {
        let untested = Self { field: condition.field.clone(), one_of: None, at_least: None, at_most: None };
        match &condition.test {
            ConditionTest::OneOf(texts) => Self { one_of: Some(texts.clone()), ..untested },
            ConditionTest::AtLeast(least) => Self { at_least: Some(*least), ..untested },
            ConditionTest::AtMost(most) => Self { at_most: Some(*most), ..untested },
        }
    }
}
