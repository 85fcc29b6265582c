//! Noting that a restaurant's trial is over.

use events::{resource::RestaurantResource, restaurant::Restaurant, values::RestaurantId};

use super::RestaurantCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access};

/// Its trial is over, if it is by now; nothing happens the second time, or before the end. Asked for by the daily job.
#[derive(Clone, Debug)]
pub struct EndTrial {
    /// Whose.
    pub restaurant_id: RestaurantId,
}

impl Command for EndTrial {
    fn operation(&self) -> &'static str {
        "end_trial"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let (id, now) = (self.restaurant_id, unit.now());
        access::restaurant_as_admin(unit, id)?;
        let restaurant =
            unit.decide::<Restaurant>(id, Concerns::restaurant(id), RestaurantCommand::EndTrial { now })?;
        Ok(Answer::ok(&RestaurantResource::of(id, &restaurant), restaurant.revision))
    }
}
