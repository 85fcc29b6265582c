//! The price for everybody, again.

use events::{
    resource::ContractPriceResource,
    trade_relation::{TradeRelation, relation_id},
    values::ProductId,
};

use super::{Pair, TradeRelationCommand, agree_price::seller_and_product};
use crate::domain::{Answer, Command, Concerns, Stop, Unit};

/// Nothing that was agreed on the product's price holds from now on; carts keep what they were promised. Members of the
/// supplier and ADMIN.
#[derive(Clone, Debug)]
pub struct EndContractPrice {
    /// Between whom.
    pub pair: Pair,
    /// What.
    pub product_id: ProductId,
    /// The restaurant has ordered from the supplier, and so may be known to it; no stream says so.
    pub has_traded: bool,
}

impl Command for EndContractPrice {
    fn operation(&self) -> &'static str {
        "end_contract_price"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let Self { pair, product_id, has_traded } = *self;
        let product = seller_and_product(unit, pair, product_id, has_traded)?;
        let id = relation_id(pair.supplier_id, pair.restaurant_id);
        let revision = unit.get::<TradeRelation>(id)?.revision;
        unit.match_revision(revision)?;
        let end = TradeRelationCommand::EndPrice { pair, product_id };
        let concerns = Concerns::both(pair.supplier_id, pair.restaurant_id);
        let relation = unit.decide::<TradeRelation>(id, concerns, end)?;
        let of = (pair.supplier_id, pair.restaurant_id);
        let resource = ContractPriceResource::of(of, (product_id, &product), &relation, unit.today());
        Ok(Answer::ok(&resource, relation.revision))
    }
}
