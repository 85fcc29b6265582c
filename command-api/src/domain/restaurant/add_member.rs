//! Adding a member to a restaurant.

use events::{
    account::Account,
    resource::MemberResource,
    restaurant::Restaurant,
    values::{MemberRole, RestaurantId, Role},
};
use uuid::Uuid;

use super::RestaurantCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, members};

/// An account now works for it; an unknown address becomes an invited account. OWNER and ADMIN.
#[derive(Clone, Debug)]
pub struct AddRestaurantMember {
    /// For whom.
    pub restaurant_id: RestaurantId,
    /// Whose address.
    pub email: String,
    /// As what.
    pub role: MemberRole,
    /// The account's id, should it be new.
    pub fresh_account_id: Uuid,
}

impl Command for AddRestaurantMember {
    fn operation(&self) -> &'static str {
        "add_restaurant_member"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.restaurant_id;
        let restaurant = access::restaurant_as_owner(unit, id)?;
        unit.match_revision(restaurant.revision)?;
        let account_id =
            members::account_of_email(unit, &self.email, self.fresh_account_id, Role::Restaurant)?;
        let account = unit.get::<Account>(account_id)?;
        let add = RestaurantCommand::AddMember { account_id, role: self.role };
        unit.decide::<Restaurant>(id, Concerns::restaurant(id), add)?;
        let email = account.state.email.plain.clone();
        Ok(Answer::created_without_revision(&MemberResource { account_id, email, role: self.role }))
    }
}
