//! What is still to be delivered.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use events::{
    fold::Folded,
    order::{Order, OrderedLine},
    values::{ProductId, Quantity, decimal, swedish_day},
};
use serde::Serialize;
use sqlx::types::Json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::outlook::PRODUCTS_MAX;
use crate::{
    failure::ReadFailure,
    freshness::{ReadModel, Seen, checkpoint, names},
    sight::Sight,
};

/// Open orders that are looked at, of each status, the newest; who has more open has other worries.
const ORDERS_MAX: i64 = 1_000;

/// What is still to be delivered on a day.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct DueDay {
    /// The day, in Sweden.
    pub(super) day: NaiveDate,
    /// Orders that are placed or confirmed.
    pub(super) orders: usize,
    /// Their lines.
    pub(super) lines: usize,
    /// How much of each product, by name.
    pub(super) products: Vec<DueProduct>,
}

/// How much of a product is to be delivered on a day.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DueProduct {
    /// The product.
    pub(super) product_id: ProductId,
    /// Its name when it was ordered last.
    pub(super) name: String,
    /// UN/ECE code of the unit.
    #[schema(example = "KGM")]
    pub(super) unit: String,
    /// Over all orders of the day.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "42.5")]
    pub(super) qty: Quantity,
}

/// Of those days, and whether there is more of it.
pub(super) async fn due_on(
    sight: &Sight,
    models: &[ReadModel],
    supplier_id: Uuid,
    days: [NaiveDate; 2],
) -> Result<Seen<([DueDay; 2], bool)>, ReadFailure> {
    // By index `orders_supplier_status_newest`, a status at a time.
    let sql = concat!(
        "SELECT c.position, o.state FROM ",
        checkpoint!(),
        " c LEFT JOIN LATERAL (
            (SELECT state FROM read.orders WHERE supplier_id = $2 AND status = 'placed'
             ORDER BY placed_at DESC, order_id DESC LIMIT $3)
            UNION ALL
            (SELECT state FROM read.orders WHERE supplier_id = $2 AND status = 'confirmed'
             ORDER BY placed_at DESC, order_id DESC LIMIT $3)
          ) o ON true"
    );
    let query = sqlx::query_as::<_, (i64, Option<Json<Folded<Order>>>)>(sql);
    let query = query.bind(names(models)).bind(supplier_id).bind(ORDERS_MAX);
    let rows = query.fetch_all(&mut *sight.connection().await).await?;
    let position = rows.first().map_or(0, |row| row.0);
    let orders: Vec<Order> = rows.into_iter().filter_map(|row| Some(row.1?.0.state)).collect();
    let are_cut = usize::try_from(ORDERS_MAX).is_ok_and(|max| orders.len() >= max);
    let mut is_cut = are_cut;
    let due = days.map(|day| {
        let (due, is_day_cut) = DueDay::of(day, orders.iter().filter(|order| is_due(order, day)));
        is_cut |= is_day_cut;
        due
    });
    Ok(Seen { position, value: (due, is_cut) })
}

fn is_due(order: &Order, day: NaiveDate) -> bool {
    // The same day that its demand counts for.
    let next = swedish_day(order.placed_at) + Days::new(1);
    order.requested_delivery_date.unwrap_or(next) == day
}

impl DueDay {
    fn of<'a>(day: NaiveDate, orders: impl Iterator<Item = &'a Order>) -> (Self, bool) {
        let mut due = Self { day, ..Self::default() };
        let mut by_product: BTreeMap<ProductId, DueProduct> = BTreeMap::new();
        for order in orders {
            due.orders += 1;
            due.lines += order.lines.len();
            for line in order.lines.iter().map(|line| &line.ordered) {
                let product = by_product.entry(line.product_id).or_insert_with(|| DueProduct::of(line));
                product.qty = product.qty + line.quantity;
            }
        }
        let mut products: Vec<DueProduct> = by_product.into_values().collect();
        products.sort_by(|one, other| one.name.cmp(&other.name).then(one.product_id.cmp(&other.product_id)));
        let is_cut = products.len() > PRODUCTS_MAX;
        products.truncate(PRODUCTS_MAX);
        due.products = products;
        (due, is_cut)
    }
}

impl DueProduct {
    fn of(line: &OrderedLine) -> Self {
        let OrderedLine { product_id, name, unit, .. } = line;
        Self { product_id: *product_id, name: name.clone(), unit: unit.clone(), qty: Quantity::ZERO }
    }
}
