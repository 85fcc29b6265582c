//! What a restaurant and a supplier know of each other.

mod set_terms;

pub use set_terms::SetMatchingTerms;

use events::{
    trade_relation::{MatchingTerms, TradeRelation, TradeRelationEvent},
    values::{AccountId, ProductId, RestaurantId, SupplierId},
};

use super::{Decide, refusal::Refusal};

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
        })
    }
}
