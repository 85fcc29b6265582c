//! Adding a member to a restaurant.

use events::{
    account::Account,
    resource::MemberResource,
    restaurant::Restaurant,
    values::{LoginAddress, MemberRole, RestaurantId, Role},
};

use super::RestaurantCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, members};

/// An account now works for it; an unknown address becomes an invited account. OWNER and ADMIN.
#[derive(Clone, Debug)]
pub struct AddRestaurantMember {
    /// For whom.
    pub restaurant_id: RestaurantId,
    /// Whose address; it is about an account of a fresh id, should it be unknown.
    pub address: LoginAddress,
    /// As what.
    pub role: MemberRole,
}

impl Command for AddRestaurantMember {
    fn operation(&self) -> &'static str {
        "add_restaurant_member"
    }

    fn login_address(&mut self) -> Option<&mut LoginAddress> {
        Some(&mut self.address)
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.restaurant_id;
        let restaurant = access::restaurant_as_owner(unit, id)?;
        unit.match_revision(restaurant.revision)?;
        let account_id = members::account_of_email(unit, &self.address, Role::Restaurant)?;
        let account = unit.get::<Account>(account_id)?;
        let add = RestaurantCommand::AddMember { account_id, role: self.role };
        unit.decide::<Restaurant>(id, Concerns::restaurant(id), add)?;
        let email = (&account.state.email).into();
        Ok(Answer::created_without_revision(&MemberResource { account_id, email, role: self.role }))
    }
}
