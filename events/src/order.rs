//! Orders: what a restaurant wants of one supplier, and what became of it.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    envelope::StreamKind,
    fold::Fold,
    restaurant::RestaurantDetails,
    supplier::SupplierDetails,
    values::{
        AccountId, CartId, CheckoutId, Currency, LineId, PostalAddress, ProductId, Quantity, RestaurantId,
        SupplierId, Tax, TaxRate,
    },
};

/// How an order is to be paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum PaymentMethod {
    #[default]
    Invoice,
    Card,
    Cash,
}

/// How far an order has come. A rejected order is cancelled, by the supplier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// The supplier has not answered.
    #[default]
    Placed,
    /// The supplier will deliver.
    Confirmed,
    /// The supplier says it was delivered.
    Delivered,
    /// Nobody will deliver it.
    Cancelled,
}

impl OrderStatus {
    /// As clients see it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Confirmed => "confirmed",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
        }
    }
}

impl std::str::FromStr for OrderStatus {
    type Err = crate::values::UnknownName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Ok(match name {
            "placed" => Self::Placed,
            "confirmed" => Self::Confirmed,
            "delivered" => Self::Delivered,
            "cancelled" => Self::Cancelled,
            _ => return Err(crate::values::UnknownName("placed, confirmed, delivered, cancelled")),
        })
    }
}

/// Who ended an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Party {
    Restaurant,
    Supplier,
    Admin,
}

/// A line as it was ordered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderedLine {
    /// Which line; unique over all orders.
    pub line_id: LineId,
    /// Which product.
    pub product_id: ProductId,
    /// The supplier's number for it.
    pub sku: String,
    /// Its name when it was ordered.
    pub name: String,
    /// UN/ECE code of the unit.
    pub unit: String,
    /// How much was ordered.
    pub quantity: Quantity,
    /// Price of one unit without VAT, minor units.
    pub unit_price_minor: i64,
    /// How it is taxed.
    pub tax: Tax,
    /// The rate expected at delivery; an estimate.
    pub tax_rate: TaxRate,
    /// Price times quantity.
    pub net_minor: i64,
    /// This line's share of its rate group's VAT.
    pub tax_minor: i64,
}

/// A line as it was delivered; what is invoiced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveredLine {
    /// Which line.
    pub line_id: LineId,
    /// How much was delivered; at most what was ordered.
    pub quantity: Quantity,
    /// The rate of the tax point.
    pub tax_rate: TaxRate,
    /// Price times delivered quantity.
    pub net_minor: i64,
    /// This line's share of its rate group's VAT.
    pub tax_minor: i64,
}

/// A line as the restaurant received it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedLine {
    /// Which line.
    pub line_id: LineId,
    /// How much arrived in order; less than delivered is a claim.
    pub quantity: Quantity,
    /// What was wrong with the rest.
    pub reason: Option<String>,
}

/// Seller or buyer as they were on the day of an invoice: what one says of itself later changes none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceParty {
    /// Trading name.
    pub name: String,
    /// Where it is.
    pub address: PostalAddress,
    /// National registration number.
    pub org_number: Option<String>,
    /// VAT registration.
    pub vat_number: Option<String>,
    /// Global location number.
    pub gln: Option<String>,
    /// Bankgiro number that is paid to, 7 or 8 digits; the seller's alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bankgiro: Option<String>,
    /// Plusgiro number that is paid to, 2 to 8 digits; the seller's alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plusgiro: Option<String>,
    /// International account number that is paid to, without spaces; the seller's alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iban: Option<String>,
}

impl From<SupplierDetails> for InvoiceParty {
    fn from(details: SupplierDetails) -> Self {
        let SupplierDetails { name, address, org_number, vat_number, gln, bankgiro, plusgiro, iban, .. } =
            details;
        Self { name, address, org_number, vat_number, gln, bankgiro, plusgiro, iban }
    }
}

impl From<RestaurantDetails> for InvoiceParty {
    fn from(details: RestaurantDetails) -> Self {
        let RestaurantDetails { name, address, org_number, vat_number, gln, .. } = details;
        Self { name, address, org_number, vat_number, gln, ..Self::default() }
    }
}

/// The invoice that a delivery gave rise to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderInvoice {
    /// Its number in the supplier's series, which has no gaps.
    pub number: i64,
    /// The tax point, a Swedish day.
    pub issued_on: NaiveDate,
    /// With VAT, minor units.
    pub total_minor: i64,
    /// VAT, minor units.
    pub tax_minor: i64,
    /// Who sold.
    pub seller: InvoiceParty,
    /// Who bought.
    pub buyer: InvoiceParty,
}

/// What happens to an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OrderEvent {
    /// A restaurant ordered.
    OrderPlaced {
        /// Ties together the orders of one cart.
        checkout_id: CheckoutId,
        /// The cart that it was.
        cart_id: CartId,
        /// Who buys.
        restaurant_id: RestaurantId,
        /// Who sells.
        supplier_id: SupplierId,
        /// At least one; unique by line and by product.
        lines: Vec<OrderedLine>,
        /// Of all amounts.
        currency: Currency,
        /// With VAT, minor units.
        total_minor: i64,
        /// VAT, minor units.
        tax_minor: i64,
        /// How it is to be paid.
        payment_method: PaymentMethod,
        /// When the restaurant would like it.
        requested_delivery_date: Option<NaiveDate>,
        /// The restaurant's word to the supplier.
        note: Option<String>,
        /// Who clicked; absent where a part of the system did.
        placed_by: Option<AccountId>,
        /// When.
        placed_at: DateTime<Utc>,
    },
    /// The supplier will deliver.
    OrderConfirmed {
        /// When.
        confirmed_at: DateTime<Utc>,
    },
    /// The supplier will not deliver.
    OrderRejected {
        /// Why.
        reason: String,
        /// When.
        rejected_at: DateTime<Utc>,
    },
    /// Somebody called it off before delivery.
    OrderCancelled {
        /// Who.
        by: Party,
        /// Why.
        reason: String,
        /// When.
        cancelled_at: DateTime<Utc>,
    },
    /// The supplier says that it was delivered.
    DeliveryMarked {
        /// Every line of the order.
        lines: Vec<DeliveredLine>,
        /// When.
        delivered_at: DateTime<Utc>,
        /// Absent where nothing was delivered: there is nothing to invoice.
        invoice: Option<Box<OrderInvoice>>,
    },
    /// The restaurant says what it received.
    DeliveryConfirmed {
        /// Every line of the order.
        lines: Vec<ReceivedLine>,
        /// When.
        received_at: DateTime<Utc>,
    },
}

/// A line of an order, from ordered to received.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderLine {
    /// As it was ordered.
    pub ordered: OrderedLine,
    /// As it was delivered; set for all lines at once.
    pub delivered: Option<DeliveredLine>,
    /// As it was received; set for all lines at once.
    pub received: Option<ReceivedLine>,
}

/// An order as its events leave it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is documented at the event that sets it")]
pub struct Order {
    pub checkout_id: CheckoutId,
    pub cart_id: CartId,
    pub restaurant_id: RestaurantId,
    pub supplier_id: SupplierId,
    pub status: OrderStatus,
    pub lines: Vec<OrderLine>,
    pub currency: Currency,
    pub total_minor: i64,
    pub tax_minor: i64,
    pub payment_method: PaymentMethod,
    pub requested_delivery_date: Option<NaiveDate>,
    pub note: Option<String>,
    pub placed_by: Option<AccountId>,
    pub placed_at: DateTime<Utc>,
    pub confirmed_at: Option<DateTime<Utc>>,
    pub delivered_at: Option<DateTime<Utc>>,
    pub received_at: Option<DateTime<Utc>>,
    pub cancelled_at: Option<DateTime<Utc>>,
    pub cancelled_by: Option<Party>,
    pub cancel_reason: Option<String>,
    pub invoice: Option<Box<OrderInvoice>>,
}

impl Fold for Order {
    type Event = OrderEvent;
    const KIND: StreamKind = StreamKind::Order;

    fn apply(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::OrderPlaced { .. } => self.apply_placed(event.clone()),
            OrderEvent::OrderConfirmed { confirmed_at } => {
                self.status = OrderStatus::Confirmed;
                self.confirmed_at = Some(*confirmed_at);
            }
            OrderEvent::OrderRejected { reason, rejected_at } => {
                self.end(Party::Supplier, reason, *rejected_at);
            }
            OrderEvent::OrderCancelled { by, reason, cancelled_at } => self.end(*by, reason, *cancelled_at),
            OrderEvent::DeliveryMarked { lines, delivered_at, invoice } => {
                self.status = OrderStatus::Delivered;
                self.delivered_at = Some(*delivered_at);
                self.invoice.clone_from(invoice);
                for delivered in lines {
                    if let Some(line) = self.line_mut(delivered.line_id) {
                        line.delivered = Some(*delivered);
                    }
                }
            }
            OrderEvent::DeliveryConfirmed { lines, received_at } => {
                self.received_at = Some(*received_at);
                for received in lines {
                    if let Some(line) = self.line_mut(received.line_id) {
                        line.received = Some(received.clone());
                    }
                }
            }
        }
    }
}

impl Order {
    fn apply_placed(&mut self, event: OrderEvent) {
        let OrderEvent::OrderPlaced {
            checkout_id,
            cart_id,
            restaurant_id,
            supplier_id,
            lines,
            currency,
            total_minor,
            tax_minor,
            payment_method,
            requested_delivery_date,
            note,
            placed_by,
            placed_at,
        } = event
        else {
            return;
        };
        let lines = lines.into_iter();
        *self = Self {
            checkout_id,
            cart_id,
            restaurant_id,
            supplier_id,
            status: OrderStatus::Placed,
            lines: lines.map(|ordered| OrderLine { ordered, delivered: None, received: None }).collect(),
            currency,
            total_minor,
            tax_minor,
            payment_method,
            requested_delivery_date,
            note,
            placed_by,
            placed_at,
            ..Self::default()
        };
    }

    fn end(&mut self, by: Party, reason: &str, at: DateTime<Utc>) {
        self.status = OrderStatus::Cancelled;
        self.cancelled_at = Some(at);
        self.cancelled_by = Some(by);
        self.cancel_reason = Some(reason.to_owned());
    }

    fn line_mut(&mut self, line_id: LineId) -> Option<&mut OrderLine> {
        self.lines.iter_mut().find(|line| line.ordered.line_id == line_id)
    }
}

impl cqrs_es::DomainEvent for OrderEvent {
    fn event_type(&self) -> String {
        match self {
            Self::OrderPlaced { .. } => "OrderPlaced",
            Self::OrderConfirmed { .. } => "OrderConfirmed",
            Self::OrderRejected { .. } => "OrderRejected",
            Self::OrderCancelled { .. } => "OrderCancelled",
            Self::DeliveryMarked { .. } => "DeliveryMarked",
            Self::DeliveryConfirmed { .. } => "DeliveryConfirmed",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
