//! `DELETE /api/v1/suppliers/{id}/members/{account_id}`.

use axum::extract::State;
use events::resource::MemberResource;
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
};
use uuid::Uuid;

use crate::{
    domain::supplier::RemoveSupplierMember,
    http::{
        answers::{CommandHeaders, CommandRefusals, ExistingRefusals},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Removes a member from a supplier; at least one OWNER stays. OWNER and ADMIN.
#[utoipa::path(
    delete, path = "/api/v1/suppliers/{id}/members/{account_id}", tag = "suppliers",
    params(("id" = Uuid, Path, description = "The supplier."), ("account_id" = Uuid, Path, description = "The member."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = MemberResource, description = "The member that was; `ETag` is the supplier's revision.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`last_owner`."),
        CommandRefusals, ExistingRefusals
    )
)]
pub(crate) async fn remove_supplier_member(
    State(state): State<CommandState>,
    asked: Asked,
    Path((id, account_id)): Path<(Uuid, Uuid)>,
) -> Result<Accepted, ApiError> {
    let command = RemoveSupplierMember { supplier_id: id.into(), account_id: account_id.into() };
    asked.submit(&state, &(), command).await
}
