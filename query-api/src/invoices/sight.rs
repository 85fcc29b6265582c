//! What of an invoice its viewer gets to see.

use std::sync::Arc;

use events::{fold::Folded, invoice::Invoice};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{
    access::Viewer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen, checkpoint, names},
    sight::Sight,
};

pub(super) const MODELS: [ReadModel; 1] = [ReadModel::Invoices];
pub(super) const WHAT: &str = "invoice";

/// The invoice of that id, as far as the viewer may see it.
pub(super) async fn visible_invoice(
    sight: &Sight,
    viewer: Arc<Viewer>,
    id: Uuid,
) -> Result<Seen<Option<Folded<Invoice>>>, ReadFailure> {
    let sql = concat!(
        "SELECT c.position, i.state FROM ",
        checkpoint!(),
        " c LEFT JOIN read.invoices i ON i.invoice_id = $2"
    );
    let (position, state): (i64, Option<Json<Folded<Invoice>>>) =
        sqlx::query_as(sql).bind(names(&MODELS)).bind(id).fetch_one(&mut *sight.connection().await).await?;
    let visible = state.filter(|Json(invoice)| viewer.sees_invoice(&invoice.state));
    Ok(Seen { position, value: visible.map(|Json(invoice)| as_shown_to(&viewer, invoice)) })
}

/// Without what is between two others, where the viewer is neither.
pub(super) fn as_shown_to(viewer: &Viewer, mut folded: Folded<Invoice>) -> Folded<Invoice> {
    if !viewer.is_party_to(&folded.state) {
        folded.state = folded.state.for_its_sender();
    }
    folded
}
