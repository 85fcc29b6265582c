//! How far invoices may be from orders without a person looking.

use events::{
    resource::MatchingTermsResource,
    trade_relation::{MatchingTerms, TradeRelation, relation_id},
    values::{RestaurantId, SupplierId},
};

use super::{Pair, TradeRelationCommand};
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, refusal::InvalidValue, refusal::Refusal};

/// Beyond this a tolerance is no tolerance.
const BASIS_POINTS_MAX: i32 = 10_000;

/// Sets all tolerances for a supplier's invoices. Owners of the restaurant and ADMIN: it is their money.
#[derive(Clone, Debug)]
pub struct SetMatchingTerms {
    /// Who buys.
    pub restaurant_id: RestaurantId,
    /// Who sells.
    pub supplier_id: SupplierId,
    /// All of them.
    pub terms: MatchingTerms,
}

impl Command for SetMatchingTerms {
    fn operation(&self) -> &'static str {
        "set_matching_terms"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let Self { restaurant_id, supplier_id, terms } = self;
        access::restaurant_as_owner(unit, *restaurant_id)?;
        unit.existing::<events::supplier::Supplier>("supplier", *supplier_id)?;
        let id = relation_id(*supplier_id, *restaurant_id);
        let revision = unit.get::<TradeRelation>(id)?.revision;
        unit.match_revision(revision)?;
        self.check()?;
        let pair = Pair { supplier_id: *supplier_id, restaurant_id: *restaurant_id };
        let set = TradeRelationCommand::SetTerms { pair, terms: terms.clone() };
        let relation = unit.decide::<TradeRelation>(id, Concerns::both(*supplier_id, *restaurant_id), set)?;
        let resource = MatchingTermsResource::of(*restaurant_id, *supplier_id, &relation);
        Ok(Answer::ok(&resource, relation.revision))
    }
}

impl SetMatchingTerms {
    /// # Errors
    /// All faults at once.
    fn check(&self) -> Result<(), Refusal> {
        let terms = &self.terms;
        let rates = [
            ("price_basis_points", terms.price_basis_points),
            ("quantity_basis_points", terms.quantity_basis_points),
            ("catch_weight_basis_points", terms.catch_weight_basis_points),
        ];
        let amounts = [
            ("price_effect_min_cents", terms.price_effect_min_cents),
            ("rounding_max_cents", terms.rounding_max_cents),
            ("unplanned_charge_max_cents", terms.unplanned_charge_max_cents),
        ];
        let mut faults = Vec::new();
        let mut refuse = |field: &str, message: String| {
            faults.push(InvalidValue { field: field.to_owned(), code: "out_of_range", message });
        };
        for (field, _) in rates.iter().filter(|(_, rate)| !(0..=BASIS_POINTS_MAX).contains(rate)) {
            refuse(field, format!("must be between 0 and {BASIS_POINTS_MAX}"));
        }
        for (field, _) in amounts.iter().filter(|(_, amount)| *amount < 0) {
            refuse(field, "must not be below zero".to_owned());
        }
        let is_code =
            |unit: &String| (2..=3).contains(&unit.len()) && unit.chars().all(char::is_alphanumeric);
        if !terms.catch_weight_units.iter().all(is_code) {
            refuse("catch_weight_units", "must be UN/ECE codes such as KGM".to_owned());
        }
        if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
    }
}
