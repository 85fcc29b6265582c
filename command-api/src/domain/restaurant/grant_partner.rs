//! Granting a partner's account what concerns a restaurant.

use events::{
    account::Account,
    resource::PartnerResource,
    restaurant::Restaurant,
    values::{LoginAddress, RestaurantId, Role},
};

use super::RestaurantCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, members};

/// A partner's account may now see and hear of what concerns it; an unknown address becomes an invited
/// account. OWNER and ADMIN.
#[derive(Clone, Debug)]
pub struct GrantRestaurantPartner {
    /// Whose affairs.
    pub restaurant_id: RestaurantId,
    /// Whose address; it is about an account of a fresh id, should it be unknown.
    pub address: LoginAddress,
}

impl Command for GrantRestaurantPartner {
    fn operation(&self) -> &'static str {
        "grant_restaurant_partner"
    }

    fn login_address(&mut self) -> Option<&mut LoginAddress> {
        Some(&mut self.address)
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.restaurant_id;
        let restaurant = access::restaurant_as_owner(unit, id)?;
        unit.match_revision(restaurant.revision)?;
        let account_id = members::account_of_email(unit, &self.address, Role::Partner)?;
        let account = unit.get::<Account>(account_id)?;
        members::is_partner(&account.state)?;
        let grant = RestaurantCommand::GrantPartner { account_id };
        unit.decide::<Restaurant>(id, Concerns::restaurant(id), grant)?;
        let email = (&account.state.email).into();
        Ok(Answer::created_without_revision(&PartnerResource { account_id, email }))
    }
}
