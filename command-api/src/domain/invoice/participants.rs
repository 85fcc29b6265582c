//! Who may see an invoice, and who may decide about it.

use std::sync::Arc;

use events::{
    Folded, invoice::Invoice, order::Party, restaurant::Restaurant, supplier::Supplier, values::InvoiceId,
};

use crate::domain::{Concerns, Stop, Unit, access, refusal::Refusal};

/// The sides of an invoice that the caller is on.
#[expect(clippy::struct_excessive_bools, reason = "any of them may be so by itself")]
pub(super) struct Sides {
    pub(super) restaurant: bool,
    supplier: bool,
    sender: bool,
    /// A partner of one of the two: sees it, and decides nothing.
    granted: bool,
    pub(super) admin: bool,
}

impl Sides {
    /// Of an invoice as it stands: whose it is may not be known yet.
    pub(super) fn of(unit: &mut Unit<'_>, invoice: &Invoice) -> Result<Self, Stop> {
        if let Some(supplier_id) = invoice.supplier_id() {
            unit.want::<Supplier>(supplier_id);
        }
        if let Some(restaurant_id) = invoice.restaurant_id() {
            unit.want::<Restaurant>(restaurant_id);
        }
        unit.wanted()?;
        let caller = unit.caller();
        let admin = caller.is_admin();
        let mut granted = false;
        let supplier = match invoice.supplier_id() {
            Some(id) => {
                let supplier = unit.get::<Supplier>(id)?;
                granted |= caller.is_granted(&supplier.state.partners);
                caller.acts_for(&supplier.state.members) && !admin
            }
            None => false,
        };
        let restaurant = match invoice.restaurant_id() {
            Some(id) => {
                let restaurant = unit.get::<Restaurant>(id)?;
                granted |= caller.is_granted(&restaurant.state.partners);
                caller.acts_for(&restaurant.state.members) && !admin
            }
            None => false,
        };
        let sender = caller.account_id().is_some() && caller.account_id() == invoice.received_by;
        Ok(Self { restaurant, supplier, sender, granted, admin })
    }

    /// Of one of its sides, and not only the one who sent it.
    pub(super) fn is_party(&self) -> bool {
        self.restaurant || self.supplier || self.admin
    }

    /// Who has none may not know that it exists.
    pub(super) fn may_see(&self) -> bool {
        self.is_party() || self.sender
    }

    /// Who the history says it was.
    pub(super) fn party(&self) -> Party {
        if self.admin {
            Party::Admin
        } else if self.restaurant {
            Party::Restaurant
        } else {
            Party::Supplier
        }
    }
}

/// The invoice, if the caller may see it and change anything at all.
pub(super) fn seen(unit: &mut Unit<'_>, id: InvoiceId) -> Result<(Arc<Folded<Invoice>>, Sides), Stop> {
    let invoice = unit.existing::<Invoice>("invoice", id)?;
    let sides = Sides::of(unit, &invoice.state)?;
    if sides.may_see() {
        return Ok((invoice, sides));
    }
    if sides.granted {
        return Err(Refusal::Forbidden { needed: access::NEEDS_A_PARTY }.into());
    }
    Err(access::unseen_unless_auditor(unit, Refusal::not_found("invoice", id)))
}

/// The invoice, if the caller may decide about it: who pays decides. Where nobody knows yet who that is, whoever
/// sent it may say what it is for; the order that it is held against then settles it.
pub(super) fn decidable(unit: &mut Unit<'_>, id: InvoiceId) -> Result<(Arc<Folded<Invoice>>, Sides), Stop> {
    let (invoice, sides) = seen(unit, id)?;
    let is_open = invoice.state.restaurant_id().is_none() && sides.sender;
    if sides.restaurant || sides.admin || is_open {
        return Ok((invoice, sides));
    }
    Err(Refusal::Forbidden { needed: "only a member of the restaurant or an ADMIN" }.into())
}

/// Whom an event about it concerns, as far as is known.
pub(super) fn concerns(invoice: &Invoice) -> Concerns {
    Concerns { supplier_id: invoice.supplier_id(), restaurant_id: invoice.restaurant_id() }
}
