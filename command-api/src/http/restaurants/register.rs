//! `POST /api/v1/restaurants`.

use axum::extract::State;
use deserr::Deserr;
use events::{
    resource::RestaurantResource,
    restaurant::RestaurantDetails,
    values::{Currency, Personal, PostalAddress, RestaurantId},
};
use platform::{
    body::{Faults, Json},
    error::ApiError,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::restaurant::RegisterRestaurant,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals},
        fields::{
            Choice, City, Country, DeliveryPrefs, EmailAddress, Gln, Name, Phone, PostalCode, RegisterNumber,
            Street,
        },
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What a new restaurant says of itself.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "name": "Bistro Äppelträdet", "contact_email": "kok@appeltradet.example", "street": "Storgatan 5",
    "postal_code": "223 50", "city": "Lund", "country": "SE",
    "delivery_prefs": {"days": ["mon", "thu"], "before": "10:00"}, "currency": "SEK"
}))]
pub(crate) struct NewRestaurant {
    /// Trading name.
    name: Name,
    /// Where to write to.
    #[schema(value_type = String, format = "email", max_length = 254)]
    contact_email: EmailAddress,
    /// Where to call.
    #[deserr(default)]
    phone: Option<Phone>,
    /// Street and number.
    #[deserr(default)]
    street: Option<Street>,
    /// Postal code.
    #[deserr(default)]
    postal_code: Option<PostalCode>,
    /// City.
    #[deserr(default)]
    city: Option<City>,
    /// ISO 3166-1 alpha-2.
    #[deserr(default)]
    country: Option<Country>,
    /// How it wants its deliveries, in its own words.
    #[deserr(default)]
    delivery_prefs: Option<DeliveryPrefs>,
    /// National registration number.
    #[deserr(default)]
    org_number: Option<RegisterNumber>,
    /// VAT registration.
    #[deserr(default)]
    vat_number: Option<RegisterNumber>,
    /// Global location number: the address for electronic documents.
    #[deserr(default)]
    gln: Option<Gln>,
    /// What it buys in; SEK unless stated.
    #[deserr(default)]
    #[schema(value_type = Option<Currency>)]
    currency: Option<Choice<Currency>>,
}

impl NewRestaurant {
    fn details(self, id: RestaurantId) -> RestaurantDetails {
        RestaurantDetails {
            name: self.name.into_string(),
            contact_email: Personal::new(id, self.contact_email.into_string()),
            phone: self.phone.map(|phone| Personal::new(id, phone.into_string())),
            address: PostalAddress {
                street: self.street.map(Street::into_string),
                postal_code: self.postal_code.map(PostalCode::into_string),
                city: self.city.map(City::into_string),
                country: self.country.map(Country::into_string),
            },
            delivery_prefs: self.delivery_prefs.map(DeliveryPrefs::into_value),
            org_number: self.org_number.map(RegisterNumber::into_string),
            vat_number: self.vat_number.map(RegisterNumber::into_string),
            gln: self.gln.map(Gln::into_string),
        }
    }
}

/// Registers a restaurant. ADMIN only.
///
/// A new restaurant may look and fill carts, but not order until it is approved.
#[utoipa::path(
    post, path = "/api/v1/restaurants", tag = "restaurants",
    request_body = NewRestaurant,
    params(CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = RestaurantResource, description = "The same request again: the answer it got then.", headers(
            ("Idempotency-Replayed" = bool, description = "`true`.")
        )),
        (status = 201, body = RestaurantResource, description = "As the command left it.", headers(
            ("Location" = String, description = "Its address."),
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        ), example = json!({
            "id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a22", "name": "Bistro Äppelträdet", "contact_email": "kok@appeltradet.example",
            "phone": null, "street": "Storgatan 5", "postal_code": "223 50", "city": "Lund", "country": "SE",
            "delivery_prefs": {"days": ["mon", "thu"], "before": "10:00"}, "org_number": null, "vat_number": null, "gln": null,
            "currency": "SEK", "status": "registered", "active": false, "trial_ends_at": null,
            "created_at": "2026-11-20T09:00:00.123Z", "updated_at": "2026-11-20T09:00:00.123Z", "revision": 1
        })),
        CommandRefusals, BodyRefusals
    )
)]
pub(crate) async fn register_restaurant(
    State(state): State<CommandState>,
    asked: Asked,
    Json(body): Json<NewRestaurant>,
) -> Result<Accepted, ApiError> {
    let id = RestaurantId(state.ids.next());
    let currency = body.currency.map(|currency| currency.0).unwrap_or_default();
    let details = body.clone().details(id);
    let accepted =
        asked.submit(&state, &body, RegisterRestaurant { restaurant_id: id, details, currency }).await?;
    Ok(accepted.under("/api/v1/restaurants"))
}
