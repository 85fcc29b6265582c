//! An order with both of its sides: what documents are made of.

use std::sync::Arc;

use events::{fold::Folded, order::Order, restaurant::Restaurant, supplier::Supplier};
use sqlx::types::Json;
use uuid::Uuid;

use super::get::sees;
use crate::{
    access::Viewer,
    documents::{PdfFault, Trade},
    failure::ReadFailure,
    freshness::{ReadModel, Seen, checkpoint, names},
    sight::Sight,
};

pub(super) const MODELS: [ReadModel; 3] = [ReadModel::Orders, ReadModel::Suppliers, ReadModel::Restaurants];

/// The order of that id with its sides, if the viewer may see it.
///
/// Absent, too, while a side is not in its read model yet: the reader then waits for it.
pub(super) async fn visible_trade(
    sight: &Sight,
    viewer: Arc<Viewer>,
    id: Uuid,
) -> Result<Seen<Option<Trade>>, ReadFailure> {
    let sql = concat!(
        "SELECT c.position, o.state, s.state, r.state FROM ",
        checkpoint!(),
        " c LEFT JOIN (read.orders o
              JOIN read.suppliers s ON s.supplier_id = o.supplier_id
              JOIN read.restaurants r ON r.restaurant_id = o.restaurant_id
          ) ON o.order_id = $2"
    );
    let (position, order, supplier, restaurant): Row =
        sqlx::query_as(sql).bind(names(&MODELS)).bind(id).fetch_one(&mut *sight.connection().await).await?;
    let sides = order.zip(supplier).zip(restaurant);
    let trade = sides.map(|((Json(order), Json(supplier)), Json(restaurant))| Trade {
        order_id: id.into(),
        order,
        supplier: supplier.state,
        restaurant: restaurant.state,
    });
    Ok(Seen { position, value: trade.filter(|trade| sees(&viewer, &trade.order.state)) })
}

type Row =
    (i64, Option<Json<Folded<Order>>>, Option<Json<Folded<Supplier>>>, Option<Json<Folded<Restaurant>>>);

/// A PDF, made beside the threads that answer requests: a long one takes milliseconds of computing.
pub(super) async fn rendered(
    render: impl FnOnce() -> Result<Vec<u8>, PdfFault> + Send + 'static,
) -> Result<Vec<u8>, ReadFailure> {
    Ok(tokio::task::spawn_blocking(render).await??)
}
