//! Products as clients see them: what it is, and how much of it there is.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::per_cent;
use crate::{
    fold::Folded,
    product::Product,
    stock::Stock,
    values::{Currency, Gtin, ProductId, Quantity, SupplierId, TaxCategory, TaxRate, decimal},
};

/// Whether it can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AvailabilityStatus {
    /// More than what counts as low.
    InStock,
    /// Some, but at or below what counts as low.
    LowStock,
    /// None.
    OutOfStock,
    /// No longer offered.
    Discontinued,
}

/// A trade item of one supplier.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProductResource {
    /// The product.
    pub id: ProductId,
    /// Whose it is.
    pub supplier_id: SupplierId,
    /// What it is called.
    pub name: String,
    /// The supplier's number for it.
    pub sku: String,
    /// Its barcode number.
    pub gtin: Option<Gtin>,
    /// More about it.
    pub description: Option<String>,
    /// UN/ECE code of the unit that it is sold by.
    pub unit: String,
    /// Price of one unit without VAT.
    pub price_cents: i64,
    /// Of the price.
    pub currency: Currency,
    /// Per cent, of today.
    #[serde(serialize_with = "per_cent")]
    #[schema(value_type = f64, example = 12)]
    pub tax_rate: TaxRate,
    /// Present where the rate follows the law of the day.
    pub tax_category: Option<TaxCategory>,
    /// Offered.
    pub active: bool,
    /// What can be ordered now.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "120")]
    pub stock_qty: Quantity,
    /// At or below this much it counts as low.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "10")]
    pub low_stock_qty: Quantity,
    /// What kind of goods it is, in the supplier's own word; lower case.
    #[schema(example = "vegetables")]
    pub category: Option<String>,
    /// Days that it keeps from its delivery on.
    pub shelf_life_days: Option<u16>,
    /// What a pack of it holds: suggestions are whole packs.
    #[serde(with = "decimal::option")]
    #[schema(value_type = Option<String>, example = "5")]
    pub pack_qty: Option<Quantity>,
    /// Whether it can be had.
    pub availability_status: AvailabilityStatus,
    /// When it was first offered.
    pub created_at: DateTime<Utc>,
    /// When it, not its stock, last changed.
    pub updated_at: DateTime<Utc>,
    /// How many events it has, its stock's apart; the `ETag`.
    pub revision: i64,
}

impl ProductResource {
    /// The product as clients see it on that Swedish day.
    pub fn of(id: ProductId, folded: &Folded<Product>, stock: &Stock, today: NaiveDate) -> Self {
        let product = &folded.state;
        Self {
            id,
            supplier_id: product.supplier_id,
            name: product.details.name.clone(),
            sku: product.details.sku.clone(),
            gtin: product.details.gtin.clone(),
            description: product.details.description.clone(),
            unit: product.details.unit.clone(),
            price_cents: product.unit_price_minor,
            currency: product.currency,
            tax_rate: product.details.tax.rate_on(today),
            tax_category: product.details.tax.category(),
            active: product.active,
            stock_qty: stock.available(),
            low_stock_qty: product.details.low_stock_at,
            category: product.details.category.clone(),
            shelf_life_days: product.details.shelf_life_days,
            pack_qty: product.details.pack,
            availability_status: availability(product, stock.available()),
            created_at: folded.created_at,
            updated_at: folded.updated_at,
            revision: folded.revision,
        }
    }
}

fn availability(product: &Product, available: Quantity) -> AvailabilityStatus {
    if !product.active {
        AvailabilityStatus::Discontinued
    } else if !available.is_positive() {
        AvailabilityStatus::OutOfStock
    } else if available <= product.details.low_stock_at {
        AvailabilityStatus::LowStock
    } else {
        AvailabilityStatus::InStock
    }
}
