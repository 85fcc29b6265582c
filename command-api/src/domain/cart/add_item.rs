//! Putting a product into a cart, at the price and rate of that moment.

use events::{
    cart::{Cart, CartItem},
    product::Product,
    values::{CartId, LineId, ProductId, Quantity},
};

use super::{CartCommand, answer, cart_as_member};
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
        let add = CartCommand::Add {
            item: CartItem {
                item_id: self.item_id,
                product_id: self.product_id,
                supplier_id: product.state.supplier_id,
                name: product.state.details.name.clone(),
                sku: product.state.details.sku.clone(),
                unit: product.state.details.unit.clone(),
                quantity: self.quantity,
                unit_price_minor: product.state.unit_price_minor,
                tax: product.state.details.tax,
                tax_rate: product.state.details.tax.rate_on(unit.today()),
            },
            currency: product.state.currency,
        };
        let cart = unit.decide::<Cart>(self.cart_id, Concerns::restaurant(cart.state.restaurant_id), add)?;
        Ok(Answer { status: 201, ..answer(self.cart_id, &cart) })
    }
}
