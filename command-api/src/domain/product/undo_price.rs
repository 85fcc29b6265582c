//! Taking back what a rule made of a price.

use chrono::TimeDelta;
use events::{product::Product, resource::ProductResource, stock::Stock, values::ProductId};

use super::ProductCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access};

/// So long rules leave alone what the supplier took back from them.
const HELD: TimeDelta = TimeDelta::hours(24);

/// It costs again what it did before a rule last moved it. Members of its supplier and ADMIN.
#[derive(Clone, Debug)]
pub struct UndoPrice {
    /// Which.
    pub product_id: ProductId,
}

impl Command for UndoPrice {
    fn operation(&self) -> &'static str {
        "undo_price"
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
        let undo = ProductCommand::UndoPrice { held_until: unit.now() + HELD };
        let product = unit.decide::<Product>(id, Concerns::supplier(supplier_id), undo)?;
        let stock = unit.get::<Stock>(id)?;
        Ok(Answer::ok(&ProductResource::of(id, &product, &stock.state, unit.today()), product.revision))
    }
}
