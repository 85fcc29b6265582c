//! Making a cart of what was suggested.

use std::collections::{BTreeMap, BTreeSet};

use events::{
    cart::{Cart, CartItem, SuggestedLine},
    product::Product,
    resource::CartResource,
    trade_relation::{TradeRelation, relation_id},
    values::{CartId, Currency, FreshIds, LineId, ProductId, Quantity, RestaurantId, SupplierId},
};
use uuid::Uuid;

use super::CartCommand;
use crate::domain::{
    Answer, Command, Concerns, Stop, Unit, access,
    refusal::{Refusal, UnusableLine},
};

/// A new cart of a restaurant with these lines in it, at the prices and rates of that moment: all of them or none. The
/// restaurant's members and ADMIN. Beside what is taken it records what was suggested.
#[derive(Clone, Debug)]
pub struct FillCart {
    /// Its id.
    pub cart_id: CartId,
    /// For whom.
    pub restaurant_id: RestaurantId,
    /// Everything is of this supplier; absent where it may be of several.
    pub supplier_id: Option<SupplierId>,
    /// What comes into it, in this order; 500 at most, each product once.
    pub lines: Vec<FillLine>,
    /// What was suggested at that moment; absent where it is not known here.
    pub suggested: Option<Suggested>,
    /// Ids for its lines.
    pub fresh_ids: FreshIds,
}

/// So much of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FillLine {
    /// What.
    pub product_id: ProductId,
    /// How much.
    pub quantity: Quantity,
}

/// What was suggested, whether or not it is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suggested {
    /// The run of forecasts that it rests on.
    pub forecast_run_id: Option<Uuid>,
    /// Each product once.
    pub lines: Vec<FillLine>,
}

impl Command for FillCart {
    fn operation(&self) -> &'static str {
        "fill_cart"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        for line in &self.lines {
            unit.want::<Product>(line.product_id);
        }
        let currency = access::restaurant_as_member(unit, self.restaurant_id)?.state.currency;
        unit.wanted()?;
        if self.lines.is_empty() {
            return Err(Refusal::NothingSuggested.into());
        }
        self.want_agreements(unit)?;
        let items = self.items(unit, currency)?;
        let fill = CartCommand::Fill {
            restaurant_id: self.restaurant_id,
            currency,
            items,
            forecast_run_id: self.suggested.as_ref().and_then(|suggested| suggested.forecast_run_id),
            lines: self.evidence(),
        };
        // A stream of a fresh id has no events: deciding on it needs no look-up.
        let concerns = Concerns::restaurant(self.restaurant_id);
        let cart = unit.decide_on_fresh::<Cart>(self.cart_id, concerns, fill)?;
        Ok(Answer::created(&CartResource::of(self.cart_id, &cart), cart.revision))
    }
}

impl FillCart {
    /// What was agreed on with each supplier, in one round trip.
    fn want_agreements(&self, unit: &mut Unit<'_>) -> Result<(), Stop> {
        for line in &self.lines {
            let product = unit.get::<Product>(line.product_id)?;
            unit.want::<TradeRelation>(relation_id(product.state.supplier_id, self.restaurant_id));
        }
        unit.wanted()
    }

    /// Every line as it comes into the cart; all that is wrong is told at once.
    fn items(&self, unit: &mut Unit<'_>, currency: Currency) -> Result<Vec<CartItem>, Stop> {
        let mut fresh_ids = self.fresh_ids;
        let (mut items, mut unusable, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (index, line) in self.lines.iter().enumerate() {
            let product = unit.get::<Product>(line.product_id)?;
            let fault = if !seen.insert(line.product_id) {
                Some("duplicate_product")
            } else if !product.exists() {
                Some("product_not_found")
            } else if !product.state.active {
                Some("product_inactive")
            } else if self.supplier_id.is_some_and(|id| id != product.state.supplier_id) {
                Some("other_supplier")
            } else if product.state.currency != currency {
                Some("currency_mismatch")
            } else {
                None
            };
            match fault {
                Some(code) => unusable.push(UnusableLine { index, product_id: line.product_id, code }),
                None => items.push(super::item_of_today(
                    unit,
                    self.restaurant_id,
                    &product.state,
                    (LineId(fresh_ids.take()), line.product_id, line.quantity),
                )?),
            }
        }
        if unusable.is_empty() { Ok(items) } else { Err(Refusal::UnusableLines(unusable).into()) }
    }

    /// What was taken beside what was suggested, then what was suggested and left out.
    fn evidence(&self) -> Vec<SuggestedLine> {
        let known = self.suggested.as_ref();
        let mut left: BTreeMap<ProductId, Quantity> = known
            .iter()
            .flat_map(|known| &known.lines)
            .map(|line| (line.product_id, line.quantity))
            .collect();
        let mut lines: Vec<SuggestedLine> = self
            .lines
            .iter()
            .map(|line| SuggestedLine {
                product_id: line.product_id,
                suggested: known.map(|_| left.remove(&line.product_id).unwrap_or_default()),
                taken: line.quantity,
            })
            .collect();
        let left_out = left.into_iter().map(|(product_id, quantity)| SuggestedLine {
            product_id,
            suggested: Some(quantity),
            taken: Quantity::ZERO,
        });
        lines.extend(left_out);
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(product: u128, units: i64) -> FillLine {
        FillLine { product_id: ProductId(Uuid::from_u128(product)), quantity: Quantity::units(units) }
    }

    fn fill(lines: Vec<FillLine>, suggested: Option<Vec<FillLine>>) -> Vec<(u128, Option<i64>, i64)> {
        let command = FillCart {
            cart_id: CartId::default(),
            restaurant_id: RestaurantId::default(),
            supplier_id: None,
            lines,
            suggested: suggested.map(|lines| Suggested { forecast_run_id: None, lines }),
            fresh_ids: FreshIds::new(Uuid::nil()),
        };
        let evidence = command.evidence().into_iter();
        evidence
            .map(|line| (line.product_id.0.as_u128(), line.suggested.map(|qty| qty.0), line.taken.0))
            .collect()
    }

    #[test]
    fn edits_additions_and_what_was_left_out_are_all_evidence() {
        let taken = vec![line(3, 1), line(1, 5), line(2, 2)];
        assert_eq!(
            fill(taken, Some(vec![line(1, 4), line(2, 2), line(9, 7)])),
            [(3, Some(0), 1000), (1, Some(4000), 5000), (2, Some(2000), 2000), (9, Some(7000), 0)]
        );
    }

    #[test]
    fn what_is_not_known_is_not_taken_for_nothing() {
        assert_eq!(fill(vec![line(1, 5)], None), [(1, None, 5000)]);
    }
}
