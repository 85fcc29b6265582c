//! What suppliers and restaurants say of themselves: enough for an invoice between them.

use events::{
    restaurant::RestaurantDetails,
    supplier::SupplierDetails,
    values::{Personal, PostalAddress, RestaurantId, SupplierId},
};
use invoicing::checksum::is_luhn;

/// What the supplier at that place of the market says of itself.
pub fn supplier_details(id: SupplierId, number: usize) -> SupplierDetails {
    let org_number = with_check_digit(550_000_000 + number);
    SupplierDetails {
        name: format!("Grossist {number}"),
        contact_email: Personal::new(id.0, format!("order@grossist-{number}.example")),
        address: stockholm(),
        vat_number: Some(format!("SE{org_number}01")),
        org_number: Some(org_number),
        bankgiro: Some(with_check_digit(990_000 + number)),
        ..Default::default()
    }
}

/// What the restaurant at that place of the market says of itself.
pub fn restaurant_details(id: RestaurantId, number: usize) -> RestaurantDetails {
    let org_number = with_check_digit(550_500_000 + number);
    RestaurantDetails {
        name: format!("Krog {number}"),
        contact_email: Personal::new(id.0, format!("kok@krog-{number}.example")),
        address: stockholm(),
        vat_number: Some(format!("SE{org_number}01")),
        org_number: Some(org_number),
        ..Default::default()
    }
}

fn stockholm() -> PostalAddress {
    PostalAddress {
        city: Some("Stockholm".to_owned()),
        country: Some("SE".to_owned()),
        ..PostalAddress::default()
    }
}

/// As organisation numbers and bankgiro numbers end.
fn with_check_digit(number: usize) -> String {
    let mut possible = (0..10).map(|digit| format!("{number}{digit}"));
    possible.find(|digits| is_luhn(digits)).expect("one of ten digits fits")
}
