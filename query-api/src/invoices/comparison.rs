//! `GET /api/v1/invoices/{id}/comparison`.

use std::sync::Arc;

use axum::response::Response;
use events::{billing::Billing, fold::Folded, invoice::Invoice, order::Order};
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
};
use sqlx::types::Json;
use uuid::Uuid;

use super::{
    compared::InvoiceComparison,
    sight::{WHAT, as_shown_to},
};
use crate::{
    access::Viewer,
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen, checkpoint, names},
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
};

const MODELS: [ReadModel; 3] = [ReadModel::Invoices, ReadModel::Orders, ReadModel::Billing];

/// An invoice beside its order, line by line: what each says, what differs, and what others have billed.
///
/// For whoever may see the invoice; the order's side for those alone who may see the order.
#[utoipa::path(
    get, path = "/api/v1/invoices/{id}/comparison", tag = "invoices",
    params(("id" = Uuid, Path, description = "The invoice."), ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = InvoiceComparison),
        (status = 404, body = ErrorBody, description = "`invoice_not_found`."),
        ReadRefusals
    )
)]
pub(crate) async fn get_invoice_comparison(
    reader: Reader,
    Path(id): Path<Uuid>,
) -> Result<Response, ApiError> {
    let read = async |sight: Sight, viewer| comparison(&sight, viewer, id).await;
    Ok(answer::json(reader.one(&MODELS, || not_found(WHAT, id), read).await?))
}

/// Absent, too, while the order is not in its read model yet: the reader then waits for it.
async fn comparison(
    sight: &Sight,
    viewer: Arc<Viewer>,
    id: Uuid,
) -> Result<Seen<Option<InvoiceComparison>>, ReadFailure> {
    let sql = concat!(
        "SELECT c.position, i.state, o.state, b.state FROM ",
        checkpoint!(),
        " c LEFT JOIN read.invoices i ON i.invoice_id = $2
            LEFT JOIN read.orders o ON o.order_id = i.order_id
            LEFT JOIN read.order_billing b ON b.order_id = i.order_id"
    );
    let (position, invoice, order, billing): Row =
        sqlx::query_as(sql).bind(names(&MODELS)).bind(id).fetch_one(&mut *sight.connection().await).await?;
    let Some(Json(invoice)) = invoice.filter(|Json(invoice)| viewer.sees_invoice(&invoice.state)) else {
        return Ok(Seen { position, value: None });
    };
    let invoice = as_shown_to(&viewer, invoice);
    // An order that the sender has only named is not shown: anybody can name one. The one that was found is
    // shown to its own sides.
    if invoice.state.trade.is_none() {
        return Ok(Seen { position, value: Some(InvoiceComparison::of(id.into(), &invoice, None)) });
    }
    let sees =
        |order: &Order| viewer.sees_order_between(order.restaurant_id.into(), order.supplier_id.into());
    let billing = billing.map_or_else(Billing::default, |Json(billing)| billing.state);
    let value = order.map(|Json(order)| {
        let shown = Some((&order, &billing)).filter(|_| sees(&order.state));
        InvoiceComparison::of(id.into(), &invoice, shown)
    });
    Ok(Seen { position, value })
}

type Row = (i64, Option<Json<Folded<Invoice>>>, Option<Json<Folded<Order>>>, Option<Json<Folded<Billing>>>);
