//! `PATCH /api/v1/suppliers/{id}`.

use axum::extract::State;
use deserr::Deserr;
use events::{resource::SupplierResource, values::Personal};
use platform::{
    body::{Faults, Json, Path},
    error::ApiError,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::supplier::{ReviseSupplier, SupplierPatch},
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::{
            Bankgiro, Change, City, Country, EmailAddress, Given, Gln, Iban, Latitude, Longitude, Name,
            Phone, Plusgiro, PostalCode, RegisterNumber, StatedDeliveryTerms, Street,
        },
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What a supplier says of itself from now on: what is absent stays, null clears.
#[derive(Debug, Clone, Default, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"city": "Malmö", "phone": null}))]
pub(crate) struct SupplierRevision {
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
    /// Latitude in degrees.
    #[deserr(default)]
    #[schema(value_type = Option<Latitude>)]
    lat: Change<Latitude>,
    /// Longitude in degrees.
    #[deserr(default)]
    #[schema(value_type = Option<Longitude>)]
    lon: Change<Longitude>,
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
    /// Bankgiro number that its invoices are paid to; those made before keep the one they have.
    #[deserr(default)]
    #[schema(value_type = Option<Bankgiro>)]
    bankgiro: Change<Bankgiro>,
    /// Plusgiro number that its invoices are paid to; those made before keep the one they have.
    #[deserr(default)]
    #[schema(value_type = Option<Plusgiro>)]
    plusgiro: Change<Plusgiro>,
    /// International account number that its invoices are paid to; those made before keep theirs.
    #[deserr(default)]
    #[schema(value_type = Option<Iban>)]
    iban: Change<Iban>,
    /// When it delivers, and from how much on; all of it.
    #[deserr(default)]
    #[schema(value_type = Option<StatedDeliveryTerms>)]
    delivery_terms: Change<StatedDeliveryTerms>,
}

impl SupplierRevision {
    fn patch(self, id: Uuid) -> SupplierPatch {
        SupplierPatch {
            name: self.name.0.map(Name::into_string),
            contact_email: self.contact_email.0.map(|email| Personal::new(id, email.into_string())),
            phone: self.phone.patch(|phone: Phone| Personal::new(id, phone.into_string())),
            street: self.street.patch(Street::into_string),
            postal_code: self.postal_code.patch(PostalCode::into_string),
            city: self.city.patch(City::into_string),
            country: self.country.patch(Country::into_string),
            lat_e7: self.lat.patch(Latitude::e7),
            lon_e7: self.lon.patch(Longitude::e7),
            org_number: self.org_number.patch(RegisterNumber::into_string),
            vat_number: self.vat_number.patch(RegisterNumber::into_string),
            gln: self.gln.patch(Gln::into_string),
            bankgiro: self.bankgiro.patch(Bankgiro::into_string),
            plusgiro: self.plusgiro.patch(Plusgiro::into_string),
            iban: self.iban.patch(Iban::into_string),
            delivery_terms: self.delivery_terms.patch(StatedDeliveryTerms::terms),
        }
    }
}

/// Revises what a supplier says of itself. OWNER and ADMIN. An empty object changes nothing.
#[utoipa::path(
    patch, path = "/api/v1/suppliers/{id}", tag = "suppliers",
    request_body = SupplierRevision,
    params(("id" = Uuid, Path, description = "The supplier."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = SupplierResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn revise_supplier(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Json(body): Json<SupplierRevision>,
) -> Result<Accepted, ApiError> {
    let command = ReviseSupplier { supplier_id: id.into(), patch: body.clone().patch(id) };
    asked.submit(&state, &body, command).await
}
