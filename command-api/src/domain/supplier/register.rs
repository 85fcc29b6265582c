//! Registering a supplier.

use events::{
    resource::SupplierResource,
    supplier::{Supplier, SupplierDetails},
    values::{Currency, Personal, SupplierId},
};

use super::SupplierCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, refusal::Refusal};

/// A new supplier; ADMIN only.
#[derive(Clone, Debug)]
pub struct RegisterSupplier {
    /// Its id.
    pub supplier_id: SupplierId,
    /// What it says of itself.
    pub details: SupplierDetails,
    /// What it sells in.
    pub currency: Currency,
}

impl Command for RegisterSupplier {
    fn operation(&self) -> &'static str {
        "register_supplier"
    }

    fn personal(&mut self) -> Vec<&mut Personal> {
        let SupplierDetails { contact_email, phone, .. } = &mut self.details;
        std::iter::once(contact_email).chain(phone).collect()
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        access::admin(unit)?;
        if unit.get::<Supplier>(self.supplier_id)?.exists() {
            return Err(Refusal::InvalidTransition {
                what: "supplier",
                state: "registered",
                attempted: "register",
            }
            .into());
        }
        let register = SupplierCommand::Register { details: self.details.clone(), currency: self.currency };
        let supplier =
            unit.decide::<Supplier>(self.supplier_id, Concerns::supplier(self.supplier_id), register)?;
        Ok(Answer::created(&SupplierResource::of(self.supplier_id, &supplier), supplier.revision))
    }
}
