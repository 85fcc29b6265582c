//! Registering a restaurant.

use events::{
    resource::RestaurantResource,
    restaurant::{Restaurant, RestaurantDetails},
    values::{Currency, Personal, RestaurantId},
};

use super::RestaurantCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, refusal::Refusal};

/// A new restaurant; ADMIN only.
#[derive(Clone, Debug)]
pub struct RegisterRestaurant {
    /// Its id.
    pub restaurant_id: RestaurantId,
    /// What it says of itself.
    pub details: RestaurantDetails,
    /// What it buys in.
    pub currency: Currency,
}

impl Command for RegisterRestaurant {
    fn operation(&self) -> &'static str {
        "register_restaurant"
    }

    fn personal(&mut self) -> Vec<&mut Personal> {
        let RestaurantDetails { contact_email, phone, .. } = &mut self.details;
        std::iter::once(contact_email).chain(phone).collect()
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        access::admin(unit)?;
        if unit.get::<Restaurant>(self.restaurant_id)?.exists() {
            return Err(Refusal::InvalidTransition {
                what: "restaurant",
                state: "registered",
                attempted: "register",
            }
            .into());
        }
        let register = RestaurantCommand::Register { details: self.details.clone(), currency: self.currency };
        let restaurant = unit.decide::<Restaurant>(
            self.restaurant_id,
            Concerns::restaurant(self.restaurant_id),
            register,
        )?;
        Ok(Answer::created(&RestaurantResource::of(self.restaurant_id, &restaurant), restaurant.revision))
    }
}
