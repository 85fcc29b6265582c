//! Describing or pricing a product otherwise.

use events::{
    product::{Product, ProductDetails},
    resource::ProductResource,
    stock::Stock,
    values::{Gtin, ProductId, Quantity, Tax},
};

use super::{ProductCommand, claim_sku};
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, set};

/// What is to be otherwise; the outer `Option` is "leave it", the inner "not stated".
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are ProductDetails'")]
pub struct ProductPatch {
    pub name: Option<String>,
    pub sku: Option<String>,
    pub unit: Option<String>,
    pub gtin: Option<Option<Gtin>>,
    pub description: Option<Option<String>>,
    pub tax: Option<Tax>,
    pub low_stock_at: Option<Quantity>,
    pub category: Option<Option<String>>,
    pub shelf_life_days: Option<Option<u16>>,
    pub pack: Option<Option<Quantity>>,
    pub unit_price_minor: Option<i64>,
    pub active: Option<bool>,
}

/// Some of it changes; members of its supplier and ADMIN.
#[derive(Clone, Debug)]
pub struct ReviseProduct {
    /// Which.
    pub product_id: ProductId,
    /// What changes.
    pub patch: ProductPatch,
}

impl Command for ReviseProduct {
    fn operation(&self) -> &'static str {
        "revise_product"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.product_id;
        unit.want::<Product>(id);
        unit.want::<Stock>(id);
        unit.wanted()?;
        let product = unit.existing::<Product>("product", id)?;
        let supplier_id = product.state.supplier_id;
        access::supplier_as_member(unit, supplier_id)?;
        unit.match_revision(product.revision)?;
        let details = self.patch.applied_to(&product.state.details);
        claim_sku(unit, id, supplier_id, &details.sku, Some(&product))?;
        let revise = ProductCommand::Revise {
            details,
            unit_price_minor: self.patch.unit_price_minor,
            active: self.patch.active.unwrap_or(product.state.active),
        };
        let product = unit.decide::<Product>(id, Concerns::supplier(supplier_id), revise)?;
        let stock = unit.get::<Stock>(id)?;
        Ok(Answer::ok(&ProductResource::of(id, &product, &stock.state, unit.today()), product.revision))
    }
}

impl ProductPatch {
    fn applied_to(&self, details: &ProductDetails) -> ProductDetails {
        let patch = self.clone();
        let mut details = details.clone();
        set(&mut details.name, patch.name);
        set(&mut details.sku, patch.sku);
        set(&mut details.unit, patch.unit);
        set(&mut details.gtin, patch.gtin);
        set(&mut details.description, patch.description);
        set(&mut details.tax, patch.tax);
        set(&mut details.low_stock_at, patch.low_stock_at);
        set(&mut details.category, patch.category);
        set(&mut details.shelf_life_days, patch.shelf_life_days);
        set(&mut details.pack, patch.pack);
        details
    }
}
