//! The public contract: what leaves the house, and the one mapping from inner events to it.
//!
//! A public type never changes once it is released: fields are neither added nor taken away nor given
//! another meaning; what must change gets a new version beside the old one. `docs/events/` holds the
//! JSON Schema of every type, and `make generated` fails where it differs from these structs;
//! `tests/public_golden/` keeps an event of every type as it goes out.
//!
//! Inner events never leave as they are. [`publish`] is pure: the same event gives the same bytes
//! whenever it is asked, so what was lost outside can be sent again with the same id.
//! No personal data goes out but what the parties of an order wrote to each other, and the accounts
//! that their invoices are to be paid to.

pub mod catalogue;
mod cloud_event;
pub mod forecast;
pub mod invoice;
pub mod order;
pub mod party;
mod publish;
mod read;
mod schema;

use chrono::{DateTime, Utc};
use schemars::{Schema, SchemaGenerator, json_schema};
use uuid::Uuid;

pub use cloud_event::{NotACloudEvent, SOURCE, THIN_FIELD_SUFFIX};
pub use publish::{PublishError, needs_origin, ping, publish};
pub use read::{PUBLIC_KINDS, PublicBatch, publish_feed, read_public};
pub use schema::envelope_schema;

use crate::values::{AccountId, RestaurantId, SupplierId};

/// Who may hear of an event, whoever else it is kept from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Audience {
    /// The seller concerned, its members and its partners.
    pub supplier_id: Option<SupplierId>,
    /// The buyer concerned, its members and its partners.
    pub restaurant_id: Option<RestaurantId>,
    /// The account concerned.
    pub account_id: Option<AccountId>,
    /// Everybody who has an account: offers are public.
    pub everyone: bool,
}

/// An event as the outside hears of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicEvent {
    /// The id of the inner event: the same whenever and wherever it is sent.
    pub event_id: Uuid,
    /// Its place in the log.
    pub position: i64,
    /// The aggregate that it is about.
    pub subject: Uuid,
    /// When it was recorded.
    pub time: DateTime<Utc>,
    /// W3C trace context of the request that caused it.
    pub traceparent: Option<String>,
    /// Who may hear of it.
    pub audience: Audience,
    /// What happened.
    pub data: PublicData,
}

/// What is fixed about a type.
#[derive(Clone, Copy, Debug)]
pub struct PublicType {
    /// Its name on the wire, `iris.order.placed.v1`; never changes.
    pub name: &'static str,
    /// The kind of the aggregate that it is about, as in NATS subjects.
    pub aggregate: &'static str,
    /// What happened to it, as in NATS subjects.
    pub happening: &'static str,
    /// What it says.
    pub description: &'static str,
    /// JSON Schema of its `data`, without `$id`: see [`Self::data_schema`].
    pub schema: fn() -> Schema,
}

macro_rules! public_types {
    ($($variant:ident($data:ty) = $name:literal, $aggregate:literal / $happening:literal, $description:literal;)+) => {
        /// What happened, by type.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(missing_docs, reason = "each is documented at its data")]
        pub enum PublicData {
            $($variant($data),)+
        }

        /// Every type, in the order of the catalogue.
        pub const PUBLIC_TYPES: &[PublicType] = &[$(
            PublicType {
                name: $name,
                aggregate: $aggregate,
                happening: $happening,
                description: $description,
                schema: schema::schema_of::<$data>,
            },
        )+];

        impl PublicData {
            /// Its type.
            pub fn public_type(&self) -> &'static PublicType {
                let name = match self { $(Self::$variant(_) => $name,)+ };
                public_type(name).expect("every variant stands in the table")
            }

            /// As JSON.
            pub fn to_json(&self) -> serde_json::Value {
                match self {
                    $(Self::$variant(data) => serde_json::to_value(data),)+
                }
                .expect("public data is JSON by its types")
            }

            /// From a type's name and JSON; `None` for a type that this version does not know.
            ///
            /// # Errors
            /// The JSON is not what the type says.
            pub fn from_json(name: &str, data: serde_json::Value) -> Result<Option<Self>, serde_json::Error> {
                Ok(match name {
                    $($name => Some(Self::$variant(serde_json::from_value(data)?)),)+
                    _ => None,
                })
            }
        }
    };
}

public_types! {
    OrderPlaced(order::OrderPlaced) = "iris.order.placed.v1", "order" / "placed",
        "A restaurant ordered from a supplier.";
    OrderConfirmed(order::OrderConfirmed) = "iris.order.confirmed.v1", "order" / "confirmed",
        "The supplier will deliver.";
    OrderRejected(order::OrderRejected) = "iris.order.rejected.v1", "order" / "rejected",
        "The supplier will not deliver.";
    OrderCancelled(order::OrderCancelled) = "iris.order.cancelled.v1", "order" / "cancelled",
        "Somebody called an order off before its delivery.";
    DeliveryMarked(order::DeliveryMarked) = "iris.delivery.marked.v1", "order" / "delivery_marked",
        "The supplier says that it delivered.";
    DeliveryConfirmed(order::DeliveryConfirmed) = "iris.delivery.confirmed.v1", "order" / "delivery_confirmed",
        "The restaurant says what it received.";
    InvoiceReceived(invoice::InvoiceReceived) = "iris.invoice.received.v1", "invoice" / "received",
        "Somebody sent an invoice; nothing of it has been read yet.";
    InvoiceHeld(invoice::InvoiceHeld) = "iris.invoice.held.v1", "invoice" / "held",
        "An invoice waits for something, or for somebody.";
    InvoiceMatched(Box<invoice::InvoiceMatched>) = "iris.invoice.matched.v1", "invoice" / "matched",
        "An invoice may be paid: it agrees with what was ordered and received. It says all that booking it needs.";
    InvoiceDisputed(Box<invoice::InvoiceDisputed>) = "iris.invoice.disputed.v1", "invoice" / "disputed",
        "Something is wrong with an invoice, and its seller is asked about it.";
    ProductCreated(catalogue::ProductCreated) = "iris.product.created.v1", "product" / "created",
        "A product is offered.";
    ProductRevised(catalogue::ProductRevised) = "iris.product.revised.v1", "product" / "revised",
        "A product is described otherwise.";
    PriceChanged(catalogue::PriceChanged) = "iris.price.changed.v1", "product" / "price_changed",
        "A product costs something else; open carts keep the price that they were promised.";
    ProductDeactivated(catalogue::ProductDeactivated) = "iris.product.deactivated.v1", "product" / "deactivated",
        "A product is no longer offered.";
    ProductReactivated(catalogue::ProductReactivated) = "iris.product.reactivated.v1", "product" / "reactivated",
        "A product is offered again.";
    StockLow(catalogue::StockLow) = "iris.stock.low.v1", "stock" / "low",
        "What is available of a product fell to or below what its supplier counts as low.";
    RestaurantApproved(party::RestaurantApproved) = "iris.restaurant.approved.v1", "restaurant" / "approved",
        "A restaurant may order; its trial has begun.";
    RestaurantSuspended(party::RestaurantSuspended) = "iris.restaurant.suspended.v1", "restaurant" / "suspended",
        "A restaurant may not order until it is reinstated.";
    RestaurantReinstated(party::RestaurantReinstated) = "iris.restaurant.reinstated.v1", "restaurant" / "reinstated",
        "A restaurant may order again.";
    SupplierSuspended(party::SupplierSuspended) = "iris.supplier.suspended.v1", "supplier" / "suspended",
        "A supplier may not sell until it is reinstated.";
    SupplierReinstated(party::SupplierReinstated) = "iris.supplier.reinstated.v1", "supplier" / "reinstated",
        "A supplier may sell again.";
    WebhookEndpointFailing(party::WebhookEndpointFailing) = "iris.webhook_endpoint.failing.v1", "webhook_endpoint" / "failing",
        "A webhook endpoint has failed for a while.";
    WebhookEndpointDisabled(party::WebhookEndpointDisabled) = "iris.webhook_endpoint.disabled.v1", "webhook_endpoint" / "disabled",
        "Nothing is sent to a webhook endpoint any more.";
    WebhookPing(party::WebhookPing) = "iris.webhook.ping.v1", "webhook_endpoint" / "ping",
        "Somebody asked whether a webhook endpoint answers; sent to that endpoint alone.";
    TrialEnded(party::TrialEnded) = "iris.trial.ended.v1", "restaurant" / "trial_ended",
        "A restaurant's trial is over; nothing is closed to it because of that.";
    ForecastPublished(forecast::ForecastPublished) = "iris.forecast.published.v1", "forecast" / "published",
        "New forecasts of a supplier's demand are there to be read.";
}

/// The type of that name.
pub fn public_type(name: &str) -> Option<&'static PublicType> {
    PUBLIC_TYPES.iter().find(|public_type| public_type.name == name)
}

impl PublicEvent {
    /// Its type.
    pub fn public_type(&self) -> &'static PublicType {
        self.data.public_type()
    }
}

/// Quantities are decimal strings with at most 3 decimals and no trailing zeros, as everywhere towards clients.
fn quantity_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]{0,2}[1-9])?$",
        "examples": ["2.5"],
    })
}

/// Open: trading in one more currency is no new version of a type.
fn currency_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "pattern": "^[A-Z]{3}$"})
}
