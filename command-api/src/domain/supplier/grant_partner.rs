//! Granting a partner's account what concerns a supplier.

use events::{
    account::Account,
    resource::PartnerResource,
    supplier::Supplier,
    values::{LoginAddress, Role, SupplierId},
};

use super::SupplierCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, members};

/// A partner's account may now see and hear of what concerns it; an unknown address becomes an invited
/// account. OWNER and ADMIN.
#[derive(Clone, Debug)]
pub struct GrantSupplierPartner {
    /// Whose affairs.
    pub supplier_id: SupplierId,
    /// Whose address; it is about an account of a fresh id, should it be unknown.
    pub address: LoginAddress,
}

impl Command for GrantSupplierPartner {
    fn operation(&self) -> &'static str {
        "grant_supplier_partner"
    }

    fn login_address(&mut self) -> Option<&mut LoginAddress> {
        Some(&mut self.address)
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.supplier_id;
        let supplier = access::supplier_as_owner(unit, id)?;
        unit.match_revision(supplier.revision)?;
        let account_id = members::account_of_email(unit, &self.address, Role::Partner)?;
        let account = unit.get::<Account>(account_id)?;
        members::is_partner(&account.state)?;
        let grant = SupplierCommand::GrantPartner { account_id };
        unit.decide::<Supplier>(id, Concerns::supplier(id), grant)?;
        let email = (&account.state.email).into();
        Ok(Answer::created_without_revision(&PartnerResource { account_id, email }))
    }
}
