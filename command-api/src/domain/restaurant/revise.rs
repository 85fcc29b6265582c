//! Revising what a restaurant says of itself.

use events::{
    resource::RestaurantResource,
    restaurant::{Restaurant, RestaurantDetails},
    values::{Personal, RestaurantId},
};

use super::RestaurantCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, set};

/// What is to be said otherwise; the outer `Option` is "leave it", the inner "not stated".
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are RestaurantDetails'")]
pub struct RestaurantPatch {
    pub name: Option<String>,
    pub contact_email: Option<Personal>,
    pub phone: Option<Option<Personal>>,
    pub street: Option<Option<String>>,
    pub postal_code: Option<Option<String>>,
    pub city: Option<Option<String>>,
    pub country: Option<Option<String>>,
    pub delivery_prefs: Option<Option<serde_json::Value>>,
    pub org_number: Option<Option<String>>,
    pub vat_number: Option<Option<String>>,
    pub gln: Option<Option<String>>,
}

/// Some of its details change; OWNER and ADMIN.
#[derive(Clone, Debug)]
pub struct ReviseRestaurant {
    /// Which.
    pub restaurant_id: RestaurantId,
    /// What changes.
    pub patch: RestaurantPatch,
}

impl Command for ReviseRestaurant {
    fn operation(&self) -> &'static str {
        "revise_restaurant"
    }

    fn personal(&mut self) -> Vec<&mut Personal> {
        let RestaurantPatch { contact_email, phone, .. } = &mut self.patch;
        contact_email.iter_mut().chain(phone.iter_mut().flatten()).collect()
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.restaurant_id;
        let restaurant = access::restaurant_as_owner(unit, id)?;
        unit.match_revision(restaurant.revision)?;
        let details = self.patch.applied_to(&restaurant.state.details);
        let restaurant =
            unit.decide::<Restaurant>(id, Concerns::restaurant(id), RestaurantCommand::Revise { details })?;
        Ok(Answer::ok(&RestaurantResource::of(id, &restaurant), restaurant.revision))
    }
}

impl RestaurantPatch {
    fn applied_to(&self, details: &RestaurantDetails) -> RestaurantDetails {
        let patch = self.clone();
        let mut details = details.clone();
        set(&mut details.name, patch.name);
        set(&mut details.contact_email, patch.contact_email);
        set(&mut details.phone, patch.phone);
        set(&mut details.address.street, patch.street);
        set(&mut details.address.postal_code, patch.postal_code);
        set(&mut details.address.city, patch.city);
        set(&mut details.address.country, patch.country);
        set(&mut details.delivery_prefs, patch.delivery_prefs);
        set(&mut details.org_number, patch.org_number);
        set(&mut details.vat_number, patch.vat_number);
        set(&mut details.gln, patch.gln);
        details
    }
}
