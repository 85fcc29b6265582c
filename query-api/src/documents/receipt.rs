//! The receipt of an order: ordered, delivered, received, and what is claimed.

use chrono::{DateTime, Utc};
use events::{
    order::{OrderLine, OrderStatus},
    values::{Currency, LineId, OrderId, ProductId, Quantity, decimal},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{DocumentParty, Trade};

/// What became of an order, line by line.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ReceiptDocument {
    /// The order.
    pub order_id: OrderId,
    /// How far it has come.
    pub status: OrderStatus,
    /// Who sold.
    pub seller: DocumentParty,
    /// Who bought.
    pub buyer: DocumentParty,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
    /// When the supplier marked it delivered.
    pub delivered_at: Option<DateTime<Utc>>,
    /// When the restaurant confirmed what it received.
    pub received_at: Option<DateTime<Utc>>,
    /// The invoice's number in the supplier's series, once delivered.
    pub invoice_number: Option<i64>,
    /// In the order's order.
    pub lines: Vec<ReceiptLine>,
    /// Lines of which less was received than delivered.
    pub claims: usize,
    /// Of all amounts.
    pub currency: Currency,
    /// What was ordered, with VAT.
    pub ordered_total_cents: i64,
    /// What was delivered, with VAT.
    pub delivered_total_cents: Option<i64>,
}

/// One product of an order.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ReceiptLine {
    /// The line.
    pub line_id: LineId,
    /// The product.
    pub product_id: ProductId,
    /// The supplier's number for it.
    pub sku: String,
    /// Its name when it was ordered.
    pub name: String,
    /// UN/ECE code of the unit.
    #[schema(example = "KGM")]
    pub unit: String,
    /// How much was ordered.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "3")]
    pub ordered_qty: Quantity,
    /// How much was delivered.
    #[serde(with = "decimal::option")]
    #[schema(value_type = Option<String>, example = "3")]
    pub delivered_qty: Option<Quantity>,
    /// How much arrived in order.
    #[serde(with = "decimal::option")]
    #[schema(value_type = Option<String>, example = "2.5")]
    pub received_qty: Option<Quantity>,
    /// Present where less was received than delivered.
    pub claim: Option<Claim>,
}

/// What a restaurant says is missing or spoilt.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Claim {
    /// Delivered, but not received in order.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "0.5")]
    pub qty: Quantity,
    /// What was wrong with it.
    pub reason: Option<String>,
}

impl ReceiptDocument {
    /// The receipt of that order, at whatever state it is.
    pub fn of(trade: &Trade) -> Self {
        let order = &trade.order.state;
        let lines: Vec<ReceiptLine> = order.lines.iter().map(ReceiptLine::of).collect();
        let claims = lines.iter().filter(|line| line.claim.is_some()).count();
        Self {
            order_id: trade.order_id,
            status: order.status,
            seller: DocumentParty::seller(order, &trade.supplier.details),
            buyer: DocumentParty::buyer(order, &trade.restaurant.details),
            placed_at: order.placed_at,
            delivered_at: order.delivered_at,
            received_at: order.received_at,
            invoice_number: order.invoice.as_ref().map(|invoice| invoice.number),
            lines,
            claims,
            currency: order.currency,
            ordered_total_cents: order.total_minor,
            delivered_total_cents: order
                .delivered_at
                .map(|_| order.invoice.as_ref().map_or(0, |invoice| invoice.total_minor)),
        }
    }
}

impl ReceiptLine {
    fn of(line: &OrderLine) -> Self {
        let delivered = line.delivered.map(|delivered| delivered.quantity);
        let received = line.received.as_ref().map(|received| received.quantity);
        let missing = delivered.zip(received).map(|(delivered, received)| delivered - received);
        Self {
            line_id: line.ordered.line_id,
            product_id: line.ordered.product_id,
            sku: line.ordered.sku.clone(),
            name: line.ordered.name.clone(),
            unit: line.ordered.unit.clone(),
            ordered_qty: line.ordered.quantity,
            delivered_qty: delivered,
            received_qty: received,
            claim: missing.filter(|missing| missing.is_positive()).map(|qty| Claim {
                qty,
                reason: line.received.as_ref().and_then(|received| received.reason.clone()),
            }),
        }
    }
}
