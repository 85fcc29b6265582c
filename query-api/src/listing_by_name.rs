//! Lists by the name of a product; the id breaks ties.

use platform::paging::Page;
use serde::{Deserialize, Serialize};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

/// The place of a product in a list by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ByName {
    pub(crate) name: String,
    pub(crate) id: Uuid,
}

/// What [`push_window`] sorts by, of products `p`.
const NAME: &str = "(p.state #>> '{state,details,name}')";

/// Pushes ` AND (name, id) > (…) ORDER BY … LIMIT …`; a `WHERE` that leaves few rows must stand before it, for no index
/// is in this order.
pub(crate) fn push_window(sql: &mut QueryBuilder<'static, Postgres>, after: Option<ByName>, page: &Page) {
    if let Some(after) = after {
        sql.push(format_args!(" AND ({NAME}, p.product_id) > ("));
        sql.push_bind(after.name).push(", ").push_bind(after.id).push(")");
    }
    sql.push(format_args!(" ORDER BY {NAME}, p.product_id LIMIT "));
    sql.push_bind(page.limit_i64() + 1).push(" OFFSET ").push_bind(page.offset_i64());
}
