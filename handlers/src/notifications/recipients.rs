//! Who hears what: from an event and what is known about it, purely.

use chrono::{DateTime, TimeDelta, Utc};
use events::{
    invoice::InvoiceStatus,
    order::{Order, Party},
    public::{PublicData, PublicEvent, order},
    values::{AccountId, NotificationKind, OrderId},
    webhook_endpoint::DisabledReason,
};
use uuid::Uuid;

/// How long before its end somebody is told of a trial's end.
const TRIAL_WARNING: TimeDelta = TimeDelta::days(2);

/// To whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// Everybody who works for that organisation.
    Members(Uuid),
    /// Those who answer for it.
    Owners(Uuid),
    /// One account.
    Account(AccountId),
}

impl To {
    /// The one for which those people work to whom it is told; `None` for an account's own.
    pub(crate) const fn organisation(self) -> Option<Uuid> {
        match self {
            Self::Members(id) | Self::Owners(id) => Some(id),
            Self::Account(_) => None,
        }
    }
}

/// One kind of thing to be told to some people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Telling {
    pub(crate) kind: NotificationKind,
    pub(crate) to: To,
    /// Only then, and only if it still holds.
    pub(crate) not_before: Option<DateTime<Utc>>,
}

/// What is needed to tell of an event and is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not in its read model")]
pub(crate) struct Missing(pub(crate) &'static str);

/// What that event gives reason to tell, and to whom. `order_of` knows orders as they are now.
///
/// # Errors
/// The order that decides about it is not known.
pub(crate) fn tellings<'a>(
    event: &PublicEvent,
    order_of: impl FnOnce(OrderId) -> Option<&'a Order>,
) -> Result<Vec<Telling>, Missing> {
    use NotificationKind as Kind;
    let told = |kind, to| vec![Telling { kind, to, not_before: None }];
    Ok(match &event.data {
        PublicData::OrderPlaced(placed) => told(Kind::OrderPlaced, To::Members(placed.supplier_id.0)),
        PublicData::OrderConfirmed(confirmed) => {
            told(Kind::OrderConfirmed, To::Members(confirmed.restaurant_id.0))
        }
        PublicData::OrderRejected(rejected) => {
            told(Kind::OrderRejected, To::Members(rejected.restaurant_id.0))
        }
        PublicData::OrderCancelled(cancelled) => cancellation(cancelled),
        PublicData::DeliveryMarked(marked) => {
            let kind = if is_short(marked) { Kind::DeliveryShort } else { Kind::OrderDelivered };
            told(kind, To::Members(marked.restaurant_id.0))
        }
        PublicData::DeliveryConfirmed(confirmed) => {
            let order = order_of(confirmed.order_id).ok_or(Missing("the order"))?;
            if is_claim(confirmed, order) {
                told(Kind::DeliveryClaimed, To::Members(confirmed.supplier_id.0))
            } else {
                Vec::new()
            }
        }
        PublicData::InvoiceHeld(held) if held.status == InvoiceStatus::Extracted => {
            let restaurant = held.restaurant_id.map(|id| To::Members(id.0));
            let to = restaurant.or(event.audience.account_id.map(To::Account));
            to.map(|to| told(Kind::InvoiceHeld, to)).unwrap_or_default()
        }
        PublicData::InvoiceMatched(matched) => {
            told(Kind::InvoiceMatched, To::Members(matched.restaurant_id.0))
        }
        PublicData::InvoiceDisputed(disputed) => {
            let mut both = told(Kind::InvoiceDisputed, To::Members(disputed.supplier_id.0));
            both.extend(told(Kind::InvoiceDisputed, To::Members(disputed.restaurant_id.0)));
            both
        }
        PublicData::StockLow(low) => told(Kind::StockLow, To::Members(low.supplier_id.0)),
        PublicData::RestaurantApproved(approved) => {
            let restaurant = approved.restaurant_id.0;
            let mut all = told(Kind::RestaurantApproved, To::Members(restaurant));
            all.push(Telling {
                kind: Kind::TrialEnding,
                to: To::Owners(restaurant),
                not_before: Some(approved.trial_ends_at - TRIAL_WARNING),
            });
            all
        }
        PublicData::TrialEnded(ended) => told(Kind::TrialEnded, To::Owners(ended.restaurant_id.0)),
        // Whoever switched it off knows.
        PublicData::WebhookEndpointDisabled(disabled) if disabled.reason == DisabledReason::Owner => {
            Vec::new()
        }
        PublicData::WebhookEndpointFailing(_) | PublicData::WebhookEndpointDisabled(_) => {
            endpoint_owners(event)
        }
        // One that waits for the other side's word waits for nobody who could be told.
        PublicData::InvoiceHeld(_)
        | PublicData::InvoiceReceived(_)
        | PublicData::ProductCreated(_)
        | PublicData::ProductRevised(_)
        | PublicData::PriceChanged(_)
        | PublicData::ProductDeactivated(_)
        | PublicData::ProductReactivated(_)
        | PublicData::RestaurantSuspended(_)
        | PublicData::RestaurantReinstated(_)
        | PublicData::SupplierSuspended(_)
        | PublicData::SupplierReinstated(_)
        | PublicData::WebhookPing(_)
        | PublicData::ForecastPublished(_) => Vec::new(),
    })
}

/// What the event is about, as the inbox says it: a kind of resource, and its id.
pub(crate) fn subject(event: &PublicEvent) -> (&'static str, Uuid) {
    let kind = match event.public_type().aggregate {
        // A stock stream has its product's id, and clients know no stock streams.
        "stock" => "product",
        aggregate => aggregate,
    };
    (kind, event.subject)
}

fn cancellation(cancelled: &order::OrderCancelled) -> Vec<Telling> {
    let (restaurant, supplier) = (cancelled.restaurant_id.0, cancelled.supplier_id.0);
    let told = match cancelled.by {
        Party::Restaurant => vec![supplier],
        Party::Supplier => vec![restaurant],
        Party::Admin => vec![restaurant, supplier],
    };
    let kind = NotificationKind::OrderCancelled;
    told.into_iter().map(|id| Telling { kind, to: To::Members(id), not_before: None }).collect()
}

fn is_short(marked: &order::DeliveryMarked) -> bool {
    marked.lines.iter().any(|line| line.delivered_qty < line.qty)
}

fn is_claim(confirmed: &order::DeliveryConfirmed, order: &Order) -> bool {
    confirmed.lines.iter().any(|received| {
        let line = order.lines.iter().find(|line| line.ordered.line_id == received.line_id);
        let delivered = line.and_then(|line| line.delivered);
        delivered.is_some_and(|delivered| received.received_qty < delivered.quantity)
    })
}

/// The platform's own endpoints belong to nobody who could be told: their operator watches metrics.
fn endpoint_owners(event: &PublicEvent) -> Vec<Telling> {
    let audience = event.audience;
    let organisation = audience.supplier_id.map(|id| id.0).or(audience.restaurant_id.map(|id| id.0));
    let to = organisation.map(To::Owners).or(audience.account_id.map(To::Account));
    let kind = NotificationKind::WebhookEndpointFailing;
    to.into_iter().map(|to| Telling { kind, to, not_before: None }).collect()
}

#[cfg(test)]
#[path = "recipients/tests.rs"]
mod tests;
