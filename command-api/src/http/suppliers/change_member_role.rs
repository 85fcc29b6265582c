//! `PATCH /api/v1/suppliers/{id}/members/{account_id}`.

use axum::extract::State;
use deserr::Deserr;
use events::{resource::MemberResource, values::MemberRole};
use platform::{
    body::{Faults, Json, Path},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::supplier::ChangeSupplierMemberRole,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::Choice,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// A member's new place in a supplier.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"role": "OWNER"}))]
pub(crate) struct SupplierMemberPlace {
    /// As what.
    #[schema(value_type = MemberRole)]
    role: Choice<MemberRole>,
}

/// Changes a member's role in a supplier; at least one OWNER stays. OWNER and ADMIN.
#[utoipa::path(
    patch, path = "/api/v1/suppliers/{id}/members/{account_id}", tag = "suppliers",
    request_body = SupplierMemberPlace,
    params(("id" = Uuid, Path, description = "The supplier."), ("account_id" = Uuid, Path, description = "The member."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = MemberResource, description = "The member; `ETag` is the supplier's revision.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`last_owner`."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn change_supplier_member_role(
    State(state): State<CommandState>,
    asked: Asked,
    Path((id, account_id)): Path<(Uuid, Uuid)>,
    Json(body): Json<SupplierMemberPlace>,
) -> Result<Accepted, ApiError> {
    let command =
        ChangeSupplierMemberRole { supplier_id: id.into(), account_id: account_id.into(), role: body.role.0 };
    asked.submit(&state, &body, command).await
}
