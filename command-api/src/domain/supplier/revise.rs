//! Revising what a supplier says of itself.

use events::{
    resource::SupplierResource,
    supplier::{DeliveryTerms, Supplier, SupplierDetails},
    values::{Personal, SupplierId},
};

use super::SupplierCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, set};

/// What is to be said otherwise; the outer `Option` is "leave it", the inner "not stated".
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are SupplierDetails'")]
pub struct SupplierPatch {
    pub name: Option<String>,
    pub contact_email: Option<Personal>,
    pub phone: Option<Option<Personal>>,
    pub street: Option<Option<String>>,
    pub postal_code: Option<Option<String>>,
    pub city: Option<Option<String>>,
    pub country: Option<Option<String>>,
    pub lat_e7: Option<Option<i64>>,
    pub lon_e7: Option<Option<i64>>,
    pub org_number: Option<Option<String>>,
    pub vat_number: Option<Option<String>>,
    pub gln: Option<Option<String>>,
    pub bankgiro: Option<Option<String>>,
    pub plusgiro: Option<Option<String>>,
    pub iban: Option<Option<String>>,
    pub delivery_terms: Option<Option<DeliveryTerms>>,
}

/// Some of its details change; OWNER and ADMIN.
#[derive(Clone, Debug)]
pub struct ReviseSupplier {
    /// Which.
    pub supplier_id: SupplierId,
    /// What changes.
    pub patch: SupplierPatch,
}

impl Command for ReviseSupplier {
    fn operation(&self) -> &'static str {
        "revise_supplier"
    }

    fn personal(&mut self) -> Vec<&mut Personal> {
        let SupplierPatch { contact_email, phone, .. } = &mut self.patch;
        contact_email.iter_mut().chain(phone.iter_mut().flatten()).collect()
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.supplier_id;
        let supplier = access::supplier_as_owner(unit, id)?;
        unit.match_revision(supplier.revision)?;
        let details = self.patch.applied_to(&supplier.state.details);
        let supplier =
            unit.decide::<Supplier>(id, Concerns::supplier(id), SupplierCommand::Revise { details })?;
        Ok(Answer::ok(&SupplierResource::of(id, &supplier), supplier.revision))
    }
}

impl SupplierPatch {
    fn applied_to(&self, details: &SupplierDetails) -> SupplierDetails {
        let patch = self.clone();
        let mut details = details.clone();
        set(&mut details.name, patch.name);
        set(&mut details.contact_email, patch.contact_email);
        set(&mut details.phone, patch.phone);
        set(&mut details.address.street, patch.street);
        set(&mut details.address.postal_code, patch.postal_code);
        set(&mut details.address.city, patch.city);
        set(&mut details.address.country, patch.country);
        set(&mut details.lat_e7, patch.lat_e7);
        set(&mut details.lon_e7, patch.lon_e7);
        set(&mut details.org_number, patch.org_number);
        set(&mut details.vat_number, patch.vat_number);
        set(&mut details.gln, patch.gln);
        set(&mut details.bankgiro, patch.bankgiro);
        set(&mut details.plusgiro, patch.plusgiro);
        set(&mut details.iban, patch.iban);
        set(&mut details.delivery_terms, patch.delivery_terms);
        details
    }
}
