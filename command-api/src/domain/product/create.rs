//! Offering a new product.

use events::{
    product::{Product, ProductDetails},
    resource::ProductResource,
    stock::Stock,
    supplier::Supplier,
    values::{ProductId, Quantity, SupplierId},
};

use super::{ProductCommand, claim_sku};
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, refusal::Refusal, stock::StockCommand};

/// A new product of a supplier, priced in the supplier's currency; its members and ADMIN.
#[derive(Clone, Debug)]
pub struct CreateProduct {
    /// Its id.
    pub product_id: ProductId,
    /// Whose it is.
    pub supplier_id: SupplierId,
    /// What it is.
    pub details: ProductDetails,
    /// Price of one unit without VAT.
    pub unit_price_minor: i64,
    /// What there is of it to begin with.
    pub stock: Quantity,
}

impl Command for CreateProduct {
    fn operation(&self) -> &'static str {
        "create_product"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let (id, supplier_id) = (self.product_id, self.supplier_id);
        unit.want::<Supplier>(supplier_id);
        unit.want::<Product>(id);
        unit.want::<Stock>(id);
        unit.wanted()?;
        let currency = access::supplier_as_member(unit, supplier_id)?.state.currency;
        if unit.get::<Product>(id)?.exists() {
            return Err(Refusal::InvalidTransition {
                what: "product",
                state: "offered",
                attempted: "create",
            }
            .into());
        }
        claim_sku(unit, id, supplier_id, &self.details.sku, None)?;
        let concerns = Concerns::supplier(supplier_id);
        let (details, unit_price_minor) = (self.details.clone(), self.unit_price_minor);
        let create = ProductCommand::Create { supplier_id, details, unit_price_minor, currency };
        let product = unit.decide::<Product>(id, concerns, create)?;
        let low_stock_at = self.details.low_stock_at;
        let reason = "initial stock".to_owned();
        let count = StockCommand::Count { supplier_id, counted: self.stock, reason, low_stock_at };
        let stock = unit.decide::<Stock>(id, concerns, count)?;
        let resource = ProductResource::of(id, &product, &stock.state, unit.today());
        Ok(Answer::created(&resource, product.revision))
    }
}
