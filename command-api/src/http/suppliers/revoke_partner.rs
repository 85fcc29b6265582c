//! `DELETE /api/v1/suppliers/{id}/partners/{account_id}`.

use axum::extract::State;
use events::resource::PartnerResource;
use platform::{body::Path, error::ApiError};
use uuid::Uuid;

use crate::{
    domain::supplier::RevokeSupplierPartner,
    http::{
        answers::{CommandHeaders, CommandRefusals, ExistingRefusals},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Revokes what a partner was granted by a supplier. OWNER and ADMIN.
#[utoipa::path(
    delete, path = "/api/v1/suppliers/{id}/partners/{account_id}", tag = "suppliers",
    params(("id" = Uuid, Path, description = "The supplier."), ("account_id" = Uuid, Path, description = "The partner's account."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = PartnerResource, description = "The partner that was; `ETag` is the supplier's revision.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        CommandRefusals, ExistingRefusals
    )
)]
pub(crate) async fn revoke_supplier_partner(
    State(state): State<CommandState>,
    asked: Asked,
    Path((id, account_id)): Path<(Uuid, Uuid)>,
) -> Result<Accepted, ApiError> {
    let command = RevokeSupplierPartner { supplier_id: id.into(), account_id: account_id.into() };
    asked.submit(&state, &(), command).await
}
