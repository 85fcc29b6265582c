//! Resources: how clients see the folds.
//!
//! The write side answers a command with the resource as the command left it, the read side serves
//! the same resource from its tables; both build it here, so they cannot drift apart. Field names are
//! the HTTP contract's.

mod api_key;
mod cart;
mod contract_price;
mod inventory;
mod invoice;
mod notification;
mod order;
mod party;
mod price_rule;
mod product;
mod webhook_endpoint;

pub use api_key::ApiKeyResource;
pub use cart::{CartItemResource, CartResource, CartStatus};
pub use contract_price::{AgreedPriceResource, ContractPriceResource};
pub use inventory::{InventoryCountResource, InventoryItemResource};
pub use invoice::{
    InvoiceDispute, InvoiceMatching, InvoiceNotice, InvoiceResource, InvoiceSummary, MatchingTermsResource,
    ReadingProgress,
};
pub use notification::{
    DeviceResource, KindPreference, NotificationPreferencesResource, NotificationResource,
    NotificationSubject, QuietHoursResource,
};
pub use order::{CheckoutResource, OrderLineResource, OrderResource};
pub use party::{
    AccountResource, DeliveryTermsResource, MemberResource, PartnerResource, RestaurantResource,
    SupplierResource,
};
pub use price_rule::{PriceRuleResource, PriceRulesState};
pub use product::{AvailabilityStatus, ProductResource};
pub use webhook_endpoint::{
    EndpointFilter, EndpointHealth, EndpointHealthState, EndpointOwnerKind, EndpointSecret,
    WebhookEndpointResource, WebhookPingResource, WebhookReplayResource, WebhookRetryResource,
};

use serde::Serializer;

use crate::values::TaxRate;

/// A rate as per cent: a number, whole where it is whole.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's shape")]
fn per_cent<S: Serializer>(rate: &TaxRate, to: S) -> Result<S::Ok, S::Error> {
    let basis_points = rate.basis_points();
    if basis_points % 100 == 0 {
        to.serialize_i32(basis_points / 100)
    } else {
        // For display only: hundredths of a per cent are exact in a double's shortest form.
        to.serialize_f64(f64::from(basis_points) / 100.0)
    }
}
