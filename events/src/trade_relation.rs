//! What a restaurant and a supplier know of each other: tolerances, confirmed accounts, learned article numbers.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::{Builder, Uuid};

use crate::{
    envelope::StreamKind,
    fold::Fold,
    values::{AccountId, ProductId, RestaurantId, SupplierId},
};

/// How far an invoice may be from the order without a person looking. Zero means zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MatchingTerms {
    /// A price counts as too high only above this, and above the next; hundredths of a per cent.
    pub price_basis_points: i32,
    /// Effect on the line that a price must have to count, in minor units.
    pub price_effect_min_cents: i64,
    /// How much more than was received may be invoiced; hundredths of a per cent.
    pub quantity_basis_points: i32,
    /// How far what is weighed may be from what was ordered, never above what was received; hundredths of a per cent.
    pub catch_weight_basis_points: i32,
    /// Units that are weighed, UN/ECE Recommendation 20.
    pub catch_weight_units: BTreeSet<String>,
    /// The most that roundings of the document may come to, in minor units.
    pub rounding_max_cents: i64,
    /// The most that charges nobody agreed to may come to, in minor units.
    pub unplanned_charge_max_cents: i64,
    /// Whether goods must have been received; without, what was ordered may be invoiced.
    pub requires_receipt: bool,
}

impl Default for MatchingTerms {
    /// 2 % and 5 kr on prices, nothing on quantities, 10 % on weights, 1 kr on roundings.
    fn default() -> Self {
        Self {
            price_basis_points: 200,
            price_effect_min_cents: 500,
            quantity_basis_points: 0,
            catch_weight_basis_points: 1_000,
            catch_weight_units: BTreeSet::from(["KGM".to_owned()]),
            rounding_max_cents: 100,
            unplanned_charge_max_cents: 0,
            requires_receipt: true,
        }
    }
}

/// What happens between a restaurant and a supplier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TradeRelationEvent {
    /// The restaurant says how far its invoices may be from its orders.
    MatchingTermsSet {
        /// Who sells.
        supplier_id: SupplierId,
        /// Who buys.
        restaurant_id: RestaurantId,
        /// All of them, as they now are.
        terms: MatchingTerms,
    },
    /// A person said what an article number of the supplier's stands for.
    ItemAliasLearned {
        /// Who sells.
        supplier_id: SupplierId,
        /// Who buys.
        restaurant_id: RestaurantId,
        /// The number, as invoices have it.
        alias: String,
        /// The product.
        product_id: ProductId,
    },
    /// A person said that money for the supplier may go there.
    PaymentAccountConfirmed {
        /// Who sells.
        supplier_id: SupplierId,
        /// Who buys.
        restaurant_id: RestaurantId,
        /// Bankgiro, plusgiro or IBAN, as invoices have it.
        account: String,
        /// Who said so; absent where a part of the system did.
        confirmed_by: Option<AccountId>,
    },
}

/// What two parties know of each other, as its events leave it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeRelation {
    /// Tolerances.
    pub terms: MatchingTerms,
    /// How often they were set, and one: what they are told apart by.
    pub terms_version: u32,
    /// Article numbers that are not the supplier's own.
    pub aliases: BTreeMap<String, ProductId>,
    /// Accounts that a person has confirmed.
    pub accounts: BTreeSet<String>,
}

/// The stream of a pair: its id follows from the two, so that there can be one only.
pub fn relation_id(supplier_id: SupplierId, restaurant_id: RestaurantId) -> Uuid {
    let hash = Sha256::new().chain_update(supplier_id.0).chain_update(restaurant_id.0).finalize();
    let (bytes, _) = hash.split_first_chunk::<16>().expect("a SHA-256 has 32 bytes");
    Builder::from_custom_bytes(*bytes).into_uuid()
}

impl Fold for TradeRelation {
    type Event = TradeRelationEvent;
    const KIND: StreamKind = StreamKind::TradeRelation;

    fn apply(&mut self, event: &TradeRelationEvent) {
        match event {
            TradeRelationEvent::MatchingTermsSet { terms, .. } => {
                self.terms = terms.clone();
                self.terms_version += 1;
            }
            TradeRelationEvent::ItemAliasLearned { alias, product_id, .. } => {
                self.aliases.insert(alias.clone(), *product_id);
            }
            TradeRelationEvent::PaymentAccountConfirmed { account, .. } => {
                self.accounts.insert(account.clone());
            }
        }
    }
}

impl cqrs_es::DomainEvent for TradeRelationEvent {
    fn event_type(&self) -> String {
        match self {
            Self::MatchingTermsSet { .. } => "MatchingTermsSet",
            Self::ItemAliasLearned { .. } => "ItemAliasLearned",
            Self::PaymentAccountConfirmed { .. } => "PaymentAccountConfirmed",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
