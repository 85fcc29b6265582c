//! Orders as the outside hears of them.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{currency_schema, quantity_schema};
use crate::{
    order::{OrderEvent, OrderedLine, Party, PaymentMethod},
    values::{
        CartId, CheckoutId, Currency, LineId, OrderId, ProductId, Quantity, RestaurantId, SupplierId, decimal,
    },
};

/// One product of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacedLine {
    /// The line; unique over all orders.
    pub line_id: LineId,
    /// The product.
    pub product_id: ProductId,
    /// The supplier's number for it.
    pub sku: String,
    /// Its name when it was ordered.
    pub name: String,
    /// UN/ECE Recommendation 20 code of the unit.
    pub unit: String,
    /// How much was ordered: a decimal as text.
    #[serde(with = "decimal")]
    #[schemars(schema_with = "quantity_schema")]
    pub qty: Quantity,
    /// Price of one unit without VAT.
    pub unit_price_cents: i64,
    /// Hundredths of a per cent; an estimate until delivery.
    pub tax_rate_basis_points: i32,
    /// Without VAT.
    pub line_net_cents: i64,
    /// This line's share of the VAT.
    pub line_tax_cents: i64,
}

/// A restaurant ordered from a supplier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderPlaced {
    /// The order.
    pub order_id: OrderId,
    /// Ties together the orders of one cart.
    pub checkout_id: CheckoutId,
    /// The cart that it was.
    pub cart_id: CartId,
    /// Who buys.
    pub restaurant_id: RestaurantId,
    /// Who sells.
    pub supplier_id: SupplierId,
    /// At least one; unique by line and by product.
    #[schemars(length(min = 1))]
    pub lines: Vec<PlacedLine>,
    /// ISO 4217, of all amounts.
    #[schemars(schema_with = "currency_schema")]
    pub currency: Currency,
    /// With VAT.
    pub total_cents: i64,
    /// VAT.
    pub tax_cents: i64,
    /// How it is to be paid.
    pub payment_method: PaymentMethod,
    /// When the restaurant would like it.
    pub requested_delivery_date: Option<NaiveDate>,
    /// The restaurant's word to the supplier.
    pub note: Option<String>,
    /// When.
    pub placed_at: DateTime<Utc>,
}

/// The supplier will deliver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderConfirmed {
    /// The order.
    pub order_id: OrderId,
    /// Who buys.
    pub restaurant_id: RestaurantId,
    /// Who sells.
    pub supplier_id: SupplierId,
    /// When.
    pub confirmed_at: DateTime<Utc>,
}

/// The supplier will not deliver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderRejected {
    /// The order.
    pub order_id: OrderId,
    /// Who buys.
    pub restaurant_id: RestaurantId,
    /// Who sells.
    pub supplier_id: SupplierId,
    /// Why.
    pub reason: String,
    /// When.
    pub rejected_at: DateTime<Utc>,
}

/// Somebody called an order off before its delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderCancelled {
    /// The order.
    pub order_id: OrderId,
    /// Who buys.
    pub restaurant_id: RestaurantId,
    /// Who sells.
    pub supplier_id: SupplierId,
    /// Who called it off.
    pub by: Party,
    /// Why.
    pub reason: String,
    /// When.
    pub cancelled_at: DateTime<Utc>,
}

/// A line as it was delivered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveredLine {
    /// The line.
    pub line_id: LineId,
    /// The product.
    pub product_id: ProductId,
    /// The supplier's number for it when it was ordered.
    pub sku: String,
    /// How much was ordered: a decimal as text.
    #[serde(with = "decimal")]
    #[schemars(schema_with = "quantity_schema")]
    pub qty: Quantity,
    /// How much was delivered, at most what was ordered: a decimal as text.
    #[serde(with = "decimal")]
    #[schemars(schema_with = "quantity_schema")]
    pub delivered_qty: Quantity,
    /// Hundredths of a per cent; the rate of the tax point.
    pub tax_rate_basis_points: i32,
    /// Price times delivered quantity, without VAT.
    pub line_net_cents: i64,
    /// This line's share of the VAT.
    pub line_tax_cents: i64,
}

/// What a delivery is invoiced with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryInvoice {
    /// Its number in the supplier's series.
    pub number: i64,
    /// The tax point, a Swedish day.
    pub issued_on: NaiveDate,
    /// With VAT.
    pub total_cents: i64,
    /// VAT.
    pub tax_cents: i64,
}

/// The supplier says that it delivered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryMarked {
    /// The order.
    pub order_id: OrderId,
    /// Who buys.
    pub restaurant_id: RestaurantId,
    /// Who sells.
    pub supplier_id: SupplierId,
    /// Every line of the order.
    pub lines: Vec<DeliveredLine>,
    /// ISO 4217, of all amounts.
    #[schemars(schema_with = "currency_schema")]
    pub currency: Currency,
    /// Null where nothing was delivered: there is nothing to invoice.
    pub invoice: Option<DeliveryInvoice>,
    /// When.
    pub delivered_at: DateTime<Utc>,
}

/// A line as it was received.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceivedLine {
    /// The line.
    pub line_id: LineId,
    /// How much arrived in order, a decimal as text; less than was delivered is a claim.
    #[serde(with = "decimal")]
    #[schemars(schema_with = "quantity_schema")]
    pub received_qty: Quantity,
    /// What was wrong with the rest.
    pub reason: Option<String>,
}

/// The restaurant says what it received.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryConfirmed {
    /// The order.
    pub order_id: OrderId,
    /// Who buys.
    pub restaurant_id: RestaurantId,
    /// Who sells.
    pub supplier_id: SupplierId,
    /// Every line of the order.
    pub lines: Vec<ReceivedLine>,
    /// When.
    pub received_at: DateTime<Utc>,
}

/// What an order's later events leave to its first one.
pub(super) struct Origin<'a> {
    pub(super) restaurant_id: RestaurantId,
    pub(super) supplier_id: SupplierId,
    pub(super) currency: Currency,
    pub(super) lines: &'a [OrderedLine],
}

impl<'a> Origin<'a> {
    /// `None` unless that is an order's first event.
    pub(super) fn of(event: &'a OrderEvent) -> Option<Self> {
        match event {
            OrderEvent::OrderPlaced { restaurant_id, supplier_id, currency, lines, .. } => Some(Self {
                restaurant_id: *restaurant_id,
                supplier_id: *supplier_id,
                currency: *currency,
                lines,
            }),
            _ => None,
        }
    }

    pub(super) fn delivered_line(&self, line: &crate::order::DeliveredLine) -> Option<DeliveredLine> {
        let ordered = self.lines.iter().find(|ordered| ordered.line_id == line.line_id)?;
        Some(DeliveredLine {
            line_id: line.line_id,
            product_id: ordered.product_id,
            sku: ordered.sku.clone(),
            qty: ordered.quantity,
            delivered_qty: line.quantity,
            tax_rate_basis_points: line.tax_rate.basis_points(),
            line_net_cents: line.net_minor,
            line_tax_cents: line.tax_minor,
        })
    }
}

impl From<&OrderedLine> for PlacedLine {
    fn from(line: &OrderedLine) -> Self {
        Self {
            line_id: line.line_id,
            product_id: line.product_id,
            sku: line.sku.clone(),
            name: line.name.clone(),
            unit: line.unit.clone(),
            qty: line.quantity,
            unit_price_cents: line.unit_price_minor,
            tax_rate_basis_points: line.tax_rate.basis_points(),
            line_net_cents: line.net_minor,
            line_tax_cents: line.tax_minor,
        }
    }
}
