//! `POST /api/v1/suppliers/{id}/members`.

use axum::extract::State;
use deserr::Deserr;
use events::{
    resource::MemberResource,
    values::{LoginAddress, MemberRole},
};
use platform::{
    body::{Faults, Json, Path},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::supplier::AddSupplierMember,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::{Choice, EmailAddress},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Who is to work for a supplier.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"email": "anna@grossisten.example", "role": "STAFF"}))]
pub(crate) struct NewSupplierMember {
    /// Whose address; an unknown one becomes an invited account.
    #[schema(value_type = String, format = "email", max_length = 254)]
    email: EmailAddress,
    /// As what.
    #[schema(value_type = MemberRole)]
    role: Choice<MemberRole>,
}

/// Adds a member to a supplier. OWNER and ADMIN.
#[utoipa::path(
    post, path = "/api/v1/suppliers/{id}/members", tag = "suppliers",
    request_body = NewSupplierMember,
    params(("id" = Uuid, Path, description = "The supplier."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = MemberResource, description = "The same request again: the answer it got then.", headers(
            ("Idempotency-Replayed" = bool, description = "`true`.")
        )),
        (status = 201, body = MemberResource, description = "As the command left it.", headers(
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        ), example = json!({"account_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a23", "email": "anna@grossisten.example", "role": "STAFF"})),
        (status = 409, body = ErrorBody, description = "`already_member`."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn add_supplier_member(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Json(body): Json<NewSupplierMember>,
) -> Result<Accepted, ApiError> {
    let command = AddSupplierMember {
        supplier_id: id.into(),
        address: LoginAddress::new(state.ids.next(), body.email.clone().into_string()),
        role: body.role.0,
    };
    asked.submit(&state, &body, command).await
}
