//! Changing stock beside orders.

use chrono::NaiveDate;
use events::{
    product::Product,
    resource::ProductResource,
    stock::Stock,
    values::{ProductId, Quantity},
};

use super::StockCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, refusal::Refusal};

/// What somebody found or did.
#[derive(Clone, Copy, Debug)]
pub enum StockChange {
    /// So much more, or less.
    By(Quantity),
    /// So much is on the shelf, promised goods included.
    Counted(Quantity),
}

/// Stock of a product changes; members of its supplier and ADMIN.
#[derive(Clone, Debug)]
pub struct AdjustStock {
    /// Of which product.
    pub product_id: ProductId,
    /// How.
    pub change: StockChange,
    /// Why.
    pub reason: String,
    /// The last day that what came can be sold on; only with more.
    pub expires_on: Option<NaiveDate>,
}

impl Command for AdjustStock {
    fn operation(&self) -> &'static str {
        "adjust_stock"
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
        let is_more = matches!(self.change, StockChange::By(change) if change > Quantity::ZERO);
        if self.expires_on.is_some() && !is_more {
            let message = "only with a change above zero: what leaves is what expires first";
            return Err(Refusal::invalid("expires_on", "nothing_came", message).into());
        }
        let (reason, low_stock_at) = (self.reason.clone(), product.state.details.low_stock_at);
        let command = match self.change {
            StockChange::By(change) => {
                let expires_on = self.expires_on;
                StockCommand::Adjust { supplier_id, change, reason, expires_on, low_stock_at }
            }
            StockChange::Counted(counted) => {
                StockCommand::Count { supplier_id, counted, reason, low_stock_at }
            }
        };
        let stock = unit.decide::<Stock>(id, Concerns::supplier(supplier_id), command)?;
        let resource = ProductResource::of(id, &product, &stock.state, unit.today());
        Ok(Answer::ok(&resource, product.revision))
    }
}
