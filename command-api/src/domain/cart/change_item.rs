//! More or less of what is in a cart.

use events::{
    cart::Cart,
    product::Product,
    values::{CartId, LineId, Quantity},
};

use super::{CartCommand, answer, cart_as_member, existing, price::price_for};
use crate::domain::{Answer, Command, Concerns, Stop, Unit};

/// So much of that line in all, at what the product costs the restaurant now: the way to accept a changed price.
/// Members of the restaurant and ADMIN.
#[derive(Clone, Debug)]
pub struct ChangeCartItem {
    /// In which cart.
    pub cart_id: CartId,
    /// Which line.
    pub item_id: LineId,
    /// How much in all.
    pub quantity: Quantity,
}

impl Command for ChangeCartItem {
    fn operation(&self) -> &'static str {
        "change_cart_item"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let cart = cart_as_member(unit, self.cart_id)?;
        unit.match_revision(cart.revision)?;
        let product_id = existing(&cart.state, self.item_id)?.product_id;
        let product = unit.get::<Product>(product_id)?;
        let restaurant_id = cart.state.restaurant_id;
        let (unit_price_minor, price_source) = price_for(unit, restaurant_id, product_id, &product.state)?;
        let change = CartCommand::ChangeQuantity {
            item_id: self.item_id,
            quantity: self.quantity,
            unit_price_minor,
            price_source,
            tax_rate: product.state.details.tax.rate_on(unit.today()),
        };
        let concerns = Concerns::restaurant(restaurant_id);
        Ok(answer(self.cart_id, &*unit.decide::<Cart>(self.cart_id, concerns, change)?))
    }
}
