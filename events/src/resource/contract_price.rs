//! Contract prices as both sides see them.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    fold::Folded,
    product::Product,
    trade_relation::{ContractPrice, TradeRelation},
    values::{Currency, ProductId, RestaurantId, SupplierId},
};

/// What a supplier and a restaurant agreed on the price of a product.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContractPriceResource {
    /// Who sells.
    pub supplier_id: SupplierId,
    /// Who buys.
    pub restaurant_id: RestaurantId,
    /// What.
    pub product_id: ProductId,
    /// Its name.
    pub name: String,
    /// The supplier's number for it.
    pub sku: String,
    /// UN/ECE code of the unit.
    pub unit: String,
    /// What one unit costs everybody else today, without VAT.
    pub list_price_cents: i64,
    /// What one unit costs this restaurant today, without VAT; `null` where nothing that was agreed holds today.
    pub contract_price_cents: Option<i64>,
    /// Of the prices.
    pub currency: Currency,
    /// In the order that it was agreed in: of those that hold on a day, the last one counts.
    pub agreed: Vec<AgreedPriceResource>,
    /// How many events the two have; the `ETag`.
    pub revision: i64,
}

/// A price from a day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgreedPriceResource {
    /// Price of one unit without VAT.
    pub price_cents: i64,
    /// The first day that it holds on.
    pub valid_from: NaiveDate,
    /// The last one; `null` where it holds until further notice.
    pub valid_until: Option<NaiveDate>,
}

impl ContractPriceResource {
    /// What the two agreed on that product, as it is on that Swedish day.
    pub fn of(
        (supplier_id, restaurant_id): (SupplierId, RestaurantId),
        (product_id, product): (ProductId, &Product),
        relation: &Folded<TradeRelation>,
        today: NaiveDate,
    ) -> Self {
        let prices = relation.state.contract_prices.get(&product_id).map_or(&[][..], Vec::as_slice);
        let price_today = relation.state.contract_price_on(product_id, today);
        Self {
            supplier_id,
            restaurant_id,
            product_id,
            name: product.details.name.clone(),
            sku: product.details.sku.clone(),
            unit: product.details.unit.clone(),
            list_price_cents: product.unit_price_minor,
            contract_price_cents: price_today.map(|price| price.unit_price_minor),
            currency: product.currency,
            agreed: prices.iter().map(AgreedPriceResource::from).collect(),
            revision: relation.revision,
        }
    }
}

impl From<&ContractPrice> for AgreedPriceResource {
    fn from(price: &ContractPrice) -> Self {
        Self {
            price_cents: price.unit_price_minor,
            valid_from: price.valid_from,
            valid_until: price.valid_until,
        }
    }
}
