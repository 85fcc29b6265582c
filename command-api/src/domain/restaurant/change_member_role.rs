//! Changing a member's place in a restaurant.

use events::{
    account::Account,
    resource::MemberResource,
    restaurant::Restaurant,
    values::{AccountId, MemberRole, RestaurantId},
};

use super::RestaurantCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access};

/// A member's place changes; at least one OWNER stays. OWNER and ADMIN.
#[derive(Clone, Debug)]
pub struct ChangeRestaurantMemberRole {
    /// In which.
    pub restaurant_id: RestaurantId,
    /// Whose.
    pub account_id: AccountId,
    /// To what.
    pub role: MemberRole,
}

impl Command for ChangeRestaurantMemberRole {
    fn operation(&self) -> &'static str {
        "change_restaurant_member_role"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let (id, account_id) = (self.restaurant_id, self.account_id);
        let restaurant = access::restaurant_as_owner(unit, id)?;
        unit.match_revision(restaurant.revision)?;
        let account = unit.get::<Account>(account_id)?;
        let change = RestaurantCommand::ChangeMemberRole { account_id, role: self.role };
        let restaurant = unit.decide::<Restaurant>(id, Concerns::restaurant(id), change)?;
        let email = (&account.state.email).into();
        Ok(Answer::ok(&MemberResource { account_id, email, role: self.role }, restaurant.revision))
    }
}
