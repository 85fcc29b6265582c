//! What a restaurant and a supplier know of each other.

mod agree_price;
mod end_price;
mod set_terms;
#[cfg(test)]
mod tests;

pub use agree_price::AgreeContractPrice;
pub use end_price::EndContractPrice;
pub use set_terms::SetMatchingTerms;

use chrono::NaiveDate;
use events::{
    trade_relation::{ContractPrice, MatchingTerms, TradeRelation, TradeRelationEvent},
    values::{AccountId, ProductId, RestaurantId, SupplierId},
};

use super::{Decide, refusal::Refusal};

/// Products that a pair can agree on prices of: the whole of what they know of each other is read with every item that is
/// put into a cart.
pub const CONTRACT_PRODUCTS_MAX: usize = 2_000;
/// Prices of one product that can be agreed on ahead.
pub const CONTRACT_PRICES_AHEAD_MAX: usize = 24;

/// Between whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Who sells.
    pub supplier_id: SupplierId,
    /// Who buys.
    pub restaurant_id: RestaurantId,
}

/// What can be asked of a relation.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is documented at the event that it leads to")]
pub enum TradeRelationCommand {
    SetTerms { pair: Pair, terms: MatchingTerms },
    LearnAlias { pair: Pair, alias: String, product_id: ProductId },
    ConfirmAccount { pair: Pair, account: String, confirmed_by: Option<AccountId> },
    AgreePrice { pair: Pair, product_id: ProductId, price: ContractPrice, today: NaiveDate },
    EndPrice { pair: Pair, product_id: ProductId },
}

impl Decide for TradeRelation {
    type Command = TradeRelationCommand;

    fn decide(&self, command: TradeRelationCommand) -> Result<Vec<TradeRelationEvent>, Refusal> {
        use TradeRelationCommand as C;
        Ok(match command {
            C::SetTerms { terms, .. } if terms == self.terms => vec![],
            C::SetTerms { pair: Pair { supplier_id, restaurant_id }, terms } => {
                vec![TradeRelationEvent::MatchingTermsSet { supplier_id, restaurant_id, terms }]
            }
            C::LearnAlias { alias, product_id, .. } if self.aliases.get(&alias) == Some(&product_id) => {
                vec![]
            }
            C::LearnAlias { pair: Pair { supplier_id, restaurant_id }, alias, product_id } => {
                vec![TradeRelationEvent::ItemAliasLearned { supplier_id, restaurant_id, alias, product_id }]
            }
            C::ConfirmAccount { account, .. } if self.accounts.contains(&account) => vec![],
            C::ConfirmAccount { pair: Pair { supplier_id, restaurant_id }, account, confirmed_by } => {
                vec![TradeRelationEvent::PaymentAccountConfirmed {
                    supplier_id,
                    restaurant_id,
                    account,
                    confirmed_by,
                }]
            }
            C::AgreePrice { product_id, price, .. } if self.last_agreed(product_id) == Some(&price) => vec![],
            C::AgreePrice { pair, product_id, price, today } => {
                self.check_room(product_id, &price, today)?;
                vec![agreed(pair, product_id, price, today)]
            }
            C::EndPrice { product_id, .. } if !self.contract_prices.contains_key(&product_id) => {
                return Err(Refusal::not_found("contract price", product_id));
            }
            C::EndPrice { pair: Pair { supplier_id, restaurant_id }, product_id } => {
                vec![TradeRelationEvent::ContractPriceEnded { supplier_id, restaurant_id, product_id }]
            }
        })
    }
}

fn agreed(pair: Pair, product_id: ProductId, price: ContractPrice, today: NaiveDate) -> TradeRelationEvent {
    TradeRelationEvent::ContractPriceAgreed {
        supplier_id: pair.supplier_id,
        restaurant_id: pair.restaurant_id,
        product_id,
        unit_price_minor: price.unit_price_minor,
        currency: price.currency,
        valid_from: price.valid_from,
        valid_until: price.valid_until,
        agreed_on: today,
    }
}

/// What of a relation only decisions ask.
trait Agreements {
    fn last_agreed(&self, product_id: ProductId) -> Option<&ContractPrice>;
    /// # Errors
    /// As many products, or as many prices of this one, as a pair can agree on.
    fn check_room(&self, product_id: ProductId, new: &ContractPrice, today: NaiveDate)
    -> Result<(), Refusal>;
}

impl Agreements for TradeRelation {
    fn last_agreed(&self, product_id: ProductId) -> Option<&ContractPrice> {
        self.contract_prices.get(&product_id)?.last()
    }

    fn check_room(
        &self,
        product_id: ProductId,
        new: &ContractPrice,
        today: NaiveDate,
    ) -> Result<(), Refusal> {
        let is_agreed = |prices: &&Vec<ContractPrice>| prices.iter().any(|price| !price.is_over_by(today));
        let Some(prices) = self.contract_prices.get(&product_id).filter(is_agreed) else {
            if self.contract_prices.values().filter(is_agreed).count() < CONTRACT_PRODUCTS_MAX {
                return Ok(());
            }
            let message =
                format!("the two have agreed on prices of {CONTRACT_PRODUCTS_MAX} products already");
            return Err(Refusal::invalid("product_id", "too_many", message));
        };
        // What the new one replaces leaves room for it.
        let stays = |price: &&ContractPrice| !price.is_over_by(today) && !price.lies_within(new);
        if prices.iter().filter(stays).count() < CONTRACT_PRICES_AHEAD_MAX {
            return Ok(());
        }
        let message = format!("{CONTRACT_PRICES_AHEAD_MAX} prices of the product are agreed on already");
        Err(Refusal::invalid("valid_from", "too_many", message))
    }
}
