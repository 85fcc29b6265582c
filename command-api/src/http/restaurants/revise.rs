//! `PATCH /api/v1/restaurants/{id}`.

use axum::extract::State;
use deserr::Deserr;
use events::{resource::RestaurantResource, values::Personal};
use platform::{
    body::{Faults, Json, Path},
    error::ApiError,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::restaurant::{RestaurantPatch, ReviseRestaurant},
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::{
            Change, City, Country, DeliveryPrefs, EmailAddress, Given, Gln, Name, Phone, PostalCode,
            RegisterNumber, Street,
        },
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What a restaurant says of itself from now on: what is absent stays, null clears.
#[derive(Debug, Clone, Default, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"city": "Malmö", "phone": null}))]
pub(crate) struct RestaurantRevision {
    /// Trading name.
    #[deserr(default)]
    #[schema(value_type = Name, required = false)]
    name: Given<Name>,
    /// Where to write to.
    #[deserr(default)]
    #[schema(value_type = String, required = false, format = "email", max_length = 254)]
    contact_email: Given<EmailAddress>,
    /// Where to call.
    #[deserr(default)]
    #[schema(value_type = Option<Phone>)]
    phone: Change<Phone>,
    /// Street and number.
    #[deserr(default)]
    #[schema(value_type = Option<Street>)]
    street: Change<Street>,
    /// Postal code.
    #[deserr(default)]
    #[schema(value_type = Option<PostalCode>)]
    postal_code: Change<PostalCode>,
    /// City.
    #[deserr(default)]
    #[schema(value_type = Option<City>)]
    city: Change<City>,
    /// ISO 3166-1 alpha-2.
    #[deserr(default)]
    #[schema(value_type = Option<Country>)]
    country: Change<Country>,
    /// How it wants its deliveries, in its own words.
    #[deserr(default)]
    #[schema(value_type = Option<DeliveryPrefs>)]
    delivery_prefs: Change<DeliveryPrefs>,
    /// National registration number.
    #[deserr(default)]
    #[schema(value_type = Option<RegisterNumber>)]
    org_number: Change<RegisterNumber>,
    /// VAT registration.
    #[deserr(default)]
    #[schema(value_type = Option<RegisterNumber>)]
    vat_number: Change<RegisterNumber>,
    /// Global location number: the address for electronic documents.
    #[deserr(default)]
    #[schema(value_type = Option<Gln>)]
    gln: Change<Gln>,
}

impl RestaurantRevision {
    fn patch(self, id: Uuid) -> RestaurantPatch {
        RestaurantPatch {
            name: self.name.0.map(Name::into_string),
            contact_email: self.contact_email.0.map(|email| Personal::new(id, email.into_string())),
            phone: self.phone.patch(|phone: Phone| Personal::new(id, phone.into_string())),
            street: self.street.patch(Street::into_string),
            postal_code: self.postal_code.patch(PostalCode::into_string),
            city: self.city.patch(City::into_string),
            country: self.country.patch(Country::into_string),
            delivery_prefs: self.delivery_prefs.patch(DeliveryPrefs::into_value),
            org_number: self.org_number.patch(RegisterNumber::into_string),
            vat_number: self.vat_number.patch(RegisterNumber::into_string),
            gln: self.gln.patch(Gln::into_string),
        }
    }
}

/// Revises what a restaurant says of itself. OWNER and ADMIN. An empty object changes nothing.
#[utoipa::path(
    patch, path = "/api/v1/restaurants/{id}", tag = "restaurants",
    request_body = RestaurantRevision,
    params(("id" = Uuid, Path, description = "The restaurant."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = RestaurantResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn revise_restaurant(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Json(body): Json<RestaurantRevision>,
) -> Result<Accepted, ApiError> {
    let command = ReviseRestaurant { restaurant_id: id.into(), patch: body.clone().patch(id) };
    asked.submit(&state, &body, command).await
}
