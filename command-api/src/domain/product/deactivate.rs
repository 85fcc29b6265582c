//! Ceasing to offer a product.

use events::{product::Product, resource::ProductResource, stock::Stock, values::ProductId};

use super::ProductCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access};

/// It is no longer offered; orders that have it go on. Members of its supplier and ADMIN.
#[derive(Clone, Debug)]
pub struct DeactivateProduct {
    /// Which.
    pub product_id: ProductId,
}

impl Command for DeactivateProduct {
    fn operation(&self) -> &'static str {
        "deactivate_product"
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
        let product =
            unit.decide::<Product>(id, Concerns::supplier(supplier_id), ProductCommand::Deactivate)?;
        let stock = unit.get::<Stock>(id)?;
        Ok(Answer::ok(&ProductResource::of(id, &product, &stock.state, unit.today()), product.revision))
    }
}
