//! Removing a member from a restaurant.

use events::{
    account::Account,
    resource::MemberResource,
    restaurant::Restaurant,
    values::{AccountId, RestaurantId},
};

use super::RestaurantCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, refusal::Refusal};

/// An account no longer works for it; at least one OWNER stays. OWNER and ADMIN.
#[derive(Clone, Debug)]
pub struct RemoveRestaurantMember {
    /// From which.
    pub restaurant_id: RestaurantId,
    /// Whom.
    pub account_id: AccountId,
}

impl Command for RemoveRestaurantMember {
    fn operation(&self) -> &'static str {
        "remove_restaurant_member"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let (id, account_id) = (self.restaurant_id, self.account_id);
        let restaurant = access::restaurant_as_owner(unit, id)?;
        unit.match_revision(restaurant.revision)?;
        let mut members = restaurant.state.members.iter();
        let member = members.find(|member| member.account_id == account_id);
        let role = member.ok_or_else(|| Refusal::not_found("member", account_id))?.role;
        let account = unit.get::<Account>(account_id)?;
        let remove = RestaurantCommand::RemoveMember { account_id };
        let restaurant = unit.decide::<Restaurant>(id, Concerns::restaurant(id), remove)?;
        let email = (&account.state.email).into();
        Ok(Answer::ok(&MemberResource { account_id, email, role }, restaurant.revision))
    }
}
