//! One row of an import: a product by its SKU, new or revised.

use events::{
    log::Claim,
    product::{Product, ProductDetails},
    stock::Stock,
    supplier::Supplier,
    values::{ProductId, Quantity, SupplierId},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ProductCommand, claim_sku};
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, stock::StockCommand};

/// The supplier's product of that SKU is to be like this; its members and ADMIN.
#[derive(Clone, Debug)]
pub struct UpsertProduct {
    /// Its id, should it be new.
    pub fresh_product_id: ProductId,
    /// Whose it is.
    pub supplier_id: SupplierId,
    /// What it is; the SKU says which.
    pub details: ProductDetails,
    /// Price of one unit without VAT.
    pub unit_price_minor: i64,
    /// Offered.
    pub active: bool,
    /// What is on the shelf, if the row says.
    pub counted: Option<Quantity>,
}

/// What a row led to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RowOutcome {
    /// The product.
    pub product_id: ProductId,
    /// `created`, `revised` or `unchanged`.
    pub result: &'static str,
}

impl Command for UpsertProduct {
    fn operation(&self) -> &'static str {
        "upsert_product"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let supplier_id = self.supplier_id;
        unit.want::<Supplier>(supplier_id);
        let holder = unit.holder(&Claim::sku(supplier_id, &self.details.sku))?;
        let id = holder.map_or(self.fresh_product_id, ProductId);
        unit.want::<Product>(id);
        unit.want::<Stock>(id);
        unit.wanted()?;
        let currency = access::supplier_as_member(unit, supplier_id)?.state.currency;
        let (product, stock) = (unit.get::<Product>(id)?, unit.get::<Stock>(id)?);
        let before = (product.revision, stock.revision);
        claim_sku(unit, id, supplier_id, &self.details.sku, product.exists().then_some(&*product))?;
        let concerns = Concerns::supplier(supplier_id);
        let (details, unit_price_minor, active) = (self.details.clone(), self.unit_price_minor, self.active);
        if !product.exists() {
            let details = details.clone();
            let create = ProductCommand::Create { supplier_id, details, unit_price_minor, currency };
            unit.decide::<Product>(id, concerns, create)?;
        }
        let unit_price_minor = Some(unit_price_minor);
        let revise = ProductCommand::Revise { details, unit_price_minor, active };
        let product = unit.decide::<Product>(id, concerns, revise)?;
        if let Some(counted) = self.counted {
            let reason = "import".to_owned();
            let low_stock_at = self.details.low_stock_at;
            unit.decide::<Stock>(
                id,
                concerns,
                StockCommand::Count { supplier_id, counted, reason, low_stock_at },
            )?;
        }
        let after = (product.revision, unit.get::<Stock>(id)?.revision);
        let result = match before {
            (0, _) => "created",
            _ if before == after => "unchanged",
            _ => "revised",
        };
        Ok(Answer::ok(&RowOutcome { product_id: id, result }, product.revision))
    }
}
