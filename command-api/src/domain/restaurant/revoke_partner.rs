//! Revoking what a partner's account was granted by a restaurant.

use events::{
    account::Account,
    resource::PartnerResource,
    restaurant::Restaurant,
    values::{AccountId, RestaurantId},
};

use super::RestaurantCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access};

/// A partner's account no longer may see or hear of what concerns it. OWNER and ADMIN.
#[derive(Clone, Debug)]
pub struct RevokeRestaurantPartner {
    /// Whose affairs.
    pub restaurant_id: RestaurantId,
    /// Whose account.
    pub account_id: AccountId,
}

impl Command for RevokeRestaurantPartner {
    fn operation(&self) -> &'static str {
        "revoke_restaurant_partner"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let (id, account_id) = (self.restaurant_id, self.account_id);
        let restaurant = access::restaurant_as_owner(unit, id)?;
        unit.match_revision(restaurant.revision)?;
        let account = unit.get::<Account>(account_id)?;
        let revoke = RestaurantCommand::RevokePartner { account_id };
        let restaurant = unit.decide::<Restaurant>(id, Concerns::restaurant(id), revoke)?;
        let email = (&account.state.email).into();
        Ok(Answer::ok(&PartnerResource { account_id, email }, restaurant.revision))
    }
}
