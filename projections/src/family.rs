//! Projections that are rebuilt and swapped together, because they write the same tables.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    projection::{Projection, ReadTable},
    schema::SchemaName,
};

/// Projections with tables that no other projection writes.
///
/// Mostly one; suppliers and restaurants share their tables of members, so neither can be exchanged alone.
#[derive(Clone)]
pub struct Family {
    projections: Vec<Arc<dyn Projection>>,
}

impl Family {
    /// Every family, in the order of the given projections.
    pub fn all_of(projections: &[Arc<dyn Projection>]) -> Vec<Self> {
        let mut families: Vec<Self> = Vec::new();
        for projection in projections {
            let mut joined = Self { projections: vec![Arc::clone(projection)] };
            let is_apart = |family: &Self| family.tables().is_disjoint(&joined.tables());
            let (apart, related): (Vec<Self>, Vec<Self>) = families.into_iter().partition(is_apart);
            let members = related.into_iter().flat_map(|family| family.projections);
            joined.projections = members.chain(joined.projections).collect();
            families = apart;
            families.push(joined);
        }
        families
    }

    /// The family that the projection of that name belongs to.
    pub fn with(projections: &[Arc<dyn Projection>], name: &str) -> Option<Self> {
        Self::all_of(projections).into_iter().find(|family| family.names().contains(name))
    }

    /// What it is called: the first name of its projections.
    pub fn name(&self) -> &'static str {
        self.names().first().expect("a family has a member")
    }

    /// The names of its projections.
    pub fn names(&self) -> BTreeSet<&'static str> {
        self.projections.iter().map(|projection| projection.identity().name).collect()
    }

    /// Its projections.
    pub fn projections(&self) -> &[Arc<dyn Projection>] {
        &self.projections
    }

    /// Where it is built beside the live rows.
    pub fn next_schema(&self) -> SchemaName {
        self.schema("read_next")
    }

    /// Where the rows that were live before are kept.
    pub fn old_schema(&self) -> SchemaName {
        self.schema("read_old")
    }

    pub(crate) fn tables(&self) -> BTreeSet<ReadTable> {
        self.projections.iter().flat_map(|projection| projection.identity().tables).copied().collect()
    }

    fn schema(&self, prefix: &str) -> SchemaName {
        format!("{prefix}_{}", self.name()).parse().expect("projections have short plain names")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::all;

    #[test]
    fn projections_that_share_a_table_are_one_family_and_no_others() {
        let families = Family::all_of(&all());
        let shared: Vec<_> = families.iter().filter(|family| family.projections.len() > 1).collect();
        assert_eq!(shared.len(), 1);
        assert_eq!(shared[0].names(), BTreeSet::from(["restaurants", "suppliers"]));
        let members: usize = families.iter().map(|family| family.projections.len()).sum();
        assert_eq!(members, all().len());
    }

    #[test]
    fn every_family_has_a_schema_to_be_built_in_and_one_to_be_kept_in() {
        for family in Family::all_of(&all()) {
            assert!(family.next_schema().is_scratch() && family.old_schema().is_scratch());
        }
        let orders = Family::with(&all(), "orders").unwrap();
        assert_eq!(orders.next_schema().as_str(), "read_next_orders");
        assert_eq!(orders.old_schema().as_str(), "read_old_orders");
        assert!(Family::with(&all(), "nobody").is_none());
    }
}
