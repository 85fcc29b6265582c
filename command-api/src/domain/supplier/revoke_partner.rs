//! Revoking what a partner's account was granted by a supplier.

use events::{
    account::Account,
    resource::PartnerResource,
    supplier::Supplier,
    values::{AccountId, SupplierId},
};

use super::SupplierCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access};

/// A partner's account no longer may see or hear of what concerns it. OWNER and ADMIN.
#[derive(Clone, Debug)]
pub struct RevokeSupplierPartner {
    /// Whose affairs.
    pub supplier_id: SupplierId,
    /// Whose account.
    pub account_id: AccountId,
}

impl Command for RevokeSupplierPartner {
    fn operation(&self) -> &'static str {
        "revoke_supplier_partner"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let (id, account_id) = (self.supplier_id, self.account_id);
        let supplier = access::supplier_as_owner(unit, id)?;
        unit.match_revision(supplier.revision)?;
        let account = unit.get::<Account>(account_id)?;
        let revoke = SupplierCommand::RevokePartner { account_id };
        let supplier = unit.decide::<Supplier>(id, Concerns::supplier(id), revoke)?;
        let email = (&account.state.email).into();
        Ok(Answer::ok(&PartnerResource { account_id, email }, supplier.revision))
    }
}
