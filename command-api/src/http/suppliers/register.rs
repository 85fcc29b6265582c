//! `POST /api/v1/suppliers`.

use axum::extract::State;
use deserr::Deserr;
use events::{
    resource::SupplierResource,
    supplier::SupplierDetails,
    values::{Currency, Personal, PostalAddress, SupplierId},
};
use platform::{
    body::{Faults, Json},
    error::ApiError,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::supplier::RegisterSupplier,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals},
        fields::{
            Bankgiro, Choice, City, Country, EmailAddress, Gln, Iban, Latitude, Longitude, Name, Phone,
            Plusgiro, PostalCode, RegisterNumber, StatedDeliveryTerms, Street,
        },
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What a new supplier says of itself.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "name": "Grossisten i Årsta", "contact_email": "order@grossisten.example", "phone": "+46 8 123 45 67",
    "street": "Partihandlarvägen 1", "postal_code": "120 44", "city": "Stockholm", "country": "SE",
    "lat": 59.2907, "lon": 18.0519, "org_number": "556016-0680", "vat_number": "SE556016068001", "bankgiro": "999-1233",
    "currency": "SEK"
}))]
pub(crate) struct NewSupplier {
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
    /// Latitude in degrees.
    #[deserr(default)]
    lat: Option<Latitude>,
    /// Longitude in degrees.
    #[deserr(default)]
    lon: Option<Longitude>,
    /// National registration number.
    #[deserr(default)]
    org_number: Option<RegisterNumber>,
    /// VAT registration.
    #[deserr(default)]
    vat_number: Option<RegisterNumber>,
    /// Global location number: the address for electronic documents.
    #[deserr(default)]
    gln: Option<Gln>,
    /// Bankgiro number that its invoices are paid to.
    #[deserr(default)]
    bankgiro: Option<Bankgiro>,
    /// Plusgiro number that its invoices are paid to.
    #[deserr(default)]
    plusgiro: Option<Plusgiro>,
    /// International account number that its invoices are paid to.
    #[deserr(default)]
    iban: Option<Iban>,
    /// When it delivers, and from how much on.
    #[deserr(default)]
    delivery_terms: Option<StatedDeliveryTerms>,
    /// What it sells in; SEK unless stated.
    #[deserr(default)]
    #[schema(value_type = Option<Currency>)]
    currency: Option<Choice<Currency>>,
}

impl NewSupplier {
    fn details(self, id: SupplierId) -> SupplierDetails {
        SupplierDetails {
            name: self.name.into_string(),
            contact_email: Personal::new(id, self.contact_email.into_string()),
            phone: self.phone.map(|phone| Personal::new(id, phone.into_string())),
            address: PostalAddress {
                street: self.street.map(Street::into_string),
                postal_code: self.postal_code.map(PostalCode::into_string),
                city: self.city.map(City::into_string),
                country: self.country.map(Country::into_string),
            },
            lat_e7: self.lat.map(Latitude::e7),
            lon_e7: self.lon.map(Longitude::e7),
            org_number: self.org_number.map(RegisterNumber::into_string),
            vat_number: self.vat_number.map(RegisterNumber::into_string),
            gln: self.gln.map(Gln::into_string),
            bankgiro: self.bankgiro.map(Bankgiro::into_string),
            plusgiro: self.plusgiro.map(Plusgiro::into_string),
            iban: self.iban.map(Iban::into_string),
            delivery_terms: self.delivery_terms.map(StatedDeliveryTerms::terms),
        }
    }
}

/// Registers a supplier. ADMIN only.
#[utoipa::path(
    post, path = "/api/v1/suppliers", tag = "suppliers",
    request_body = NewSupplier,
    params(CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = SupplierResource, description = "The same request again: the answer it got then.", headers(
            ("Idempotency-Replayed" = bool, description = "`true`.")
        )),
        (status = 201, body = SupplierResource, description = "As the command left it.", headers(
            ("Location" = String, description = "Its address."),
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        ), example = json!({
            "id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a21", "name": "Grossisten i Årsta", "contact_email": "order@grossisten.example",
            "phone": "+46 8 123 45 67", "street": "Partihandlarvägen 1", "postal_code": "120 44", "city": "Stockholm",
            "country": "SE", "lat": 59.2907, "lon": 18.0519, "org_number": "556016-0680", "vat_number": "SE556016068001",
            "gln": "7300010000001", "bankgiro": "9991233", "plusgiro": null, "iban": null,
            "delivery_terms": {
                "weekdays": ["tuesday", "friday"], "order_by": "14:00", "lead_days": 1, "minimum_order_cents": 150_000,
                "delivers_on_holidays": false
            },
            "currency": "SEK",
            "active": true, "created_at": "2026-11-20T09:00:00.123Z", "updated_at": "2026-11-20T09:00:00.123Z",
            "revision": 1
        })),
        CommandRefusals, BodyRefusals
    )
)]
pub(crate) async fn register_supplier(
    State(state): State<CommandState>,
    asked: Asked,
    Json(body): Json<NewSupplier>,
) -> Result<Accepted, ApiError> {
    let id = SupplierId(state.ids.next());
    let currency = body.currency.map(|currency| currency.0).unwrap_or_default();
    let details = body.clone().details(id);
    let accepted =
        asked.submit(&state, &body, RegisterSupplier { supplier_id: id, details, currency }).await?;
    Ok(accepted.under("/api/v1/suppliers"))
}
