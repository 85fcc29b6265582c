//! Who may see what.
//!
//! `ADMIN` and `AUDITOR` see everything. Suppliers and products are public to every account. The rest
//! follows from memberships: a restaurant is seen by its members and by suppliers that it ordered from, its
//! carts by its members, an order by the members of both sides.

use events::values::{MemberRole, Role};
use platform::{auth::Identity, error::ApiError};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    failure::ReadFailure,
    freshness::{ReadModel, checkpoint, names},
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
    /// The position up to which the memberships are complete.
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
    /// The caller with its memberships of this moment.
    pub(crate) async fn load(pool: &PgPool, account_id: Uuid, role: Role) -> Result<Self, ReadFailure> {
        if sees_everything(role) {
            return Ok(Self { account_id, role, memberships: Vec::new(), position: i64::MAX });
        }
        let sql = concat!(
            "SELECT c.position, m.organisation_kind, m.organisation_id, m.role FROM ",
            checkpoint!(),
            " c LEFT JOIN read.memberships m ON m.account_id = $2"
        );
        let rows: Vec<MembershipRow> =
            sqlx::query_as(sql).bind(names(&MEMBERSHIPS)).bind(account_id).fetch_all(pool).await?;
        let position = rows.first().map_or(0, |row| row.0);
        let membership = |(_, kind, id, role): MembershipRow| Membership::of(&kind?, id?, &role?);
        Ok(Self {
            account_id,
            role,
            memberships: rows.into_iter().filter_map(membership).collect(),
            position,
        })
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
        self.sees_cart_of(restaurant_id) || self.place_in(OrganisationKind::Supplier, supplier_id).is_some()
    }

    /// May see who works for that organisation, whose e-mails are personal data: its owners alone.
    pub fn sees_members_of(&self, kind: OrganisationKind, id: Uuid) -> bool {
        self.sees_everything() || self.place_in(kind, id) == Some(MemberRole::Owner)
    }

    fn organisations(&self, kind: OrganisationKind) -> Vec<Uuid> {
        self.memberships.iter().filter(|place| place.kind == kind).map(|place| place.id).collect()
    }
}

/// Position, kind, organisation and role; all but the position are absent in the row of an empty list.
type MembershipRow = (i64, Option<String>, Option<Uuid>, Option<String>);

impl Membership {
    /// `None` for a word that this version does not know: it grants nothing.
    fn of(kind: &str, id: Uuid, role: &str) -> Option<Self> {
        let kind = match kind {
            "supplier" => OrganisationKind::Supplier,
            "restaurant" => OrganisationKind::Restaurant,
            _ => return None,
        };
        Some(Self { kind, id, role: role.parse().ok()? })
    }
}

/// Whether the viewer may see that restaurant: by membership, or because it ordered from a supplier that the
/// viewer works for.
pub(crate) async fn sees_restaurant(
    pool: &PgPool,
    viewer: &Viewer,
    restaurant_id: Uuid,
) -> Result<bool, ReadFailure> {
    if viewer.sees_cart_of(restaurant_id) {
        return Ok(true);
    }
    let suppliers = viewer.suppliers();
    if suppliers.is_empty() {
        return Ok(false);
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM read.orders WHERE restaurant_id = $1 AND supplier_id = ANY($2))";
    Ok(sqlx::query_scalar(sql).bind(restaurant_id).bind(suppliers).fetch_one(pool).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewer(role: Role, memberships: Vec<Membership>) -> Viewer {
        Viewer { account_id: Uuid::nil(), role, memberships, position: 0 }
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
    fn an_unknown_word_in_a_membership_grants_nothing() {
        assert_eq!(Membership::of("carrier", Uuid::nil(), "OWNER"), None);
        assert_eq!(Membership::of("supplier", Uuid::nil(), "BOSS"), None);
    }
}
