//! Restaurants in words.

use events::{restaurant::RestaurantEvent, values::swedish_day};

use super::{Told, because, quoted, spoken};

pub(super) fn tell(event: &RestaurantEvent) -> Told {
    match event {
        RestaurantEvent::RestaurantRegistered { details, currency } => Told::plain(format!(
            "Registered the restaurant {}, which buys in {currency}.",
            quoted(&details.name)
        )),
        RestaurantEvent::RestaurantDetailsRevised { details } => {
            Told::plain(format!("Revised what the restaurant {} says of itself.", quoted(&details.name)))
        }
        RestaurantEvent::RestaurantContactErased {} => {
            Told::plain("Erased the restaurant's contact details, which were a person's who was erased.")
        }
        RestaurantEvent::RestaurantApproved { trial_ends_at } => Told::plain(format!(
            "Approved the restaurant; its trial ends on {}.",
            swedish_day(*trial_ends_at)
        )),
        RestaurantEvent::RestaurantSuspended { reason } => {
            Told::plain(format!("Suspended the restaurant{}.", because(reason.as_deref())))
        }
        RestaurantEvent::RestaurantReinstated {} => Told::plain("Reinstated the restaurant."),
        RestaurantEvent::TrialEnded { ended_at } => {
            Told::plain(format!("Noted that the restaurant's trial ended on {}.", swedish_day(*ended_at)))
        }
        RestaurantEvent::RestaurantMemberAdded { account_id, role } => {
            Told::plain(format!("Made account {account_id} a member ({}).", spoken(role)))
        }
        RestaurantEvent::RestaurantMemberRoleChanged { account_id, role } => {
            Told::plain(format!("Made the member {account_id} {}.", spoken(role)))
        }
        RestaurantEvent::RestaurantMemberRemoved { account_id } => {
            Told::plain(format!("Removed the member {account_id}."))
        }
        RestaurantEvent::RestaurantPartnerGranted { account_id } => {
            Told::plain(format!("Let partner {account_id} see the restaurant's affairs."))
        }
        RestaurantEvent::RestaurantPartnerRevoked { account_id } => {
            Told::plain(format!("No longer let partner {account_id} see the restaurant's affairs."))
        }
    }
}
