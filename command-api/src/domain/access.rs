//! Who may do what to whom, decided on the streams themselves and so never on stale rows.
//!
//! ADMIN may do what a party may. AUDITOR sees everything and changes nothing. Others act for the
//! organisations that they are members of. What the caller may not know exists is "not found".

use std::sync::Arc;

use events::{
    Folded,
    order::{Order, Party},
    restaurant::Restaurant,
    supplier::Supplier,
    values::{AccountId, Member, MemberRole, RestaurantId, Role, SupplierId},
};

use super::refusal::Refusal;
use crate::domain::{Caller, Stop, Unit};

/// What those are told who see something of two sides, and are of neither.
pub const NEEDS_A_PARTY: &str = "only a party to it or an ADMIN";

impl Caller {
    /// True for ADMIN and for the system.
    pub fn is_admin(&self) -> bool {
        self.role() == Role::Admin
    }

    fn membership(&self, members: &[Member]) -> Option<MemberRole> {
        // Machine accounts and auditors change nothing, whatever memberships they were given.
        if matches!(self.role(), Role::Auditor | Role::Partner) {
            return None;
        }
        let account_id = self.account_id()?;
        members.iter().find(|member| member.account_id == account_id).map(|member| member.role)
    }

    /// A partner that was granted to see an organisation's affairs: it is told what it may not do, rather than that
    /// there is nothing.
    pub fn is_granted(&self, partners: &[AccountId]) -> bool {
        self.role() == Role::Partner && self.account_id().is_some_and(|id| partners.contains(&id))
    }

    /// Member, or ADMIN.
    pub fn acts_for(&self, members: &[Member]) -> bool {
        self.is_admin() || self.membership(members).is_some()
    }

    /// OWNER, or ADMIN.
    pub fn owns(&self, members: &[Member]) -> bool {
        self.is_admin() || self.membership(members) == Some(MemberRole::Owner)
    }
}

/// Only ADMIN.
pub fn admin(unit: &Unit<'_>) -> Result<(), Stop> {
    if unit.caller().is_admin() { Ok(()) } else { Err(Refusal::Forbidden { needed: "only an ADMIN" }.into()) }
}

/// The supplier, if the caller works for it. Suppliers are visible to all, so others get "forbidden".
pub fn supplier_as_member(unit: &mut Unit<'_>, id: SupplierId) -> Result<Arc<Folded<Supplier>>, Stop> {
    let supplier = unit.existing::<Supplier>("supplier", id)?;
    if unit.caller().acts_for(&supplier.state.members) {
        return Ok(supplier);
    }
    Err(Refusal::Forbidden { needed: "only a member of the supplier or an ADMIN" }.into())
}

/// The supplier, if the caller owns it.
pub fn supplier_as_owner(unit: &mut Unit<'_>, id: SupplierId) -> Result<Arc<Folded<Supplier>>, Stop> {
    let supplier = unit.existing::<Supplier>("supplier", id)?;
    if unit.caller().owns(&supplier.state.members) {
        return Ok(supplier);
    }
    Err(Refusal::Forbidden { needed: "only an OWNER of the supplier or an ADMIN" }.into())
}

/// The restaurant, if the caller works for it. Its partners may see it but not do this; others may not know that it
/// exists.
pub fn restaurant_as_member(unit: &mut Unit<'_>, id: RestaurantId) -> Result<Arc<Folded<Restaurant>>, Stop> {
    let restaurant = unit.existing::<Restaurant>("restaurant", id)?;
    if unit.caller().acts_for(&restaurant.state.members) {
        return Ok(restaurant);
    }
    if unit.caller().is_granted(&restaurant.state.partners) {
        return Err(Refusal::Forbidden { needed: "only a member of the restaurant or an ADMIN" }.into());
    }
    Err(unseen_unless_auditor(unit, Refusal::not_found("restaurant", id)))
}

/// The restaurant, if the caller owns it; its staff may see it but not do this.
pub fn restaurant_as_owner(unit: &mut Unit<'_>, id: RestaurantId) -> Result<Arc<Folded<Restaurant>>, Stop> {
    let restaurant = restaurant_as_member(unit, id)?;
    if unit.caller().owns(&restaurant.state.members) {
        return Ok(restaurant);
    }
    Err(Refusal::Forbidden { needed: "only an OWNER of the restaurant or an ADMIN" }.into())
}

/// The restaurant, for an ADMIN; what others get is what they may know.
pub fn restaurant_as_admin(unit: &mut Unit<'_>, id: RestaurantId) -> Result<Arc<Folded<Restaurant>>, Stop> {
    let restaurant = restaurant_as_member(unit, id)?;
    admin(unit)?;
    Ok(restaurant)
}

/// Which side of an order the caller is on, ADMIN apart; both for who works for both.
pub struct Sides {
    /// Works for the restaurant.
    pub restaurant: bool,
    /// Works for the supplier.
    pub supplier: bool,
    /// Is ADMIN.
    pub admin: bool,
}

impl Sides {
    /// Who the history says it was: the side that may, in that order.
    pub fn party(&self) -> Party {
        if self.admin {
            Party::Admin
        } else if self.supplier {
            Party::Supplier
        } else {
            Party::Restaurant
        }
    }
}

/// The caller's sides of an order. A partner of either may see it but not do this; who has no side may not know that it
/// exists.
pub fn sides_of(unit: &mut Unit<'_>, id: events::values::OrderId, order: &Order) -> Result<Sides, Stop> {
    unit.want::<Restaurant>(order.restaurant_id);
    unit.want::<Supplier>(order.supplier_id);
    unit.wanted()?;
    let restaurant = unit.get::<Restaurant>(order.restaurant_id)?;
    let supplier = unit.get::<Supplier>(order.supplier_id)?;
    let caller = unit.caller();
    let sides = Sides {
        restaurant: caller.membership(&restaurant.state.members).is_some(),
        supplier: caller.membership(&supplier.state.members).is_some(),
        admin: caller.is_admin(),
    };
    if sides.restaurant || sides.supplier || sides.admin {
        return Ok(sides);
    }
    if caller.is_granted(&restaurant.state.partners) || caller.is_granted(&supplier.state.partners) {
        return Err(Refusal::Forbidden { needed: NEEDS_A_PARTY }.into());
    }
    Err(unseen_unless_auditor(unit, Refusal::not_found("order", id)))
}

/// An auditor sees everything, so it is told that it may not; everybody else, that there is nothing.
pub fn unseen_unless_auditor(unit: &Unit<'_>, unseen: Refusal) -> Stop {
    if unit.caller().role() == Role::Auditor {
        return Refusal::Forbidden { needed: NEEDS_A_PARTY }.into();
    }
    unseen.into()
}
