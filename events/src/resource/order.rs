//! Orders as clients see them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::per_cent;
use crate::{
    fold::Folded,
    order::{Order, OrderLine, OrderStatus, Party, PaymentMethod},
    values::{
        AccountId, CartId, CheckoutId, Currency, LineId, OrderId, ProductId, Quantity, RestaurantId,
        SupplierId, TaxRate, decimal,
    },
};

/// One order to one supplier.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrderResource {
    /// The order.
    pub id: OrderId,
    /// Ties together the orders that one cart became.
    pub checkout_id: CheckoutId,
    /// The cart that it was.
    pub cart_id: CartId,
    /// Who buys.
    pub restaurant_id: RestaurantId,
    /// Who sells.
    pub supplier_id: SupplierId,
    /// How far it has come.
    pub status: OrderStatus,
    /// In the order they were put into the cart.
    pub lines: Vec<OrderLineResource>,
    /// What was ordered, with VAT.
    pub total_cents: i64,
    /// VAT of it; an estimate until delivery.
    pub tax_cents: i64,
    /// Of all amounts.
    pub currency: Currency,
    /// How it is to be paid.
    pub payment_method: PaymentMethod,
    /// When the restaurant would like it.
    pub requested_delivery_date: Option<NaiveDate>,
    /// The restaurant's word to the supplier.
    pub note: Option<String>,
    /// When it was paid.
    pub paid_at: Option<DateTime<Utc>>,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
    /// When the supplier confirmed it.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// When the supplier marked it delivered.
    pub delivered_at: Option<DateTime<Utc>>,
    /// When the restaurant confirmed what it received.
    pub received_at: Option<DateTime<Utc>>,
    /// When it was cancelled or rejected.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// Who cancelled it; `supplier` also for a rejection.
    pub cancelled_by: Option<Party>,
    /// Why it was cancelled.
    pub cancel_reason: Option<String>,
    /// The invoice's number in the supplier's series, once delivered.
    pub invoice_number: Option<i64>,
    /// What was delivered, with VAT.
    pub invoice_total_cents: Option<i64>,
    /// Who placed it.
    pub created_by: Option<AccountId>,
    /// How many events it has; the `ETag`.
    pub revision: i64,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// One product of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrderLineResource {
    /// The line.
    pub line_id: LineId,
    /// The product.
    pub product_id: ProductId,
    /// The supplier's number for it.
    pub sku: String,
    /// Its name when it was ordered.
    pub name: String,
    /// UN/ECE code of the unit.
    pub unit: String,
    /// How much was ordered.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "2.5")]
    pub qty: Quantity,
    /// How much the supplier says it delivered.
    #[serde(with = "decimal::option")]
    #[schema(value_type = Option<String>, example = "2")]
    pub delivered_qty: Option<Quantity>,
    /// How much the restaurant says it received.
    #[serde(with = "decimal::option")]
    #[schema(value_type = Option<String>, example = "2")]
    pub received_qty: Option<Quantity>,
    /// What was wrong with the rest.
    pub claim_reason: Option<String>,
    /// Price of one unit without VAT.
    pub unit_price_cents: i64,
    /// Per cent; the rate of the delivery day once delivered, an estimate before.
    #[serde(serialize_with = "per_cent")]
    #[schema(value_type = f64, example = 12)]
    pub tax_rate: TaxRate,
    /// Of what was ordered, without VAT.
    pub line_net_cents: i64,
    /// Of what was ordered.
    pub line_tax_cents: i64,
}

/// What one cart became where several suppliers were in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CheckoutResource {
    /// Ties the orders together.
    pub checkout_id: CheckoutId,
    /// One per supplier.
    pub orders: Vec<OrderResource>,
}

impl OrderResource {
    /// The order as clients see it.
    pub fn of(id: OrderId, folded: &Folded<Order>) -> Self {
        let order = &folded.state;
        Self {
            id,
            checkout_id: order.checkout_id,
            cart_id: order.cart_id,
            restaurant_id: order.restaurant_id,
            supplier_id: order.supplier_id,
            status: order.status,
            lines: order.lines.iter().map(OrderLineResource::of).collect(),
            total_cents: order.total_minor,
            tax_cents: order.tax_minor,
            currency: order.currency,
            payment_method: order.payment_method,
            requested_delivery_date: order.requested_delivery_date,
            note: order.note.clone(),
            paid_at: None,
            placed_at: order.placed_at,
            confirmed_at: order.confirmed_at,
            delivered_at: order.delivered_at,
            received_at: order.received_at,
            cancelled_at: order.cancelled_at,
            cancelled_by: order.cancelled_by,
            cancel_reason: order.cancel_reason.clone(),
            invoice_number: order.invoice.as_ref().map(|invoice| invoice.number),
            invoice_total_cents: order.invoice.as_ref().map(|invoice| invoice.total_minor),
            created_by: order.placed_by,
            revision: folded.revision,
            updated_at: folded.updated_at,
        }
    }
}

impl OrderLineResource {
    fn of(line: &OrderLine) -> Self {
        let ordered = &line.ordered;
        Self {
            line_id: ordered.line_id,
            product_id: ordered.product_id,
            sku: ordered.sku.clone(),
            name: ordered.name.clone(),
            unit: ordered.unit.clone(),
            qty: ordered.quantity,
            delivered_qty: line.delivered.map(|delivered| delivered.quantity),
            received_qty: line.received.as_ref().map(|received| received.quantity),
            claim_reason: line.received.as_ref().and_then(|received| received.reason.clone()),
            unit_price_cents: ordered.unit_price_minor,
            tax_rate: line.delivered.map_or(ordered.tax_rate, |delivered| delivered.tax_rate),
            line_net_cents: ordered.net_minor,
            line_tax_cents: ordered.tax_minor,
        }
    }
}
