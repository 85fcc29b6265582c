//! Every inner event, by its kept sample: told, or the house's own affair. A new one must be decided here.

use std::{collections::BTreeSet, fs, path::PathBuf};

use events::{RecordedEvent, public::publish};

use crate::samples::id;

/// Told outside, and as what.
const TOLD: [(&str, &str); 26] = [
    ("DeliveryConfirmed", "iris.delivery.confirmed.v1"),
    ("DeliveryMarked", "iris.delivery.marked.v1"),
    ("ForecastPublished", "iris.forecast.published.v1"),
    ("InvoiceDisputed", "iris.invoice.disputed.v1"),
    ("InvoiceHeld", "iris.invoice.held.v1"),
    ("InvoiceMatched", "iris.invoice.matched.v1"),
    ("InvoiceReceived", "iris.invoice.received.v1"),
    ("OrderCancelled", "iris.order.cancelled.v1"),
    ("OrderConfirmed", "iris.order.confirmed.v1"),
    ("OrderPlaced", "iris.order.placed.v1"),
    ("OrderRejected", "iris.order.rejected.v1"),
    ("PriceChangeUndone", "iris.price.changed.v1"),
    ("PriceChanged", "iris.price.changed.v1"),
    ("ProductCreated", "iris.product.created.v1"),
    ("ProductDeactivated", "iris.product.deactivated.v1"),
    ("ProductDetailsRevised", "iris.product.revised.v1"),
    ("ProductReactivated", "iris.product.reactivated.v1"),
    ("RestaurantApproved", "iris.restaurant.approved.v1"),
    ("RestaurantReinstated", "iris.restaurant.reinstated.v1"),
    ("RestaurantSuspended", "iris.restaurant.suspended.v1"),
    ("StockFellLow", "iris.stock.low.v1"),
    ("SupplierReinstated", "iris.supplier.reinstated.v1"),
    ("SupplierSuspended", "iris.supplier.suspended.v1"),
    ("TrialEnded", "iris.trial.ended.v1"),
    ("WebhookEndpointDisabled", "iris.webhook_endpoint.disabled.v1"),
    ("WebhookEndpointFailing", "iris.webhook_endpoint.failing.v1"),
];

/// Accounts, carts, promised stock, how invoices are read and accounted for, tolerances, who works for whom, what one says of oneself, where somebody listens, what machines call with.
const KEPT: [&str; 69] = [
    "AccountDisabled",
    "AccountEnabled",
    "AccountErased",
    "AccountRegistered",
    "AccountRoleChanged",
    "ApiKeyIssued",
    "ApiKeyRevoked",
    "ApiKeyRotated",
    "BillingReleased",
    "CartConverted",
    "CartFilledFromSuggestions",
    "CartItemAdded",
    "CartItemQuantityChanged",
    "CartItemRemoved",
    "CartOpened",
    "ContractPriceAgreed",
    "ContractPriceEnded",
    "InventoryCounted",
    "InvoiceCorrected",
    "InvoiceCredited",
    "InvoiceExtracted",
    "InvoiceRejected",
    "ItemAliasLearned",
    "LoginAddressChanged",
    "LoginConfirmed",
    "LoginEnded",
    "LoginLinked",
    "MatchingTermsSet",
    "NotificationPreferencesSet",
    "OrderBilled",
    "PaymentAccountConfirmed",
    "PriceRuleCreated",
    "PriceRuleEnded",
    "PriceRuleRevised",
    "PriceRulesPaused",
    "PriceRulesResumed",
    "ReceiptAwaited",
    "ReceiptNoLongerAwaited",
    "RestaurantContactErased",
    "RestaurantDetailsRevised",
    "RestaurantMemberAdded",
    "RestaurantMemberRemoved",
    "RestaurantMemberRoleChanged",
    "RestaurantPartnerGranted",
    "RestaurantPartnerRevoked",
    "RestaurantRegistered",
    "StockAdjusted",
    "StockAllocated",
    "StockCounted",
    "StockReleased",
    "StockShipped",
    "SupplierContactErased",
    "SupplierDetailsRevised",
    "SupplierInvoiceNumbered",
    "SupplierMemberAdded",
    "SupplierMemberRemoved",
    "SupplierMemberRoleChanged",
    "SupplierPartnerGranted",
    "SupplierPartnerRevoked",
    "SupplierRegistered",
    "WebhookDeliveryRetryRequested",
    "WebhookEndpointDeleted",
    "WebhookEndpointEnabled",
    "WebhookEndpointRegistered",
    "WebhookEndpointRevised",
    "WebhookEndpointVerified",
    "WebhookPingRequested",
    "WebhookReplayRequested",
    "WebhookSecretRotated",
];

/// What each stream that others lean on begins with.
const ORIGINS: [(&str, &str); 4] = [
    ("invoice", "InvoiceReceived"),
    ("order", "OrderPlaced"),
    ("product", "ProductCreated"),
    ("webhook_endpoint", "WebhookEndpointRegistered"),
];

#[test]
fn every_inner_event_is_told_as_decided_or_not_at_all() {
    let mut kept = BTreeSet::new();
    let mut told = BTreeSet::new();
    for kind in fs::read_dir(golden()).unwrap().flatten() {
        let kind = kind.file_name().into_string().unwrap();
        let origin =
            ORIGINS.iter().find(|(of, _)| *of == kind).map(|(_, first)| recorded(&kind, first, "1", 1));
        for file in fs::read_dir(golden().join(&kind)).unwrap().flatten() {
            let name = file.file_name().into_string().unwrap();
            let (event_type, version) = name.trim_end_matches(".json").rsplit_once('.').unwrap();
            let is_origin = ORIGINS.iter().any(|(_, first)| *first == event_type);
            let event = recorded(&kind, event_type, version, if is_origin { 1 } else { 2 });
            match publish(&event, origin.as_ref()).unwrap() {
                Some(public) => {
                    let name = public.public_type().name;
                    assert!(TOLD.contains(&(event_type, name)), "{event_type} is told as {name}");
                    told.insert(event_type.to_owned());
                }
                None => _ = kept.insert(event_type.to_owned()),
            }
        }
    }
    assert_eq!(told, TOLD.iter().map(|(inner, _)| (*inner).to_owned()).collect());
    assert_eq!(kept, KEPT.iter().map(|inner| (*inner).to_owned()).collect());
}

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn recorded(kind: &str, event_type: &str, version: &str, sequence: i64) -> RecordedEvent {
    let path = golden().join(kind).join(format!("{event_type}.{version}.json"));
    RecordedEvent {
        global_position: sequence,
        event_id: id(1),
        stream_kind: kind.to_owned(),
        stream_id: id(2),
        sequence,
        event_type: event_type.to_owned(),
        event_version: version.to_owned(),
        payload: fs::read_to_string(path).unwrap(),
        metadata: "{}".to_owned(),
        recorded_at: chrono::DateTime::UNIX_EPOCH,
        command_id: id(3),
        actor: "system:test".to_owned(),
        content_hash: vec![0; 32],
    }
}
