//! Products: public to every account.

pub(crate) mod get;
pub(crate) mod list;
mod search;

use chrono::NaiveDate;
use events::{fold::Folded, product::Product, resource::ProductResource, stock::Stock, values::Quantity};
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use crate::{freshness::ReadModel, listing};

const MODELS: [ReadModel; 1] = [ReadModel::Catalogue];
/// What [`ProductRow::read`] reads.
const COLUMNS: &str = "product_id AS id, created_at AS at, state, on_hand, allocated";

/// A product with its stock.
struct ProductRow {
    product: Folded<Product>,
    stock: Stock,
}

impl ProductRow {
    fn read(row: &PgRow) -> sqlx::Result<Self> {
        let (on_hand, allocated) = (Quantity(row.try_get("on_hand")?), Quantity(row.try_get("allocated")?));
        Ok(Self { product: listing::state(row)?, stock: Stock { on_hand, allocated, ..Stock::default() } })
    }

    fn resource(&self, id: Uuid, today: NaiveDate) -> ProductResource {
        ProductResource::of(id.into(), &self.product, &self.stock, today)
    }
}
