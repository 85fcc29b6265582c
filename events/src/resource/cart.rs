//! Carts as clients see them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::per_cent;
use crate::{
    cart::{Cart, PriceSource},
    fold::Folded,
    values::{
        CartId, CheckoutId, Currency, LineId, ProductId, Quantity, RestaurantId, SupplierId, TaxRate,
        decimal, line_net_minor, vat_of,
    },
};

/// Whether a cart can still change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CartStatus {
    /// It can.
    Open,
    /// It became orders.
    Converted,
}

/// What a restaurant is about to order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CartResource {
    /// The cart.
    pub id: CartId,
    /// For whom.
    pub restaurant_id: RestaurantId,
    /// Whether it can still change.
    pub status: CartStatus,
    /// In the order they were added.
    pub items: Vec<CartItemResource>,
    /// With VAT.
    pub total_cents: i64,
    /// VAT; an estimate until delivery.
    pub tax_cents: i64,
    /// Of all amounts.
    pub currency: Currency,
    /// Ties the orders together that it became.
    pub checkout_id: Option<CheckoutId>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// How many events it has; the `ETag`.
    pub revision: i64,
}

/// One product of a cart.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CartItemResource {
    /// The line.
    pub id: LineId,
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
    /// How much.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "2.5")]
    pub qty: Quantity,
    /// Price of one unit without VAT, as promised when it was added.
    pub unit_price_cents: i64,
    /// Whether that is the price for everybody, or what the supplier and the restaurant agreed on.
    pub price_source: PriceSource,
    /// Per cent, of the day that it was added.
    #[serde(serialize_with = "per_cent")]
    #[schema(value_type = f64, example = 12)]
    pub tax_rate: TaxRate,
    /// Price times quantity, without VAT.
    pub line_total_cents: i64,
}

impl CartResource {
    /// The cart as clients see it.
    ///
    /// VAT is rounded per supplier and rate, as the orders will be, so that the cart's total is the
    /// sum of theirs.
    pub fn of(id: CartId, folded: &Folded<Cart>) -> Self {
        let cart = &folded.state;
        let (total_cents, tax_cents) = cart.totals_minor();
        Self {
            id,
            restaurant_id: cart.restaurant_id,
            status: if cart.checkout_id.is_some() { CartStatus::Converted } else { CartStatus::Open },
            items: cart
                .items
                .iter()
                .map(|item| CartItemResource {
                    id: item.item_id,
                    product_id: item.product_id,
                    supplier_id: item.supplier_id,
                    name: item.name.clone(),
                    sku: item.sku.clone(),
                    unit: item.unit.clone(),
                    qty: item.quantity,
                    unit_price_cents: item.unit_price_minor,
                    price_source: item.price_source,
                    tax_rate: item.tax_rate,
                    line_total_cents: line_net_minor(item.unit_price_minor, item.quantity),
                })
                .collect(),
            total_cents,
            tax_cents,
            currency: cart.currency,
            checkout_id: cart.checkout_id,
            created_at: folded.created_at,
            updated_at: folded.updated_at,
            revision: folded.revision,
        }
    }
}

impl Cart {
    /// Who sells what is in it; in the order of the first item of each.
    pub fn suppliers(&self) -> Vec<SupplierId> {
        let mut suppliers = Vec::new();
        for item in &self.items {
            if !suppliers.contains(&item.supplier_id) {
                suppliers.push(item.supplier_id);
            }
        }
        suppliers
    }

    /// Total with VAT, and VAT, minor units.
    fn totals_minor(&self) -> (i64, i64) {
        let mut totals = (0, 0);
        for supplier in self.suppliers() {
            let items = self.items.iter().filter(|item| item.supplier_id == supplier);
            let lines: Vec<(i64, TaxRate)> = items
                .map(|item| (line_net_minor(item.unit_price_minor, item.quantity), item.tax_rate))
                .collect();
            let vat = vat_of(&lines);
            totals = (totals.0 + vat.total_minor(), totals.1 + vat.tax_minor());
        }
        totals
    }
}
