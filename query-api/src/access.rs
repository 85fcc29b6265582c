//! Who may see what.
//!
//! `ADMIN` and `AUDITOR` see everything. Suppliers and products are public to every account. The rest
//! follows from memberships: a restaurant is seen by its members and by suppliers that it ordered from, its
//! carts by its members, an order by the members of both sides, an invoice by these as far as they are known
//! and by whoever sent it. A partner sees the organisations that have granted it so, their orders and
//! invoices; nothing of who works there, no carts, no other restaurant.

use events::{
    invoice::Invoice,
    values::{MemberRole, Role},
};
use platform::{auth::Identity, error::ApiError};
use uuid::Uuid;

use crate::{
    failure::ReadFailure,
    freshness::ReadModel,
    sight::{PlaceRow, Sight},
};

/// The read models that memberships come from.
pub(crate) const MEMBERSHIPS: [ReadModel; 2] = [ReadModel::Suppliers, ReadModel::Restaurants];

/// The caller of a read, as far as it decides what the caller may see.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// Who.
    pub account_id: Uuid,
    /// As what, by the access token.
    pub role: Role,
    /// Which organisations it works for; not loaded for roles that see everything.
    pub memberships: Vec<Membership>,
    /// Whose affairs it was granted to see; only of partners.
    pub grants: Vec<Grant>,
    /// The position up to which memberships and grants are complete.
    pub position: i64,
}

/// A place in one organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Seller or buyer.
    pub kind: OrganisationKind,
    /// Which one.
    pub id: Uuid,
    /// As what.
    pub role: MemberRole,
}

/// An organisation whose affairs a partner may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Seller or buyer.
    pub kind: OrganisationKind,
    /// Which one.
    pub id: Uuid,
}

/// What an organisation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum OrganisationKind {
    Supplier,
    Restaurant,
}

/// The role that a token names.
///
/// # Errors
/// 403 for a role this version does not know: guessing what it may see would be guessing too much.
pub(crate) fn role_of(identity: &Identity) -> Result<Role, ApiError> {
    let known = identity.role.parse();
    known.map_err(|_| ApiError::forbidden("unknown_role", "The role of this account is not known here."))
}

/// True for the roles that see everything.
pub(crate) fn sees_everything(role: Role) -> bool {
    matches!(role, Role::Admin | Role::Auditor)
}

impl Viewer {
    /// The caller with its memberships and grants as they were found for it.
    pub(crate) fn of(account_id: Uuid, role: Role, rows: &[PlaceRow]) -> Self {
        if sees_everything(role) {
            let (memberships, grants) = (Vec::new(), Vec::new());
            return Self { account_id, role, memberships, grants, position: i64::MAX };
        }
        let position = rows.first().map_or(0, |row| row.0);
        let membership =
            |(_, kind, id, role): &PlaceRow| Membership::of(kind.as_deref()?, (*id)?, role.as_deref()?);
        let grant = |(_, kind, id, role): &PlaceRow| match role {
            None => Grant::of(kind.as_deref()?, (*id)?),
            Some(_) => None,
        };
        // A grant is to a machine's account: should the account have become another's, it opens nothing.
        let granted = rows.iter().filter(|_| role == Role::Partner);
        Self {
            account_id,
            role,
            memberships: rows.iter().filter_map(membership).collect(),
            grants: granted.filter_map(grant).collect(),
            position,
        }
    }

    /// True for `ADMIN` and `AUDITOR`.
    pub fn sees_everything(&self) -> bool {
        sees_everything(self.role)
    }

    /// The restaurants that it works for.
    pub fn restaurants(&self) -> Vec<Uuid> {
        self.organisations(OrganisationKind::Restaurant)
    }

    /// The suppliers that it works for.
    pub fn suppliers(&self) -> Vec<Uuid> {
        self.organisations(OrganisationKind::Supplier)
    }

    /// The organisations of that kind whose orders it sees: those it works for, and those that granted it so.
    pub fn trading_as(&self, kind: OrganisationKind) -> Vec<Uuid> {
        let mut ids = self.organisations(kind);
        let granted = self.grants.iter().filter(|grant| grant.kind == kind).map(|grant| grant.id);
        ids.extend(granted);
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The organisations of either kind that it is an OWNER of.
    pub fn owned(&self) -> Vec<Uuid> {
        let owned = self.memberships.iter().filter(|place| place.role == MemberRole::Owner);
        owned.map(|place| place.id).collect()
    }

    /// May see an endpoint of that organisation or account; the operator's own have no owner. Not an
    /// organisation's staff: an endpoint's URL may hold a secret of the receiver.
    pub fn sees_endpoint_of(&self, owner_id: Option<Uuid>) -> bool {
        let is_own = |id: Uuid| id == self.account_id || self.owned().contains(&id);
        self.sees_everything() || owner_id.is_some_and(is_own)
    }

    /// Its place in that organisation.
    pub fn place_in(&self, kind: OrganisationKind, id: Uuid) -> Option<MemberRole> {
        let mut places = self.memberships.iter();
        places.find(|place| place.kind == kind && place.id == id).map(|place| place.role)
    }

    /// May see a cart of that restaurant.
    pub fn sees_cart_of(&self, restaurant_id: Uuid) -> bool {
        self.sees_everything() || self.place_in(OrganisationKind::Restaurant, restaurant_id).is_some()
    }

    /// May see an order between the two.
    pub fn sees_order_between(&self, restaurant_id: Uuid, supplier_id: Uuid) -> bool {
        self.sees_cart_of(restaurant_id)
            || self.place_in(OrganisationKind::Supplier, supplier_id).is_some()
            || self.is_granted(OrganisationKind::Restaurant, restaurant_id)
            || self.is_granted(OrganisationKind::Supplier, supplier_id)
    }

    /// May see what either side may of an invoice, as far as its sides are known.
    pub fn is_party_to(&self, invoice: &Invoice) -> bool {
        let (buyer, seller) = (invoice.restaurant_id(), invoice.supplier_id());
        let trades = |kind, id: Uuid| self.place_in(kind, id).is_some() || self.is_granted(kind, id);
        self.sees_everything()
            || buyer.is_some_and(|id| trades(OrganisationKind::Restaurant, id.into()))
            || seller.is_some_and(|id| trades(OrganisationKind::Supplier, id.into()))
    }

    /// May see that invoice: of its sides, or because it sent it.
    pub fn sees_invoice(&self, invoice: &Invoice) -> bool {
        self.is_party_to(invoice) || invoice.received_by == Some(self.account_id.into())
    }

    /// May see what the two know of each other: their members, and no partner of either.
    pub fn sees_terms_between(&self, restaurant_id: Uuid, supplier_id: Uuid) -> bool {
        self.sees_cart_of(restaurant_id) || self.place_in(OrganisationKind::Supplier, supplier_id).is_some()
    }

    /// The organisation has granted this partner's account to see its affairs.
    pub fn is_granted(&self, kind: OrganisationKind, id: Uuid) -> bool {
        self.grants.contains(&Grant { kind, id })
    }

    /// May see who works for that organisation, whose e-mails are personal data: its owners alone.
    pub fn sees_members_of(&self, kind: OrganisationKind, id: Uuid) -> bool {
        self.sees_everything() || self.place_in(kind, id) == Some(MemberRole::Owner)
    }

    fn organisations(&self, kind: OrganisationKind) -> Vec<Uuid> {
        self.memberships.iter().filter(|place| place.kind == kind).map(|place| place.id).collect()
    }
}

impl Membership {
    /// `None` for a word that this version does not know: it grants nothing.
    fn of(kind: &str, id: Uuid, role: &str) -> Option<Self> {
        Some(Self { kind: OrganisationKind::named(kind)?, id, role: role.parse().ok()? })
    }
}

impl Grant {
    /// `None` for a word that this version does not know: it grants nothing.
    fn of(kind: &str, id: Uuid) -> Option<Self> {
        Some(Self { kind: OrganisationKind::named(kind)?, id })
    }
}

impl OrganisationKind {
    fn named(kind: &str) -> Option<Self> {
        match kind {
            "supplier" => Some(Self::Supplier),
            "restaurant" => Some(Self::Restaurant),
            _ => None,
        }
    }
}

/// Whether the viewer may see that restaurant: by membership or grant, or because it ordered from a supplier
/// that the viewer works for.
pub(crate) async fn sees_restaurant(
    sight: &Sight,
    viewer: &Viewer,
    restaurant_id: Uuid,
) -> Result<bool, ReadFailure> {
    if viewer.sees_cart_of(restaurant_id) || viewer.is_granted(OrganisationKind::Restaurant, restaurant_id) {
        return Ok(true);
    }
    let suppliers = viewer.suppliers();
    if suppliers.is_empty() {
        return Ok(false);
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM read.orders WHERE restaurant_id = $1 AND supplier_id = ANY($2))";
    Ok(sqlx::query_scalar(sql)
        .bind(restaurant_id)
        .bind(suppliers)
        .fetch_one(&mut *sight.connection().await)
        .await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewer(role: Role, memberships: Vec<Membership>) -> Viewer {
        Viewer { account_id: Uuid::nil(), role, memberships, grants: Vec::new(), position: 0 }
    }

    #[test]
    fn a_membership_opens_its_own_organisation_alone() {
        let (mine, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let staff = Membership { kind: OrganisationKind::Restaurant, id: mine, role: MemberRole::Staff };
        let viewer = viewer(Role::Restaurant, vec![staff]);
        assert!(viewer.sees_cart_of(mine) && !viewer.sees_cart_of(other));
        assert!(viewer.sees_order_between(mine, other) && !viewer.sees_order_between(other, mine));
        assert!(!viewer.sees_members_of(OrganisationKind::Restaurant, mine), "staff sees no e-mails");
    }

    #[test]
    fn admins_and_auditors_see_everything_and_partners_nothing_by_role() {
        let id = Uuid::from_u128(1);
        for (role, sees) in [(Role::Admin, true), (Role::Auditor, true), (Role::Partner, false)] {
            let viewer = viewer(role, Vec::new());
            assert_eq!((viewer.sees_cart_of(id), viewer.sees_order_between(id, id)), (sees, sees), "{role}");
        }
    }

    #[test]
    fn a_grant_opens_orders_and_neither_carts_nor_members_nor_endpoints() {
        let (granting, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for kind in [OrganisationKind::Restaurant, OrganisationKind::Supplier] {
            let grants = vec![Grant { kind, id: granting }];
            let viewer = Viewer { grants, ..viewer(Role::Partner, Vec::new()) };
            let is_buyer = kind == OrganisationKind::Restaurant;
            assert_eq!(viewer.sees_order_between(granting, other), is_buyer);
            assert_eq!(viewer.sees_order_between(other, granting), !is_buyer);
            assert_eq!(viewer.trading_as(kind), [granting]);
            assert!(!viewer.sees_cart_of(granting) && !viewer.sees_members_of(kind, granting));
            assert!(!viewer.sees_endpoint_of(Some(granting)) && viewer.restaurants().is_empty());
        }
    }

    #[test]
    fn endpoints_are_seen_by_owners_and_by_the_partner_whose_they_are() {
        let id = Uuid::from_u128(1);
        let place = |role| Membership { kind: OrganisationKind::Supplier, id, role };
        assert!(viewer(Role::Supplier, vec![place(MemberRole::Owner)]).sees_endpoint_of(Some(id)));
        assert!(!viewer(Role::Supplier, vec![place(MemberRole::Staff)]).sees_endpoint_of(Some(id)));
        assert!(Viewer { account_id: id, ..viewer(Role::Partner, Vec::new()) }.sees_endpoint_of(Some(id)));
        assert!(!viewer(Role::Partner, Vec::new()).sees_endpoint_of(None), "the operator's own");
        assert!(viewer(Role::Auditor, Vec::new()).sees_endpoint_of(None));
    }

    #[test]
    fn an_unknown_word_in_a_membership_grants_nothing() {
        assert_eq!(Membership::of("carrier", Uuid::nil(), "OWNER"), None);
        assert_eq!(Membership::of("supplier", Uuid::nil(), "BOSS"), None);
    }
}
