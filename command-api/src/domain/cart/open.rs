//! Beginning a cart.

use events::{
    cart::Cart,
    resource::CartResource,
    values::{CartId, RestaurantId},
};

use super::CartCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, refusal::Refusal};

/// A new cart of a restaurant, in its currency; its members and ADMIN. A restaurant that may not yet
/// order may fill one.
#[derive(Clone, Debug)]
pub struct OpenCart {
    /// Its id.
    pub cart_id: CartId,
    /// For whom.
    pub restaurant_id: RestaurantId,
}

impl Command for OpenCart {
    fn operation(&self) -> &'static str {
        "open_cart"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let (id, restaurant_id) = (self.cart_id, self.restaurant_id);
        let currency = access::restaurant_as_member(unit, restaurant_id)?.state.currency;
        if unit.get::<Cart>(id)?.exists() {
            return Err(Refusal::InvalidTransition { what: "cart", state: "open", attempted: "open" }.into());
        }
        let open = CartCommand::Open { restaurant_id, currency };
        let cart = unit.decide::<Cart>(id, Concerns::restaurant(restaurant_id), open)?;
        Ok(Answer::created(&CartResource::of(id, &cart), cart.revision))
    }
}
