//! From an inner event to what the outside hears of it.

mod invoice;

use uuid::Uuid;

use super::{
    Audience, PublicData, PublicEvent, catalogue, forecast,
    order::{self, Origin},
    party,
};
use crate::{
    RecordedEvent, StreamKind,
    envelope::Metadata,
    fold::{UnreadableEvent, decode},
    forecast::{Forecast, ForecastEvent},
    order::{Order, OrderEvent},
    product::{Product, ProductDetails, ProductEvent},
    restaurant::{Restaurant, RestaurantEvent},
    stock::{Stock, StockEvent},
    supplier::{Supplier, SupplierEvent},
    values::{Currency, SupplierId, WebhookEndpointId},
    webhook_endpoint::{EndpointOwner, WebhookEndpoint, WebhookEndpointEvent},
};

/// Why an inner event has no public form though its type has.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] UnreadableEvent),
    /// The first event of its stream is needed and is not what it must be.
    #[error("event {position} has no origin")]
    NoOrigin {
        /// Global position.
        position: i64,
    },
}

/// True where [`publish`] needs the first event of the stream beside it.
pub fn needs_origin(event: &RecordedEvent) -> bool {
    let kind = StreamKind::named(&event.stream_kind);
    let leans = match kind {
        Some(StreamKind::Order | StreamKind::Product | StreamKind::WebhookEndpoint) => true,
        Some(StreamKind::Invoice) => invoice::leans(event),
        _ => false,
    };
    leans && event.sequence > 1
}

/// What the outside hears of that event; `None` where it is the house's own affair.
///
/// `origin` is the first event of the same stream where [`needs_origin`] says so.
///
/// # Errors
/// The event or its origin cannot be read.
pub fn publish(
    event: &RecordedEvent,
    origin: Option<&RecordedEvent>,
) -> Result<Option<PublicEvent>, PublishError> {
    let said = match StreamKind::named(&event.stream_kind) {
        Some(StreamKind::Order) => order_said(event, origin)?,
        Some(StreamKind::Product) => product_said(event, origin)?,
        Some(StreamKind::Stock) => stock_said(event)?,
        Some(StreamKind::Restaurant) => restaurant_said(event)?,
        Some(StreamKind::Supplier) => supplier_said(event)?,
        Some(StreamKind::WebhookEndpoint) => endpoint_said(event, origin)?,
        Some(StreamKind::Invoice) => invoice::said(event, origin)?,
        Some(StreamKind::Forecast) => forecast_said(event)?,
        Some(
            StreamKind::Account
            | StreamKind::Cart
            | StreamKind::Billing
            | StreamKind::TradeRelation
            | StreamKind::ApiKey
            | StreamKind::Inventory
            | StreamKind::PriceRules,
        )
        | None => None,
    };
    Ok(said.map(|(data, audience)| PublicEvent {
        event_id: event.event_id,
        position: event.global_position,
        subject: event.stream_id,
        time: event.recorded_at,
        traceparent: traceparent(event),
        audience: Audience { everyone: data.is_for_everyone(), ..audience },
        data,
    }))
}

/// The event that a ping sends: it is about the endpoint, and goes to that endpoint alone.
pub fn ping(event: &RecordedEvent, ping_id: Uuid) -> PublicEvent {
    let webhook_endpoint_id = WebhookEndpointId(event.stream_id);
    PublicEvent {
        event_id: ping_id,
        position: event.global_position,
        subject: event.stream_id,
        time: event.recorded_at,
        traceparent: traceparent(event),
        audience: Audience::default(),
        data: PublicData::WebhookPing(party::WebhookPing { webhook_endpoint_id }),
    }
}

type Said = Option<(PublicData, Audience)>;

fn traceparent(event: &RecordedEvent) -> Option<String> {
    let mut metadata: Metadata = serde_json::from_str(&event.metadata).ok()?;
    metadata.remove("traceparent")
}

fn first<'a>(
    event: &'a RecordedEvent,
    origin: Option<&'a RecordedEvent>,
) -> Result<&'a RecordedEvent, PublishError> {
    let first = if event.sequence == 1 { Some(event) } else { origin };
    // By kind, too: a product and its stock share an id.
    let stream = |of: &RecordedEvent| (of.stream_kind.clone(), of.stream_id);
    let same = |first: &&RecordedEvent| stream(first) == stream(event) && first.sequence == 1;
    first.filter(same).ok_or(PublishError::NoOrigin { position: event.global_position })
}

fn order_said(event: &RecordedEvent, origin: Option<&RecordedEvent>) -> Result<Said, PublishError> {
    let no_origin = || PublishError::NoOrigin { position: event.global_position };
    let order_id = event.stream_id.into();
    let first = decode::<Order>(first(event, origin)?)?;
    let origin = Origin::of(&first).ok_or_else(no_origin)?;
    let (restaurant_id, supplier_id) = (origin.restaurant_id, origin.supplier_id);
    let data = match decode::<Order>(event)? {
        OrderEvent::OrderPlaced {
            checkout_id,
            cart_id,
            lines,
            currency,
            total_minor,
            tax_minor,
            payment_method,
            requested_delivery_date,
            note,
            placed_at,
            ..
        } => PublicData::OrderPlaced(order::OrderPlaced {
            order_id,
            checkout_id,
            cart_id,
            restaurant_id,
            supplier_id,
            lines: lines.iter().map(order::PlacedLine::from).collect(),
            currency,
            total_cents: total_minor,
            tax_cents: tax_minor,
            payment_method,
            requested_delivery_date,
            note,
            placed_at,
        }),
        OrderEvent::OrderConfirmed { confirmed_at } => PublicData::OrderConfirmed(order::OrderConfirmed {
            order_id,
            restaurant_id,
            supplier_id,
            confirmed_at,
        }),
        OrderEvent::OrderRejected { reason, rejected_at } => {
            PublicData::OrderRejected(order::OrderRejected {
                order_id,
                restaurant_id,
                supplier_id,
                reason,
                rejected_at,
            })
        }
        OrderEvent::OrderCancelled { by, reason, cancelled_at } => {
            PublicData::OrderCancelled(order::OrderCancelled {
                order_id,
                restaurant_id,
                supplier_id,
                by,
                reason,
                cancelled_at,
            })
        }
        OrderEvent::DeliveryMarked { lines, delivered_at, invoice } => {
            let lines = lines.iter().map(|line| origin.delivered_line(line).ok_or_else(no_origin));
            PublicData::DeliveryMarked(order::DeliveryMarked {
                order_id,
                restaurant_id,
                supplier_id,
                lines: lines.collect::<Result<_, _>>()?,
                currency: origin.currency,
                invoice: invoice.map(|invoice| order::DeliveryInvoice {
                    number: invoice.number,
                    issued_on: invoice.issued_on,
                    total_cents: invoice.total_minor,
                    tax_cents: invoice.tax_minor,
                }),
                delivered_at,
            })
        }
        OrderEvent::DeliveryConfirmed { lines, received_at } => {
            let received = |line: crate::order::ReceivedLine| order::ReceivedLine {
                line_id: line.line_id,
                received_qty: line.quantity,
                reason: line.reason,
            };
            PublicData::DeliveryConfirmed(order::DeliveryConfirmed {
                order_id,
                restaurant_id,
                supplier_id,
                lines: lines.into_iter().map(received).collect(),
                received_at,
            })
        }
    };
    let audience = Audience {
        supplier_id: Some(supplier_id),
        restaurant_id: Some(restaurant_id),
        ..Audience::default()
    };
    Ok(Some((data, audience)))
}

fn product_said(event: &RecordedEvent, origin: Option<&RecordedEvent>) -> Result<Said, PublishError> {
    let product_id = event.stream_id.into();
    let ProductEvent::ProductCreated { supplier_id, currency, .. } =
        decode::<Product>(first(event, origin)?)?
    else {
        return Err(PublishError::NoOrigin { position: event.global_position });
    };
    let data = match decode::<Product>(event)? {
        ProductEvent::ProductCreated { details, unit_price_minor, .. } => {
            let ProductDetails { name, sku, unit, gtin, .. } = details;
            PublicData::ProductCreated(catalogue::ProductCreated {
                product_id,
                supplier_id,
                name,
                sku,
                unit,
                gtin,
                price_cents: unit_price_minor,
                currency,
            })
        }
        ProductEvent::ProductDetailsRevised { details } => {
            let ProductDetails { name, sku, unit, gtin, .. } = details;
            PublicData::ProductRevised(catalogue::ProductRevised {
                product_id,
                supplier_id,
                name,
                sku,
                unit,
                gtin,
            })
        }
        // Why it changed is the supplier's own affair: stock, orders and forecasts do not leave the house.
        ProductEvent::PriceChanged { previous_minor, unit_price_minor, .. }
        | ProductEvent::PriceChangeUndone { previous_minor, unit_price_minor, .. } => {
            PublicData::PriceChanged(price_changed(
                event,
                supplier_id,
                currency,
                previous_minor,
                unit_price_minor,
            ))
        }
        ProductEvent::ProductDeactivated {} => {
            PublicData::ProductDeactivated(catalogue::ProductDeactivated { product_id, supplier_id })
        }
        ProductEvent::ProductReactivated {} => {
            PublicData::ProductReactivated(catalogue::ProductReactivated { product_id, supplier_id })
        }
    };
    Ok(Some((data, of_supplier(supplier_id))))
}

fn price_changed(
    event: &RecordedEvent,
    supplier_id: SupplierId,
    currency: Currency,
    previous_cents: i64,
    price_cents: i64,
) -> catalogue::PriceChanged {
    let product_id = event.stream_id.into();
    catalogue::PriceChanged { product_id, supplier_id, previous_cents, price_cents, currency }
}

fn stock_said(event: &RecordedEvent) -> Result<Said, PublishError> {
    // By name first: most stock events are the house's own affair, and need not be read for that.
    if event.event_type != "StockFellLow" {
        return Ok(None);
    }
    let StockEvent::StockFellLow { supplier_id, available, low_stock_at } = decode::<Stock>(event)? else {
        return Ok(None);
    };
    let product_id = event.stream_id.into();
    let data = catalogue::StockLow { product_id, supplier_id, available, low_stock_qty: low_stock_at };
    Ok(Some((PublicData::StockLow(data), of_supplier(supplier_id))))
}

fn restaurant_said(event: &RecordedEvent) -> Result<Said, PublishError> {
    let restaurant_id = event.stream_id.into();
    let data = match decode::<Restaurant>(event)? {
        RestaurantEvent::RestaurantApproved { trial_ends_at } => {
            PublicData::RestaurantApproved(party::RestaurantApproved { restaurant_id, trial_ends_at })
        }
        RestaurantEvent::RestaurantSuspended { reason } => {
            PublicData::RestaurantSuspended(party::RestaurantSuspended { restaurant_id, reason })
        }
        RestaurantEvent::RestaurantReinstated {} => {
            PublicData::RestaurantReinstated(party::RestaurantReinstated { restaurant_id })
        }
        RestaurantEvent::TrialEnded { ended_at } => {
            PublicData::TrialEnded(party::TrialEnded { restaurant_id, ended_at })
        }
        // Who works for whom, and what somebody says of itself, is told to nobody.
        _ => return Ok(None),
    };
    Ok(Some((data, Audience { restaurant_id: Some(restaurant_id), ..Audience::default() })))
}

fn supplier_said(event: &RecordedEvent) -> Result<Said, PublishError> {
    let supplier_id = event.stream_id.into();
    let data = match decode::<Supplier>(event)? {
        SupplierEvent::SupplierSuspended { reason } => {
            PublicData::SupplierSuspended(party::SupplierSuspended { supplier_id, reason })
        }
        SupplierEvent::SupplierReinstated {} => {
            PublicData::SupplierReinstated(party::SupplierReinstated { supplier_id })
        }
        _ => return Ok(None),
    };
    Ok(Some((data, of_supplier(supplier_id))))
}

fn endpoint_said(event: &RecordedEvent, origin: Option<&RecordedEvent>) -> Result<Said, PublishError> {
    let webhook_endpoint_id = event.stream_id.into();
    let data = match decode::<WebhookEndpoint>(event)? {
        WebhookEndpointEvent::WebhookEndpointFailing { since, failures, disabled_at, .. } => {
            PublicData::WebhookEndpointFailing(party::WebhookEndpointFailing {
                webhook_endpoint_id,
                since,
                failures,
                disabled_at,
            })
        }
        WebhookEndpointEvent::WebhookEndpointDisabled { reason } => {
            PublicData::WebhookEndpointDisabled(party::WebhookEndpointDisabled {
                webhook_endpoint_id,
                reason,
            })
        }
        // Where somebody listens, and for what, is nobody else's business.
        _ => return Ok(None),
    };
    let first = decode::<WebhookEndpoint>(first(event, origin)?)?;
    let WebhookEndpointEvent::WebhookEndpointRegistered { owner, .. } = first else {
        return Err(PublishError::NoOrigin { position: event.global_position });
    };
    let audience = match owner {
        EndpointOwner::Restaurant(id) => Audience { restaurant_id: Some(id), ..Audience::default() },
        EndpointOwner::Supplier(id) => of_supplier(id),
        EndpointOwner::Partner(id) => Audience { account_id: Some(id), ..Audience::default() },
        EndpointOwner::Platform => Audience::default(),
    };
    Ok(Some((data, audience)))
}

fn forecast_said(event: &RecordedEvent) -> Result<Said, PublishError> {
    // How much of the log it was made from, and by what, is the house's own affair.
    let ForecastEvent::ForecastPublished {
        run_id,
        supplier_id,
        origin_day,
        horizon_days,
        series,
        scores,
        ..
    } = decode::<Forecast>(event)?;
    let data = PublicData::ForecastPublished(forecast::ForecastPublished {
        supplier_id,
        run_id,
        origin_day,
        horizon_days,
        series,
        mase_millionths: scores.mase_millionths,
        coverage_millionths: scores.coverage_millionths,
    });
    Ok(Some((data, of_supplier(supplier_id))))
}

fn of_supplier(supplier_id: SupplierId) -> Audience {
    Audience { supplier_id: Some(supplier_id), ..Audience::default() }
}
