//! Products and their stock as the outside hears of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{currency_schema, quantity_schema};
use crate::values::{Currency, Gtin, ProductId, Quantity, SupplierId, decimal};

/// A product is offered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductCreated {
    /// The product.
    pub product_id: ProductId,
    /// Who sells it.
    pub supplier_id: SupplierId,
    /// What it is called.
    pub name: String,
    /// The supplier's number for it.
    pub sku: String,
    /// UN/ECE Recommendation 20 code of the unit that it is sold by.
    pub unit: String,
    /// Its barcode number, a GTIN-8, -12, -13 or -14.
    #[schemars(with = "Option<String>", regex(pattern = r"^([0-9]{8}|[0-9]{12,14})$"))]
    pub gtin: Option<Gtin>,
    /// Price of one unit without VAT.
    pub price_cents: i64,
    /// ISO 4217.
    #[schemars(schema_with = "currency_schema")]
    pub currency: Currency,
}

/// A product is described otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductRevised {
    /// The product.
    pub product_id: ProductId,
    /// Who sells it.
    pub supplier_id: SupplierId,
    /// What it is called.
    pub name: String,
    /// The supplier's number for it.
    pub sku: String,
    /// UN/ECE Recommendation 20 code of the unit that it is sold by.
    pub unit: String,
    /// Its barcode number, a GTIN-8, -12, -13 or -14.
    #[schemars(with = "Option<String>", regex(pattern = r"^([0-9]{8}|[0-9]{12,14})$"))]
    pub gtin: Option<Gtin>,
}

/// A product costs something else; open carts keep the price that they were promised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceChanged {
    /// The product.
    pub product_id: ProductId,
    /// Who sells it.
    pub supplier_id: SupplierId,
    /// Price of one unit without VAT before.
    pub previous_cents: i64,
    /// Price of one unit without VAT from now on.
    pub price_cents: i64,
    /// ISO 4217.
    #[schemars(schema_with = "currency_schema")]
    pub currency: Currency,
}

/// A product is no longer offered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductDeactivated {
    /// The product.
    pub product_id: ProductId,
    /// Who sold it.
    pub supplier_id: SupplierId,
}

/// A product is offered again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductReactivated {
    /// The product.
    pub product_id: ProductId,
    /// Who sells it.
    pub supplier_id: SupplierId,
}

/// What is available of a product fell to or below what its supplier counts as low.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StockLow {
    /// The product.
    pub product_id: ProductId,
    /// Who sells it.
    pub supplier_id: SupplierId,
    /// What can still be ordered: a decimal as text.
    #[serde(with = "decimal")]
    #[schemars(schema_with = "quantity_schema")]
    pub available: Quantity,
    /// What counts as low: a decimal as text.
    #[serde(with = "decimal")]
    #[schemars(schema_with = "quantity_schema")]
    pub low_stock_qty: Quantity,
}
