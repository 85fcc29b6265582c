//! Which series a page of the list holds: the SQL, and the place of a row.

use events::values::Quantity;
use platform::paging::Page;
use serde::{Deserialize, Serialize};
use sqlx::{Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::{
    MODELS,
    list::ForecastFilter,
    series::{COLUMNS, Series, present},
};
use crate::{
    access::{OrganisationKind, Viewer},
    failure::ReadFailure,
    freshness::Seen,
    listing::{Placed, Take, comes_again, count, open, push_bounds},
    sight::Sight,
};

/// The place of a series in the list: by product, its restaurants first, and the total of all of them last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ByProduct {
    product_id: Uuid,
    restaurant_id: Option<Uuid>,
}

/// Whose series are looked at.
#[derive(Debug)]
enum Scope {
    /// Everybody's, by restaurant and in total.
    Everything,
    /// What these restaurants buy each, and what these suppliers sell in total.
    Sides { restaurants: Vec<Uuid>, suppliers: Vec<Uuid> },
}

/// A list before it is read.
pub(super) struct Places<'a> {
    scope: Scope,
    filter: ForecastFilter,
    page: &'a Page,
    after: Option<ByProduct>,
}

impl<'a> Places<'a> {
    /// Whoever may not see what the filter names has been refused before.
    pub(super) fn of(
        viewer: &Viewer,
        filter: ForecastFilter,
        page: &'a Page,
        after: Option<ByProduct>,
    ) -> Self {
        let scope = match (filter.restaurant_id, filter.supplier_id) {
            (Some(id), _) => Scope::Sides { restaurants: vec![id], suppliers: Vec::new() },
            (None, Some(id)) if viewer.sees_everything() => {
                Scope::Sides { restaurants: Vec::new(), suppliers: vec![id] }
            }
            (None, None) if viewer.sees_everything() => Scope::Everything,
            (None, _) => Scope::Sides {
                restaurants: viewer.trading_as(OrganisationKind::Restaurant),
                suppliers: viewer.trading_as(OrganisationKind::Supplier),
            },
        };
        Self { scope, filter, page, after }
    }

    /// The rows of the page, and one more where there is a next one.
    pub(super) async fn read(
        &self,
        sight: &Sight,
    ) -> Result<Seen<Vec<Placed<ByProduct, Series>>>, ReadFailure> {
        let mut sql = open(&MODELS);
        sql.push(format_args!(
            "SELECT {COLUMNS} FROM forecast.current f JOIN forecast.runs r ON r.run_id = f.run_id
             CROSS JOIN LATERAL (SELECT * FROM ("
        ));
        match &self.scope {
            Scope::Everything => self.push_everything(&mut sql),
            Scope::Sides { restaurants, suppliers } => {
                self.push_restaurants(&mut sql, restaurants);
                sql.push(" UNION ALL ");
                self.push_suppliers(&mut sql, suppliers);
            }
        }
        sql.push(") b ORDER BY product_id, restaurant_id");
        push_bounds(&mut sql, self.page, Take::Page);
        sql.push(") s LEFT JOIN read.products n ON n.product_id = s.product_id");
        sql.push(") p ON true ORDER BY p.product_id, p.restaurant_id");
        let keep = comes_again(&sql);
        let rows = sql.build().persistent(keep).fetch_all(&mut *sight.connection().await).await?;
        let position = rows.first().map(|row| row.try_get("position")).transpose()?.unwrap_or(0);
        let mut placed = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(item) = present(row)? else { continue };
            let key = ByProduct { product_id: item.product_id, restaurant_id: item.restaurant_id };
            placed.push(Placed { key, item });
        }
        Ok(Seen { position, value: placed })
    }

    /// How many there are on all pages together.
    pub(super) async fn total(&self, sight: &Sight) -> Result<u64, ReadFailure> {
        const SERIES: &str =
            "SELECT 1 FROM forecast.current f JOIN forecast.series s ON s.slot = f.slot WHERE ";
        let mut sql = QueryBuilder::new("SELECT count(*) FROM (");
        match &self.scope {
            Scope::Everything => {
                sql.push(SERIES).push("true");
            }
            // Each by its own index, as the page; an OR of them is looked up in neither.
            Scope::Sides { restaurants, suppliers } => {
                sql.push(SERIES).push("s.restaurant_id = ANY(").push_bind(restaurants.clone()).push(")");
                self.push_filter(&mut sql);
                sql.push(" UNION ALL ").push(SERIES);
                sql.push("s.restaurant_id IS NULL AND s.supplier_id = ANY(");
                sql.push_bind(suppliers.clone()).push(")");
            }
        }
        self.push_filter(&mut sql);
        sql.push(") b");
        count(sight, sql).await
    }

    /// By index `series_of_product`, which is the list's order.
    fn push_everything(&self, sql: &mut QueryBuilder<'static, Postgres>) {
        sql.push("(SELECT s.* FROM forecast.series s WHERE s.slot = f.slot");
        self.push_filter(sql);
        match self.after {
            None => {}
            Some(ByProduct { product_id, restaurant_id: None }) => {
                sql.push(" AND s.product_id > ").push_bind(product_id);
            }
            Some(ByProduct { product_id, restaurant_id: Some(restaurant_id) }) => {
                // A row comparison lets the index start at the place itself, and is not true of the product's total.
                sql.push(" AND (s.product_id, s.restaurant_id) > (").push_bind(product_id);
                sql.push(", ").push_bind(restaurant_id).push(")");
            }
        }
        self.push_window(sql);
        sql.push(")");
        if let Some(ByProduct { product_id, restaurant_id: Some(_) }) = self.after {
            sql.push(" UNION ALL (SELECT s.* FROM forecast.series s WHERE s.slot = f.slot AND s.restaurant_id IS NULL");
            self.push_filter(sql);
            sql.push(" AND s.product_id = ").push_bind(product_id).push(")");
        }
    }

    /// One scan of index `series_of_restaurant` per restaurant, each no longer than the page.
    fn push_restaurants(&self, sql: &mut QueryBuilder<'static, Postgres>, own: &[Uuid]) {
        sql.push("SELECT b.* FROM unnest(").push_bind(own.to_vec()).push(") AS own(id) CROSS JOIN LATERAL (");
        sql.push("SELECT s.* FROM forecast.series s WHERE s.slot = f.slot AND s.restaurant_id = own.id");
        self.push_filter(sql);
        match self.after {
            None => {}
            Some(ByProduct { product_id, restaurant_id: None }) => {
                sql.push(" AND s.product_id > ").push_bind(product_id);
            }
            Some(ByProduct { product_id, restaurant_id: Some(restaurant_id) }) => {
                sql.push(" AND s.product_id >= ").push_bind(product_id);
                sql.push(" AND (s.product_id > ").push_bind(product_id);
                sql.push(" OR own.id > ").push_bind(restaurant_id).push(")");
            }
        }
        self.push_window(sql);
        sql.push(") b");
    }

    /// One scan of index `series_of_supplier` per supplier, each no longer than the page.
    fn push_suppliers(&self, sql: &mut QueryBuilder<'static, Postgres>, own: &[Uuid]) {
        sql.push("SELECT b.* FROM unnest(").push_bind(own.to_vec()).push(") AS own(id) CROSS JOIN LATERAL (");
        sql.push(
            "SELECT s.* FROM forecast.series s \
             WHERE s.slot = f.slot AND s.supplier_id = own.id AND s.restaurant_id IS NULL",
        );
        self.push_filter(sql);
        if let Some(ByProduct { product_id, restaurant_id }) = self.after {
            // A product's total follows its restaurants.
            sql.push(if restaurant_id.is_some() { " AND s.product_id >= " } else { " AND s.product_id > " });
            sql.push_bind(product_id);
        }
        self.push_window(sql);
        sql.push(") b");
    }

    fn push_filter(&self, sql: &mut QueryBuilder<'static, Postgres>) {
        if let Some(id) = self.filter.product_id {
            sql.push(" AND s.product_id = ").push_bind(id);
        }
        if let Some(id) = self.filter.supplier_id {
            sql.push(" AND s.supplier_id = ").push_bind(id);
        }
    }

    /// Whatever can come into the page from one branch, the offset included.
    fn push_window(&self, sql: &mut QueryBuilder<'static, Postgres>) {
        sql.push(" ORDER BY s.product_id, s.restaurant_id");
        push_bounds(sql, self.page, Take::Branch);
    }
}

/// The quantities of a day under the names of their levels.
pub(super) type ByLevel = std::collections::BTreeMap<String, String>;

/// Those of all levels that are kept, by [`forecasting::LEVELS`].
pub(super) fn by_level(quantity: impl Fn(usize) -> Quantity) -> ByLevel {
    let levels = forecasting::LEVELS.iter().enumerate();
    levels.map(|(place, level)| (level.to_string(), quantity(place).to_string())).collect()
}
