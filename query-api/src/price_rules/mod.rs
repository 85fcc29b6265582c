//! Price rules, as the members of their supplier see them, and those who see everything.

pub(crate) mod get;
pub(crate) mod list;

use crate::{
    access::{OrganisationKind, Viewer},
    freshness::ReadModel,
};
use uuid::Uuid;

pub(crate) const MODELS: [ReadModel; 1] = [ReadModel::PriceRules];

/// How a supplier sets its prices is its own affair: its members', and no partner's.
pub(crate) fn sees_prices_of(viewer: &Viewer, supplier_id: Uuid) -> bool {
    viewer.sees_everything() || viewer.place_in(OrganisationKind::Supplier, supplier_id).is_some()
}
