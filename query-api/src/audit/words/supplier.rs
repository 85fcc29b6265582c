//! Suppliers in words.

use events::supplier::SupplierEvent;

use super::{Told, because, quoted, spoken};

pub(super) fn tell(event: &SupplierEvent) -> Told {
    match event {
        SupplierEvent::SupplierRegistered { details, currency } => Told::plain(format!(
            "Registered the supplier {}, which sells in {currency}.",
            quoted(&details.name)
        )),
        SupplierEvent::SupplierDetailsRevised { details } => {
            Told::plain(format!("Revised what the supplier {} says of itself.", quoted(&details.name)))
        }
        SupplierEvent::SupplierContactErased {} => {
            Told::plain("Erased the supplier's contact details, which were a person's who was erased.")
        }
        SupplierEvent::SupplierSuspended { reason } => {
            Told::plain(format!("Suspended the supplier{}.", because(reason.as_deref())))
        }
        SupplierEvent::SupplierReinstated {} => Told::plain("Reinstated the supplier."),
        SupplierEvent::SupplierMemberAdded { account_id, role } => {
            Told::plain(format!("Made account {account_id} a member ({}).", spoken(role)))
        }
        SupplierEvent::SupplierMemberRoleChanged { account_id, role } => {
            Told::plain(format!("Made the member {account_id} {}.", spoken(role)))
        }
        SupplierEvent::SupplierMemberRemoved { account_id } => {
            Told::plain(format!("Removed the member {account_id}."))
        }
        SupplierEvent::SupplierPartnerGranted { account_id } => {
            Told::plain(format!("Let partner {account_id} see the supplier's affairs."))
        }
        SupplierEvent::SupplierPartnerRevoked { account_id } => {
            Told::plain(format!("No longer let partner {account_id} see the supplier's affairs."))
        }
        SupplierEvent::SupplierInvoiceNumbered { number, order_id } => {
            Told::plain(format!("Gave invoice number {number} to order {order_id}."))
        }
    }
}
