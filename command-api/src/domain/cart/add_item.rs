//! Putting a product into a cart, at the price and rate of that moment.

use events::{
    cart::Cart,
    product::Product,
    restaurant::Restaurant,
    trade_relation::{TradeRelation, relation_id},
    values::{CartId, LineId, ProductId, Quantity},
};

use super::{CartCommand, answer, cart_as_member, item_of_today};
use crate::domain::{Answer, Command, Concerns, Stop, Unit, refusal::Refusal};

/// So much of a product; what is in the cart already adds up. Members of the restaurant and ADMIN.
#[derive(Clone, Debug)]
pub struct AddCartItem {
    /// Into which cart.
    pub cart_id: CartId,
    /// The line's id, should it be new.
    pub item_id: LineId,
    /// What.
    pub product_id: ProductId,
    /// How much.
    pub quantity: Quantity,
}

impl Command for AddCartItem {
    fn operation(&self) -> &'static str {
        "add_cart_item"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        unit.want::<Cart>(self.cart_id);
        unit.want::<Product>(self.product_id);
        unit.wanted()?;
        self.want_parties(unit)?;
        let cart = cart_as_member(unit, self.cart_id)?;
        unit.match_revision(cart.revision)?;
        let product = unit.get::<Product>(self.product_id)?;
        if !product.exists() {
            // The body names it, not the path: the cart is there, this value is wrong.
            let message = format!("product {} was not found", self.product_id);
            return Err(Refusal::invalid("product_id", "product_not_found", message).into());
        }
        if !product.state.active {
            return Err(Refusal::ProductInactive(vec![self.product_id]).into());
        }
        let restaurant_id = cart.state.restaurant_id;
        let add = CartCommand::Add {
            item: item_of_today(
                unit,
                restaurant_id,
                &product.state,
                (self.item_id, self.product_id, self.quantity),
            )?,
            currency: product.state.currency,
        };
        let cart = unit.decide::<Cart>(self.cart_id, Concerns::restaurant(restaurant_id), add)?;
        Ok(Answer { status: 201, ..answer(self.cart_id, &cart) })
    }
}

impl AddCartItem {
    /// What is found by what was read first, in one round trip: who may, and what was agreed.
    fn want_parties(&self, unit: &mut Unit<'_>) -> Result<(), Stop> {
        let cart = unit.get::<Cart>(self.cart_id)?;
        let product = unit.get::<Product>(self.product_id)?;
        if cart.exists() && product.exists() {
            let restaurant_id = cart.state.restaurant_id;
            unit.want::<Restaurant>(restaurant_id);
            unit.want::<TradeRelation>(relation_id(product.state.supplier_id, restaurant_id));
        }
        unit.wanted()
    }
}
