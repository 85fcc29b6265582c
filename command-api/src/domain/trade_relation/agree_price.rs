//! A price for one restaurant.

use chrono::NaiveDate;
use events::{
    product::Product,
    resource::ContractPriceResource,
    restaurant::Restaurant,
    supplier::Supplier,
    trade_relation::{ContractPrice, TradeRelation, relation_id},
    values::ProductId,
};

use super::{Pair, TradeRelationCommand};
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, refusal::Refusal};

/// The supplier's product costs that restaurant so much, for some days. Members of the supplier and ADMIN.
#[derive(Clone, Debug)]
pub struct AgreeContractPrice {
    /// Between whom.
    pub pair: Pair,
    /// What.
    pub product_id: ProductId,
    /// Price of one unit without VAT, minor units.
    pub unit_price_minor: i64,
    /// The first day; in Sweden.
    pub valid_from: NaiveDate,
    /// The last one, if it is known.
    pub valid_until: Option<NaiveDate>,
    /// The restaurant has ordered from the supplier, and so may be known to it; no stream says so.
    pub has_traded: bool,
}

impl Command for AgreeContractPrice {
    fn operation(&self) -> &'static str {
        "agree_contract_price"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let Pair { supplier_id, restaurant_id } = self.pair;
        let product = seller_and_product(unit, self.pair, self.product_id, self.has_traded)?;
        let id = relation_id(supplier_id, restaurant_id);
        let revision = unit.get::<TradeRelation>(id)?.revision;
        unit.match_revision(revision)?;
        self.check_days(unit.today())?;
        let price = ContractPrice {
            unit_price_minor: self.unit_price_minor,
            currency: product.currency,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
        };
        let (pair, product_id, today) = (self.pair, self.product_id, unit.today());
        let agree = TradeRelationCommand::AgreePrice { pair, product_id, price, today };
        let concerns = Concerns::both(supplier_id, restaurant_id);
        let relation = unit.decide::<TradeRelation>(id, concerns, agree)?;
        let of = (supplier_id, restaurant_id);
        let resource = ContractPriceResource::of(of, (product_id, &product), &relation, today);
        Ok(Answer::ok(&resource, relation.revision))
    }
}

impl AgreeContractPrice {
    fn check_days(&self, today: NaiveDate) -> Result<(), Refusal> {
        match self.valid_until {
            Some(last) if last < self.valid_from => Err(Refusal::invalid(
                "valid_until",
                "before_first_day",
                "the last day comes before the first",
            )),
            Some(last) if last < today => {
                Err(Refusal::invalid("valid_until", "in_the_past", "the day has passed"))
            }
            _ => Ok(()),
        }
    }
}

/// The product, for who sells it to a restaurant that it may know of.
///
/// Security: whom a supplier never sold to is not there for it, whatever id it guesses; nor is a product of another's.
pub(super) fn seller_and_product(
    unit: &mut Unit<'_>,
    pair: Pair,
    product_id: ProductId,
    has_traded: bool,
) -> Result<Product, Stop> {
    let Pair { supplier_id, restaurant_id } = pair;
    unit.want::<Supplier>(supplier_id);
    unit.want::<Restaurant>(restaurant_id);
    unit.want::<Product>(product_id);
    unit.want::<TradeRelation>(relation_id(supplier_id, restaurant_id));
    unit.wanted()?;
    access::supplier_as_member(unit, supplier_id)?;
    let restaurant = unit.existing::<Restaurant>("restaurant", restaurant_id)?;
    if !(has_traded || unit.caller().acts_for(&restaurant.state.members)) {
        return Err(Refusal::not_found("restaurant", restaurant_id).into());
    }
    let product = unit.existing::<Product>("product", product_id)?;
    if product.state.supplier_id != supplier_id {
        return Err(Refusal::not_found("product", product_id).into());
    }
    Ok(product.state.clone())
}
