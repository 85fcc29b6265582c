//! Adding a member to a supplier.

use events::{
    account::Account,
    resource::MemberResource,
    supplier::Supplier,
    values::{LoginAddress, MemberRole, Role, SupplierId},
};

use super::SupplierCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, members};

/// An account now works for it; an unknown address becomes an invited account. OWNER and ADMIN.
#[derive(Clone, Debug)]
pub struct AddSupplierMember {
    /// For whom.
    pub supplier_id: SupplierId,
    /// Whose address; it is about an account of a fresh id, should it be unknown.
    pub address: LoginAddress,
    /// As what.
    pub role: MemberRole,
}

impl Command for AddSupplierMember {
    fn operation(&self) -> &'static str {
        "add_supplier_member"
    }

    fn login_address(&mut self) -> Option<&mut LoginAddress> {
        Some(&mut self.address)
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.supplier_id;
        let supplier = access::supplier_as_owner(unit, id)?;
        unit.match_revision(supplier.revision)?;
        let account_id = members::account_of_email(unit, &self.address, Role::Supplier)?;
        let account = unit.get::<Account>(account_id)?;
        let add = SupplierCommand::AddMember { account_id, role: self.role };
        unit.decide::<Supplier>(id, Concerns::supplier(id), add)?;
        let email = (&account.state.email).into();
        Ok(Answer::created_without_revision(&MemberResource { account_id, email, role: self.role }))
    }
}
