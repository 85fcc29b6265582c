//! What surrounds an event in the log.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, SubsecRound as _, Utc};
use uuid::Uuid;

use crate::{
    canonical::content_hash,
    values::{AccountId, RestaurantId, Role, SupplierId},
};

/// The kinds of streams; a kind's name in the log never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is documented at its module")]
pub enum StreamKind {
    Account,
    Supplier,
    Restaurant,
    Product,
    Stock,
    Cart,
    Order,
    WebhookEndpoint,
    Invoice,
    Billing,
    TradeRelation,
    ApiKey,
    Inventory,
    Forecast,
    PriceRules,
}

impl StreamKind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::Account,
        Self::Supplier,
        Self::Restaurant,
        Self::Product,
        Self::Stock,
        Self::Cart,
        Self::Order,
        Self::WebhookEndpoint,
        Self::Invoice,
        Self::Billing,
        Self::TradeRelation,
        Self::ApiKey,
        Self::Inventory,
        Self::Forecast,
        Self::PriceRules,
    ];

    /// The kind's name in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Supplier => "supplier",
            Self::Restaurant => "restaurant",
            Self::Product => "product",
            Self::Stock => "stock",
            Self::Cart => "cart",
            Self::Order => "order",
            Self::WebhookEndpoint => "webhook_endpoint",
            Self::Invoice => "invoice",
            Self::Billing => "billing",
            Self::TradeRelation => "trade_relation",
            Self::ApiKey => "api_key",
            Self::Inventory => "inventory",
            Self::Forecast => "forecast",
            Self::PriceRules => "price_rule",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One stream: all events of one aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamRef {
    /// What it is a stream of.
    pub kind: StreamKind,
    /// Which one.
    pub id: Uuid,
}

impl fmt::Display for StreamRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.name(), self.id)
    }
}

/// Who caused an event: an account in a role, or a part of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A logged-in account, in the role that it acted in.
    Account {
        /// Who.
        id: AccountId,
        /// As what.
        role: Role,
    },
    /// A part of the system, by name: `seed`, `operator`.
    System(&'static str),
}

impl fmt::Display for Actor {
    /// `account:<id>:<ROLE>` or `system:<name>`: how it stands in the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account { id, role } => write!(f, "account:{id}:{role}"),
            Self::System(name) => write!(f, "system:{name}"),
        }
    }
}

/// Facts about how an event came to be that no fold needs; sorted by key.
///
/// Keys in use: `api_key_id` (where the actor's account called with one), `causation_id`, `correlation_id`,
/// `request_id`, `traceparent`.
pub type Metadata = BTreeMap<String, String>;

/// An event that is about to be appended.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// UUIDv7, unique.
    pub event_id: Uuid,
    /// The stream that it is added to.
    pub stream: StreamRef,
    /// Its place in that stream, from 1.
    pub sequence: i64,
    /// The event's name, `OrderPlaced`.
    pub event_type: String,
    /// The version of the event's shape, `1`.
    pub event_version: String,
    /// Canonical JSON ([`crate::canonical`]).
    pub payload: String,
    /// Canonical JSON of [`Metadata`].
    pub metadata: String,
    /// When it was decided, to the microsecond.
    pub recorded_at: DateTime<Utc>,
    /// The command that caused it; events of one command share it.
    pub command_id: Uuid,
    /// [`Actor`] as text.
    pub actor: String,
    /// The seller concerned, for routing.
    pub supplier_id: Option<SupplierId>,
    /// The buyer concerned, for routing.
    pub restaurant_id: Option<RestaurantId>,
}

impl NewEvent {
    /// As the log holds it once it is there.
    pub(crate) fn recorded_at_position(&self, global_position: i64) -> RecordedEvent {
        RecordedEvent {
            global_position,
            event_id: self.event_id,
            stream_kind: self.stream.kind.name().to_owned(),
            stream_id: self.stream.id,
            sequence: self.sequence,
            event_type: self.event_type.clone(),
            event_version: self.event_version.clone(),
            payload: self.payload.clone(),
            metadata: self.metadata.clone(),
            recorded_at: self.recorded_at.trunc_subsecs(6),
            command_id: self.command_id,
            actor: self.actor.clone(),
            content_hash: content_hash(self).to_vec(),
        }
    }
}

/// An event as the log holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Its place in the log, from 1, dense and in commit order.
    pub global_position: i64,
    /// UUIDv7, unique.
    pub event_id: Uuid,
    /// Its stream's kind, by name.
    pub stream_kind: String,
    /// Its stream's id.
    pub stream_id: Uuid,
    /// Its place in that stream, from 1.
    pub sequence: i64,
    /// The event's name.
    pub event_type: String,
    /// The version of the event's shape.
    pub event_version: String,
    /// The bytes that were hashed.
    pub payload: String,
    /// [`Metadata`] as JSON.
    pub metadata: String,
    /// When it was decided, to the microsecond.
    pub recorded_at: DateTime<Utc>,
    /// The command that caused it.
    pub command_id: Uuid,
    /// [`Actor`] as text.
    pub actor: String,
    /// SHA-256 over everything but the position ([`crate::canonical::content_hash`]).
    pub content_hash: Vec<u8>,
}
