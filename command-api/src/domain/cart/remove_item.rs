//! Taking a product out of a cart.

use events::{
    cart::Cart,
    values::{CartId, LineId},
};

use super::{CartCommand, answer, cart_as_member};
use crate::domain::{Answer, Command, Concerns, Stop, Unit};

/// That line goes. Members of the restaurant and ADMIN.
#[derive(Clone, Debug)]
pub struct RemoveCartItem {
    /// From which cart.
    pub cart_id: CartId,
    /// Which line.
    pub item_id: LineId,
}

impl Command for RemoveCartItem {
    fn operation(&self) -> &'static str {
        "remove_cart_item"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let cart = cart_as_member(unit, self.cart_id)?;
        unit.match_revision(cart.revision)?;
        let concerns = Concerns::restaurant(cart.state.restaurant_id);
        let remove = CartCommand::Remove { item_id: self.item_id };
        Ok(answer(self.cart_id, &*unit.decide::<Cart>(self.cart_id, concerns, remove)?))
    }
}
