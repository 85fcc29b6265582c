//! Removing a member from a supplier.

use events::{
    account::Account,
    resource::MemberResource,
    supplier::Supplier,
    values::{AccountId, SupplierId},
};

use super::SupplierCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, refusal::Refusal};

/// An account no longer works for it; at least one OWNER stays. OWNER and ADMIN.
#[derive(Clone, Debug)]
pub struct RemoveSupplierMember {
    /// From which.
    pub supplier_id: SupplierId,
    /// Whom.
    pub account_id: AccountId,
}

impl Command for RemoveSupplierMember {
    fn operation(&self) -> &'static str {
        "remove_supplier_member"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let (id, account_id) = (self.supplier_id, self.account_id);
        let supplier = access::supplier_as_owner(unit, id)?;
        unit.match_revision(supplier.revision)?;
        let mut members = supplier.state.members.iter();
        let member = members.find(|member| member.account_id == account_id);
        let role = member.ok_or_else(|| Refusal::not_found("member", account_id))?.role;
        let account = unit.get::<Account>(account_id)?;
        let remove = SupplierCommand::RemoveMember { account_id };
        let supplier = unit.decide::<Supplier>(id, Concerns::supplier(id), remove)?;
        let email = (&account.state.email).into();
        Ok(Answer::ok(&MemberResource { account_id, email, role }, supplier.revision))
    }
}
