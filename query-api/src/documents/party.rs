//! A side of a document.

use events::{
    order::{InvoiceParty, Order},
    restaurant::RestaurantDetails,
    supplier::SupplierDetails,
    values::PostalAddress,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Seller or buyer as a document prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DocumentParty {
    /// The supplier or restaurant.
    pub id: Uuid,
    /// Trading name.
    #[schema(example = "Grönsakskompaniet AB")]
    pub name: String,
    /// Street and number.
    pub street: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// City.
    pub city: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "SE")]
    pub country: Option<String>,
    /// National registration number.
    #[schema(example = "5561234567")]
    pub org_number: Option<String>,
    /// VAT registration.
    #[schema(example = "SE556123456701")]
    pub vat_number: Option<String>,
    /// Global location number: the address for electronic documents.
    pub gln: Option<String>,
}

impl DocumentParty {
    /// The supplier of that order.
    pub fn seller(order: &Order, details: &SupplierDetails) -> Self {
        let SupplierDetails { name, address, org_number, vat_number, gln, .. } = details;
        Self::of(order.supplier_id.into(), name, address, [org_number, vat_number, gln])
    }

    /// The restaurant of that order.
    pub fn buyer(order: &Order, details: &RestaurantDetails) -> Self {
        let RestaurantDetails { name, address, org_number, vat_number, gln, .. } = details;
        Self::of(order.restaurant_id.into(), name, address, [org_number, vat_number, gln])
    }

    /// A side as it was when the invoice was made: that document never changes.
    pub fn invoiced(id: Uuid, party: &InvoiceParty) -> Self {
        let InvoiceParty { name, address, org_number, vat_number, gln, .. } = party;
        Self::of(id, name, address, [org_number, vat_number, gln])
    }

    fn of(id: Uuid, name: &str, address: &PostalAddress, numbers: [&Option<String>; 3]) -> Self {
        let PostalAddress { street, postal_code, city, country } = address.clone();
        let [org_number, vat_number, gln] = numbers.map(Clone::clone);
        Self { id, name: name.to_owned(), street, postal_code, city, country, org_number, vat_number, gln }
    }
}
