//! Products: trade items of one supplier.

use serde::{Deserialize, Serialize};

use crate::{
    envelope::StreamKind,
    fold::Fold,
    values::{Currency, Gtin, Quantity, SupplierId, Tax},
};

/// What a product is; revised as a whole. Its price has events of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProductDetails {
    /// What it is called.
    pub name: String,
    /// The supplier's number for it; unique among the supplier's products, inactive ones included.
    pub sku: String,
    /// UN/ECE Recommendation 20 code of the unit that it is sold by: `KGM`, `LTR`, `H87`, `XCT`.
    pub unit: String,
    /// Its barcode number.
    pub gtin: Option<Gtin>,
    /// More about it.
    pub description: Option<String>,
    /// How it is taxed.
    pub tax: Tax,
    /// At or below this much available it counts as low.
    pub low_stock_at: Quantity,
}

/// What happens to a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ProductEvent {
    /// It is offered.
    ProductCreated {
        /// Whose it is.
        supplier_id: SupplierId,
        /// What it is.
        details: ProductDetails,
        /// Price of one unit without VAT, minor units.
        unit_price_minor: i64,
        /// Currency of the price: the supplier's.
        currency: Currency,
    },
    /// It is described otherwise.
    ProductDetailsRevised {
        /// All of it, as it now is.
        details: ProductDetails,
    },
    /// It costs something else. Open carts keep the price that they were promised.
    PriceChanged {
        /// Before, minor units.
        previous_minor: i64,
        /// From now on, minor units.
        unit_price_minor: i64,
    },
    /// It is no longer offered.
    ProductDeactivated {},
    /// It is offered again.
    ProductReactivated {},
}

/// A product as its events leave it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// Whose it is.
    pub supplier_id: SupplierId,
    /// What it is.
    pub details: ProductDetails,
    /// Price of one unit without VAT, minor units.
    pub unit_price_minor: i64,
    /// Currency of the price.
    pub currency: Currency,
    /// Offered.
    pub active: bool,
}

impl Fold for Product {
    type Event = ProductEvent;
    const KIND: StreamKind = StreamKind::Product;

    fn apply(&mut self, event: &ProductEvent) {
        match event {
            ProductEvent::ProductCreated { supplier_id, details, unit_price_minor, currency } => {
                self.supplier_id = *supplier_id;
                self.details = details.clone();
                self.unit_price_minor = *unit_price_minor;
                self.currency = *currency;
                self.active = true;
            }
            ProductEvent::ProductDetailsRevised { details } => self.details = details.clone(),
            ProductEvent::PriceChanged { unit_price_minor, .. } => self.unit_price_minor = *unit_price_minor,
            ProductEvent::ProductDeactivated {} => self.active = false,
            ProductEvent::ProductReactivated {} => self.active = true,
        }
    }
}

impl cqrs_es::DomainEvent for ProductEvent {
    fn event_type(&self) -> String {
        match self {
            Self::ProductCreated { .. } => "ProductCreated",
            Self::ProductDetailsRevised { .. } => "ProductDetailsRevised",
            Self::PriceChanged { .. } => "PriceChanged",
            Self::ProductDeactivated {} => "ProductDeactivated",
            Self::ProductReactivated {} => "ProductReactivated",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
