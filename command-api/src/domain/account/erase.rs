//! Forgetting a person.

use events::{
    account::Account,
    log::Claim,
    resource::AccountResource,
    restaurant::Restaurant,
    supplier::Supplier,
    values::{AccountId, Personal, RestaurantId, SupplierId},
};

use super::AccountCommand;
use crate::domain::{
    Answer, Command, Concerns, Stop, Unit, access, restaurant::RestaurantCommand, supplier::SupplierCommand,
};

/// An organisation whose contact was found to be the person, as it stood when it was looked at.
#[derive(Clone, Debug)]
pub enum NamedContact {
    /// A seller's.
    Supplier(SupplierId, Personal),
    /// A buyer's.
    Restaurant(RestaurantId, Personal),
}

/// Nobody can read the person's address or phone any more, wherever they lie; ADMIN only. A second time
/// changes nothing.
///
/// The account stays in the history as a bare id; its address can come again, as a new account.
#[derive(Clone, Debug)]
pub struct ErasePerson {
    /// Whom.
    pub account_id: AccountId,
    /// Why; must not name the person.
    pub reason: Option<String>,
    /// Of the address, by which the account holds it; empty where it cannot be read any more.
    pub address_index: String,
    /// Who names the same address as their contact.
    pub contacts: Vec<NamedContact>,
    /// The position as of which these are all; absent where nobody was looked for.
    pub as_of: Option<i64>,
}

impl Command for ErasePerson {
    fn operation(&self) -> &'static str {
        "erase_person"
    }

    fn looked_through(&self) -> Option<i64> {
        self.as_of
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        access::admin(unit)?;
        let id = self.account_id;
        let account = unit.existing::<Account>("account", id)?;
        unit.match_revision(account.revision)?;
        if account.state.erased {
            return Ok(Answer::ok(&AccountResource::of(id, &account.state), account.revision));
        }
        let claim = Claim::email(&self.address_index);
        // Whoever else holds it by now keeps it.
        if unit.holder(&claim)? == Some(id.0) {
            unit.set_holder(claim, None);
        }
        let erase = AccountCommand::Erase { reason: self.reason.clone() };
        let account = unit.decide::<Account>(id, Concerns::NOBODY, erase)?;
        unit.destroy_key(id);
        for contact in &self.contacts {
            erase_contact(unit, contact)?;
        }
        Ok(Answer::ok(&AccountResource::of(id, &account.state), account.revision))
    }
}

fn erase_contact(unit: &mut Unit<'_>, contact: &NamedContact) -> Result<(), Stop> {
    match contact {
        NamedContact::Supplier(id, seen) => {
            let before = unit.existing::<Supplier>("supplier", *id)?.revision;
            let erase = SupplierCommand::EraseContact { seen: seen.clone() };
            let after = unit.decide::<Supplier>(*id, Concerns::supplier(*id), erase)?.revision;
            if after > before {
                unit.destroy_key(*id);
            }
        }
        NamedContact::Restaurant(id, seen) => {
            let before = unit.existing::<Restaurant>("restaurant", *id)?.revision;
            let erase = RestaurantCommand::EraseContact { seen: seen.clone() };
            let after = unit.decide::<Restaurant>(*id, Concerns::restaurant(*id), erase)?.revision;
            if after > before {
                unit.destroy_key(*id);
            }
        }
    }
    Ok(())
}
