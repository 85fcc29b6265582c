//! Approving, suspending and reinstating a restaurant.

use events::{resource::RestaurantResource, restaurant::Restaurant, values::RestaurantId};

use super::RestaurantCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access};

/// It may order from now on; ADMIN only.
#[derive(Clone, Debug)]
pub struct ApproveRestaurant {
    /// Which.
    pub restaurant_id: RestaurantId,
}

/// It may not order until reinstated; ADMIN only.
#[derive(Clone, Debug)]
pub struct SuspendRestaurant {
    /// Which.
    pub restaurant_id: RestaurantId,
    /// Why.
    pub reason: Option<String>,
}

/// It may order again; ADMIN only.
#[derive(Clone, Debug)]
pub struct ReinstateRestaurant {
    /// Which.
    pub restaurant_id: RestaurantId,
}

impl Command for ApproveRestaurant {
    fn operation(&self) -> &'static str {
        "approve_restaurant"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let now = unit.now();
        change(unit, self.restaurant_id, RestaurantCommand::Approve { now })
    }
}

impl Command for SuspendRestaurant {
    fn operation(&self) -> &'static str {
        "suspend_restaurant"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        change(unit, self.restaurant_id, RestaurantCommand::Suspend { reason: self.reason.clone() })
    }
}

impl Command for ReinstateRestaurant {
    fn operation(&self) -> &'static str {
        "reinstate_restaurant"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        change(unit, self.restaurant_id, RestaurantCommand::Reinstate)
    }
}

fn change(unit: &mut Unit<'_>, id: RestaurantId, command: RestaurantCommand) -> Result<Answer, Stop> {
    let restaurant = access::restaurant_as_admin(unit, id)?;
    unit.match_revision(restaurant.revision)?;
    let restaurant = unit.decide::<Restaurant>(id, Concerns::restaurant(id), command)?;
    Ok(Answer::ok(&RestaurantResource::of(id, &restaurant), restaurant.revision))
}
