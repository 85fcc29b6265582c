//! What a restaurant and a supplier know of each other: tolerances, confirmed accounts, learned article numbers, and
//! the prices that they agreed on.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::{Builder, Uuid};

use crate::{
    envelope::StreamKind,
    fold::Fold,
    values::{AccountId, Currency, ProductId, RestaurantId, SupplierId},
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

/// A price for one restaurant, from a day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractPrice {
    /// Price of one unit without VAT, minor units.
    pub unit_price_minor: i64,
    /// Currency of the price: the product's.
    pub currency: Currency,
    /// The first day that it holds on; a day in Sweden.
    pub valid_from: NaiveDate,
    /// The last one; without it, until it is ended or another takes its place.
    pub valid_until: Option<NaiveDate>,
}

impl ContractPrice {
    /// True on the days that it was agreed for.
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.valid_from <= day && self.valid_until.is_none_or(|last| day <= last)
    }

    /// True if no day from that one on is one of its days.
    pub fn is_over_by(&self, day: NaiveDate) -> bool {
        self.valid_until.is_some_and(|last| last < day)
    }

    /// True if the other holds on each of its days.
    pub fn lies_within(&self, other: &Self) -> bool {
        let ends_within = match (self.valid_until, other.valid_until) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(last), Some(other_last)) => last <= other_last,
        };
        other.valid_from <= self.valid_from && ends_within
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
    /// The supplier sells a product to the restaurant at a price of its own, for some days. On these it takes the place
    /// of what was agreed before; on all others, that holds still.
    ContractPriceAgreed {
        /// Who sells.
        supplier_id: SupplierId,
        /// Who buys.
        restaurant_id: RestaurantId,
        /// What.
        product_id: ProductId,
        /// Price of one unit without VAT, minor units.
        unit_price_minor: i64,
        /// Currency of the price: the product's.
        currency: Currency,
        /// The first day that it holds on; a day in Sweden.
        valid_from: NaiveDate,
        /// The last one; without it, until it is ended or another takes its place.
        valid_until: Option<NaiveDate>,
        /// The day that it was agreed on: what had ended by then is no longer kept in mind.
        agreed_on: NaiveDate,
    },
    /// Nothing that was agreed on that product's price holds any longer.
    ContractPriceEnded {
        /// Who sells.
        supplier_id: SupplierId,
        /// Who buys.
        restaurant_id: RestaurantId,
        /// What.
        product_id: ProductId,
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
    /// What was agreed on products' prices, in the order that it was agreed in: of those that hold on a day, the last
    /// one counts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub contract_prices: BTreeMap<ProductId, Vec<ContractPrice>>,
}

impl TradeRelation {
    /// What the product costs this restaurant on that Swedish day, where the two agreed on it.
    pub fn contract_price_on(&self, product_id: ProductId, day: NaiveDate) -> Option<&ContractPrice> {
        self.contract_prices.get(&product_id)?.iter().rfind(|price| price.holds_on(day))
    }
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
            TradeRelationEvent::ContractPriceAgreed {
                product_id,
                unit_price_minor,
                currency,
                valid_from,
                valid_until,
                agreed_on,
                ..
            } => {
                let agreed = ContractPrice {
                    unit_price_minor: *unit_price_minor,
                    currency: *currency,
                    valid_from: *valid_from,
                    valid_until: *valid_until,
                };
                let prices = self.contract_prices.entry(*product_id).or_default();
                prices.retain(|price| !price.is_over_by(*agreed_on) && !price.lies_within(&agreed));
                prices.push(agreed);
            }
            TradeRelationEvent::ContractPriceEnded { product_id, .. } => {
                self.contract_prices.remove(product_id);
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
            Self::ContractPriceAgreed { .. } => "ContractPriceAgreed",
            Self::ContractPriceEnded { .. } => "ContractPriceEnded",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
