//! The tables' table of contents.

use super::{reading, row::Row};

const TABLES: [&str; 11] = [
    include_str!("tables/open.txt"),
    include_str!("tables/suppliers.txt"),
    include_str!("tables/restaurants.txt"),
    include_str!("tables/products.txt"),
    include_str!("tables/trade.txt"),
    include_str!("tables/invoices.txt"),
    include_str!("tables/webhooks.txt"),
    include_str!("tables/personal.txt"),
    include_str!("tables/audit.txt"),
    include_str!("tables/forecasts.txt"),
    include_str!("tables/prices.txt"),
];

/// Every row there is.
pub fn rows() -> Vec<Row> {
    TABLES.iter().flat_map(|table| reading::rows(table)).collect()
}
