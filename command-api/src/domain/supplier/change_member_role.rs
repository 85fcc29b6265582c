//! Changing a member's place in a supplier.

use events::{
    account::Account,
    resource::MemberResource,
    supplier::Supplier,
    values::{AccountId, MemberRole, SupplierId},
};

use super::SupplierCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access};

/// A member's place changes; at least one OWNER stays. OWNER and ADMIN.
#[derive(Clone, Debug)]
pub struct ChangeSupplierMemberRole {
    /// In which.
    pub supplier_id: SupplierId,
    /// Whose.
    pub account_id: AccountId,
    /// To what.
    pub role: MemberRole,
}

impl Command for ChangeSupplierMemberRole {
    fn operation(&self) -> &'static str {
        "change_supplier_member_role"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let (id, account_id) = (self.supplier_id, self.account_id);
        let supplier = access::supplier_as_owner(unit, id)?;
        unit.match_revision(supplier.revision)?;
        let account = unit.get::<Account>(account_id)?;
        let change = SupplierCommand::ChangeMemberRole { account_id, role: self.role };
        let supplier = unit.decide::<Supplier>(id, Concerns::supplier(id), change)?;
        let email = (&account.state.email).into();
        Ok(Answer::ok(&MemberResource { account_id, email, role: self.role }, supplier.revision))
    }
}
