//! Webhook endpoints: where an organisation or a partner wants to hear of public events, and of which.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    envelope::StreamKind,
    fold::Fold,
    values::{AccountId, RestaurantId, SupplierId, UnknownName},
};

/// Whose an endpoint is, and with that, which events it may hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointOwner {
    /// What concerns one restaurant, and what is public.
    Restaurant(RestaurantId),
    /// What concerns one supplier, and what is public.
    Supplier(SupplierId),
    /// What concerns any organisation that has granted this partner's account so at that moment.
    Partner(AccountId),
    /// Everything: the operator's own.
    Platform,
}

impl EndpointOwner {
    /// The organisation or account whose it is; none where it is the operator's.
    pub fn id(self) -> Option<Uuid> {
        match self {
            Self::Restaurant(id) => Some(id.0),
            Self::Supplier(id) => Some(id.0),
            Self::Partner(id) => Some(id.0),
            Self::Platform => None,
        }
    }
}

/// How much of an event is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PayloadStyle {
    /// All of it.
    #[default]
    Full,
    /// What it is about, and no more: the receiver asks the API for the rest.
    Thin,
}

impl std::str::FromStr for PayloadStyle {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        match name {
            "full" => Ok(Self::Full),
            "thin" => Ok(Self::Thin),
            _ => Err(UnknownName("full, thin")),
        }
    }
}

/// What a delivery that fails means for the later ones of the same aggregate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryOrder {
    /// They wait, but not for ever: after some failures it steps aside.
    #[default]
    Ordered,
    /// They wait until it is delivered, given up or retried by hand.
    Strict,
    /// They do not wait.
    BestEffort,
}

impl std::str::FromStr for DeliveryOrder {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        match name {
            "ordered" => Ok(Self::Ordered),
            "strict" => Ok(Self::Strict),
            "best_effort" => Ok(Self::BestEffort),
            _ => Err(UnknownName("ordered, strict, best_effort")),
        }
    }
}

/// A condition on an event's data. All of an endpoint's conditions must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// A field of `data` as a path of names, `supplier_id` or `invoice.total_cents`.
    pub field: String,
    /// What its value must be.
    pub test: ConditionTest,
}

/// What a field's value must be. A field that is absent passes no test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConditionTest {
    /// One of these texts, compared exactly.
    OneOf(Vec<String>),
    /// A whole number of at least this.
    AtLeast(i64),
    /// A whole number of at most this.
    AtMost(i64),
}

/// What is to be sent where; revised as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointDetails {
    /// Absolute `https` URL, or `http` where the operator allows it.
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// Types on the wire, `iris.order.placed.v1`; at least one, sorted, unique. `*` alone means all.
    pub event_types: Vec<String>,
    /// Conditions on the data, all of which must hold.
    pub conditions: Vec<Condition>,
    /// How much is sent.
    pub payload_style: PayloadStyle,
    /// In which order.
    pub delivery_order: DeliveryOrder,
    /// Requests under way at once at most, from 1.
    pub in_flight_max: u16,
    /// Requests begun per second at most; unlimited where absent.
    pub rate_per_second_max: Option<u16>,
}

/// Why nothing is sent any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisabledReason {
    /// Its owner said so.
    Owner,
    /// It answered 410, or asked for it.
    Gone,
    /// It failed for too long.
    Failing,
}

/// A signing secret: the secret itself is not in the log, but encrypted in `webhooks.secrets`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningSecret {
    /// Which.
    pub secret_id: Uuid,
    /// Signs until then; the current one for as long as it is the current one.
    pub valid_until: Option<DateTime<Utc>>,
}

/// What a secret's row in `webhooks.secrets` is sealed for: the endpoint's id and its own, 16 bytes each. Moved
/// to another endpoint's row, it does not open.
pub fn seal_about(endpoint_id: Uuid, secret_id: Uuid) -> [u8; 32] {
    let mut about = [0; 32];
    about[..16].copy_from_slice(endpoint_id.as_bytes());
    about[16..].copy_from_slice(secret_id.as_bytes());
    about
}

/// What happens to a webhook endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WebhookEndpointEvent {
    /// Somebody wants to hear of events from now on.
    WebhookEndpointRegistered {
        /// Whose it is.
        owner: EndpointOwner,
        /// What is to be sent where.
        details: EndpointDetails,
        /// What signs.
        secret_id: Uuid,
        /// True where nothing is sent until the receiver has agreed (CloudEvents' validation handshake).
        handshake: bool,
    },
    /// Something else is to be sent, or elsewhere.
    WebhookEndpointRevised {
        /// All of it, as it now is.
        details: EndpointDetails,
    },
    /// Another secret signs; the former ones sign beside it for a while.
    WebhookSecretRotated {
        /// What signs from now on.
        secret_id: Uuid,
        /// Until when the former ones do, too; none of them longer than it did.
        former_valid_until: DateTime<Utc>,
    },
    /// The receiver agreed to be sent webhooks.
    WebhookEndpointVerified {
        /// Deliveries per minute that it asked not to exceed.
        rate_per_minute_max: Option<u32>,
    },
    /// Nothing is sent until it is enabled again.
    WebhookEndpointDisabled {
        /// Why.
        reason: DisabledReason,
    },
    /// Events are sent again, from now on; what was missed can be replayed.
    WebhookEndpointEnabled {},
    /// It is no more.
    WebhookEndpointDeleted {},
    /// Somebody wants to see whether it answers.
    WebhookPingRequested {
        /// The id of the event that is sent.
        ping_id: Uuid,
    },
    /// Events of the past are to be sent (again).
    WebhookReplayRequested {
        /// Which replay.
        replay_id: Uuid,
        /// From that position of the log, itself included.
        from_position: i64,
        /// To that position of the log, itself included: its end at that moment.
        upto_position: i64,
    },
    /// One delivery is to be tried again at once.
    WebhookDeliveryRetryRequested {
        /// Which.
        delivery_id: Uuid,
    },
    /// It has failed for a while; its owner is told.
    WebhookEndpointFailing {
        /// Since when nothing was delivered.
        since: DateTime<Utc>,
        /// The how-manieth warning since then, from 1.
        warning: i32,
        /// Attempts that failed since then.
        failures: i64,
        /// When it will be disabled if nothing is delivered until then.
        disabled_at: DateTime<Utc>,
    },
}

/// Where an endpoint stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointStatus {
    /// Events are sent.
    #[default]
    Active,
    /// The receiver has not agreed yet.
    Unverified,
    /// Nothing is sent.
    Disabled,
    /// It is no more.
    Deleted,
}

impl EndpointStatus {
    /// Its word, as clients and read tables have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Unverified => "unverified",
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
        }
    }
}

impl std::str::FromStr for EndpointStatus {
    type Err = UnknownName;

    /// A deleted endpoint cannot be asked for, so its word is not known.
    fn from_str(name: &str) -> Result<Self, UnknownName> {
        match name {
            "active" => Ok(Self::Active),
            "unverified" => Ok(Self::Unverified),
            "disabled" => Ok(Self::Disabled),
            _ => Err(UnknownName("active, unverified, disabled")),
        }
    }
}

/// A webhook endpoint as its events leave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookEndpoint {
    /// Whose it is.
    pub owner: EndpointOwner,
    /// What is to be sent where.
    pub details: EndpointDetails,
    /// Where it stands.
    pub status: EndpointStatus,
    /// Why it is disabled.
    pub disabled_reason: Option<DisabledReason>,
    /// The receiver must agree first, and did.
    pub verified: Option<bool>,
    /// What the receiver asked for when it agreed.
    pub rate_per_minute_max: Option<u32>,
    /// The newest first; former ones until they lapse.
    pub secrets: Vec<SigningSecret>,
    /// The last warning that its owner had: since when it failed, and the how-manieth since then.
    pub warned: Option<(DateTime<Utc>, i32)>,
}

impl Default for WebhookEndpoint {
    fn default() -> Self {
        Self {
            owner: EndpointOwner::Platform,
            details: EndpointDetails::default(),
            status: EndpointStatus::Active,
            disabled_reason: None,
            verified: None,
            rate_per_minute_max: None,
            secrets: Vec::new(),
            warned: None,
        }
    }
}

impl WebhookEndpoint {
    /// The secrets that sign at that moment, the newest first.
    pub fn signing_secrets(&self, now: DateTime<Utc>) -> impl Iterator<Item = Uuid> {
        let valid = move |secret: &&SigningSecret| secret.valid_until.is_none_or(|until| now < until);
        self.secrets.iter().filter(valid).map(|secret| secret.secret_id)
    }

    fn enable(&mut self) {
        self.disabled_reason = None;
        self.status = match self.verified {
            Some(false) => EndpointStatus::Unverified,
            _ => EndpointStatus::Active,
        };
    }
}

impl Fold for WebhookEndpoint {
    type Event = WebhookEndpointEvent;
    const KIND: StreamKind = StreamKind::WebhookEndpoint;

    fn apply(&mut self, event: &WebhookEndpointEvent) {
        use WebhookEndpointEvent as E;
        match event {
            E::WebhookEndpointRegistered { owner, details, secret_id, handshake } => {
                self.owner = *owner;
                self.details = details.clone();
                self.secrets = vec![SigningSecret { secret_id: *secret_id, valid_until: None }];
                self.verified = handshake.then_some(false);
                self.enable();
            }
            E::WebhookEndpointRevised { details } => {
                // Another receiver has agreed to nothing yet.
                if self.verified == Some(true) && details.url != self.details.url {
                    self.verified = Some(false);
                    if self.status == EndpointStatus::Active {
                        self.enable();
                    }
                }
                self.details = details.clone();
            }
            E::WebhookSecretRotated { secret_id, former_valid_until } => {
                for former in &mut self.secrets {
                    let until = former
                        .valid_until
                        .map_or(*former_valid_until, |until| until.min(*former_valid_until));
                    former.valid_until = Some(until);
                }
                self.secrets.insert(0, SigningSecret { secret_id: *secret_id, valid_until: None });
            }
            E::WebhookEndpointVerified { rate_per_minute_max } => {
                self.verified = Some(true);
                self.rate_per_minute_max = *rate_per_minute_max;
                if self.status == EndpointStatus::Unverified {
                    self.status = EndpointStatus::Active;
                }
            }
            E::WebhookEndpointDisabled { reason } => {
                self.status = EndpointStatus::Disabled;
                self.disabled_reason = Some(*reason);
            }
            E::WebhookEndpointEnabled {} => self.enable(),
            E::WebhookEndpointDeleted {} => self.status = EndpointStatus::Deleted,
            E::WebhookPingRequested { .. }
            | E::WebhookReplayRequested { .. }
            | E::WebhookDeliveryRetryRequested { .. } => {}
            E::WebhookEndpointFailing { since, warning, .. } => self.warned = Some((*since, *warning)),
        }
    }
}

impl cqrs_es::DomainEvent for WebhookEndpointEvent {
    fn event_type(&self) -> String {
        match self {
            Self::WebhookEndpointRegistered { .. } => "WebhookEndpointRegistered",
            Self::WebhookEndpointRevised { .. } => "WebhookEndpointRevised",
            Self::WebhookSecretRotated { .. } => "WebhookSecretRotated",
            Self::WebhookEndpointVerified { .. } => "WebhookEndpointVerified",
            Self::WebhookEndpointDisabled { .. } => "WebhookEndpointDisabled",
            Self::WebhookEndpointEnabled {} => "WebhookEndpointEnabled",
            Self::WebhookEndpointDeleted {} => "WebhookEndpointDeleted",
            Self::WebhookPingRequested { .. } => "WebhookPingRequested",
            Self::WebhookReplayRequested { .. } => "WebhookReplayRequested",
            Self::WebhookDeliveryRetryRequested { .. } => "WebhookDeliveryRetryRequested",
            Self::WebhookEndpointFailing { .. } => "WebhookEndpointFailing",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered(handshake: bool) -> WebhookEndpoint {
        let mut endpoint = WebhookEndpoint::default();
        endpoint.apply(&WebhookEndpointEvent::WebhookEndpointRegistered {
            owner: EndpointOwner::Platform,
            details: EndpointDetails { url: "https://a.example".to_owned(), ..Default::default() },
            secret_id: Uuid::from_u128(1),
            handshake,
        });
        endpoint
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn a_rotation_lets_the_former_secrets_sign_for_a_while_and_never_longer_than_before() {
        let mut endpoint = registered(false);
        let rotated = |secret, until| WebhookEndpointEvent::WebhookSecretRotated {
            secret_id: Uuid::from_u128(secret),
            former_valid_until: at(until),
        };
        endpoint.apply(&rotated(2, 100));
        endpoint.apply(&rotated(3, 200));
        let signing = |now| endpoint.signing_secrets(at(now)).map(|id| id.as_u128()).collect::<Vec<_>>();
        assert_eq!(signing(99), [3, 2, 1]);
        assert_eq!(signing(100), [3, 2]);
        assert_eq!(signing(200), [3]);
    }

    #[test]
    fn another_url_has_to_agree_anew() {
        let mut endpoint = registered(true);
        assert_eq!(endpoint.status, EndpointStatus::Unverified);
        endpoint.apply(&WebhookEndpointEvent::WebhookEndpointVerified { rate_per_minute_max: None });
        assert_eq!(endpoint.status, EndpointStatus::Active);
        let details = EndpointDetails { url: "https://b.example".to_owned(), ..endpoint.details.clone() };
        endpoint.apply(&WebhookEndpointEvent::WebhookEndpointRevised { details });
        assert_eq!(endpoint.status, EndpointStatus::Unverified);
    }
}
