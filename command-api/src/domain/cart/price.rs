//! What a product costs a restaurant today.

use events::{
    cart::PriceSource,
    product::Product,
    trade_relation::{TradeRelation, relation_id},
    values::{ProductId, RestaurantId},
};

use crate::domain::{Stop, Unit};

/// The price of one unit without VAT, minor units, and where it comes from: what the supplier and the restaurant agreed
/// on for this Swedish day, else the product's own.
///
/// The relation is read, not only looked at: an agreement that another process records meanwhile has this decided again.
pub(super) fn price_for(
    unit: &mut Unit<'_>,
    restaurant_id: RestaurantId,
    product_id: ProductId,
    product: &Product,
) -> Result<(i64, PriceSource), Stop> {
    let relation = unit.get::<TradeRelation>(relation_id(product.supplier_id, restaurant_id))?;
    let agreed = relation.state.contract_price_on(product_id, unit.today());
    Ok(match agreed {
        Some(price) if price.currency == product.currency => (price.unit_price_minor, PriceSource::Contract),
        _ => (product.unit_price_minor, PriceSource::List),
    })
}
