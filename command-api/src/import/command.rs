//! The command of one row: what the file leaves out stays as it is.

use events::{
    log::Claim,
    product::{Product, ProductDetails},
    stock::Stock,
    supplier::Supplier,
    values::{ProductId, SupplierId},
};

use super::row::ProductRow;
use crate::domain::{
    Answer, Command, Stop, Unit,
    product::{LOW_STOCK_DEFAULT, UpsertProduct},
};

/// The supplier's product of that SKU is to be as the row says; its members and ADMIN.
#[derive(Clone, Debug)]
pub struct ImportProduct {
    /// Its id, should it be new.
    pub fresh_product_id: ProductId,
    /// Whose it is.
    pub supplier_id: SupplierId,
    /// The row.
    pub row: ProductRow,
}

impl Command for ImportProduct {
    fn operation(&self) -> &'static str {
        "import_product"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        unit.want::<Supplier>(self.supplier_id);
        let holder = unit.holder(&Claim::sku(self.supplier_id, &self.row.sku))?;
        let id = holder.map_or(self.fresh_product_id, ProductId);
        unit.want::<Product>(id);
        unit.want::<Stock>(id);
        unit.wanted()?;
        let before = unit.get::<Product>(id)?;
        self.over(before.exists().then_some(&before.state)).decide(unit)
    }
}

impl ImportProduct {
    fn over(&self, before: Option<&Product>) -> UpsertProduct {
        let row = self.row.clone();
        let details = before.map(|before| &before.details);
        UpsertProduct {
            fresh_product_id: self.fresh_product_id,
            supplier_id: self.supplier_id,
            details: ProductDetails {
                name: row.name,
                sku: row.sku,
                unit: row.unit,
                gtin: row.gtin.over(details.and_then(|details| details.gtin.clone())),
                description: row.description.over(details.and_then(|details| details.description.clone())),
                tax: row.tax,
                low_stock_at: row
                    .low_stock_at
                    .or(details.map(|details| details.low_stock_at))
                    .unwrap_or(LOW_STOCK_DEFAULT),
                category: row.category.over(details.and_then(|details| details.category.clone())),
                shelf_life_days: row
                    .shelf_life_days
                    .over(details.and_then(|details| details.shelf_life_days)),
                pack: row.pack.over(details.and_then(|details| details.pack)),
            },
            unit_price_minor: row.unit_price_minor,
            active: row.active.unwrap_or(before.is_none_or(|before| before.active)),
            counted: row.counted,
        }
    }
}
