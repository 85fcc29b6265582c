//! Inventories as restaurants see them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    inventory::Counted,
    product::Product,
    values::{ProductId, Quantity, RestaurantId, SupplierId, decimal},
};

/// What was last found of a product on a restaurant's shelves.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InventoryItemResource {
    /// The product.
    pub product_id: ProductId,
    /// Who sells it.
    pub supplier_id: SupplierId,
    /// Its name.
    pub name: String,
    /// The supplier's number for it.
    pub sku: String,
    /// UN/ECE code of the unit.
    pub unit: String,
    /// How much was found.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "2.5")]
    pub qty: Quantity,
    /// When it was so.
    pub counted_at: DateTime<Utc>,
}

impl InventoryItemResource {
    /// What was found of that product.
    pub fn of(product_id: ProductId, product: &Product, counted: Counted) -> Self {
        Self {
            product_id,
            supplier_id: product.supplier_id,
            name: product.details.name.clone(),
            sku: product.details.sku.clone(),
            unit: product.details.unit.clone(),
            qty: counted.quantity,
            counted_at: counted.counted_at,
        }
    }
}

/// A look at a restaurant's shelves.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InventoryCountResource {
    /// Whose shelves.
    pub restaurant_id: RestaurantId,
    /// When it was so.
    pub counted_at: DateTime<Utc>,
    /// What was found, in the order that it was told.
    pub items: Vec<InventoryItemResource>,
    /// How often the restaurant has counted; the `ETag`.
    pub revision: i64,
}
