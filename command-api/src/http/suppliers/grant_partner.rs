//! `POST /api/v1/suppliers/{id}/partners`.

use axum::extract::State;
use deserr::Deserr;
use events::{resource::PartnerResource, values::LoginAddress};
use platform::{
    body::{Faults, Json, Path},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::supplier::GrantSupplierPartner,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::EmailAddress,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Which partner is to see and hear of what concerns a supplier.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"email": "integration@partner.example"}))]
pub(crate) struct NewSupplierPartner {
    /// Whose address; an unknown one becomes an invited account with the role PARTNER.
    #[schema(value_type = String, format = "email", max_length = 254)]
    email: EmailAddress,
}

/// Grants a partner what concerns a supplier: its orders to read, its events to hear of. OWNER and ADMIN.
#[utoipa::path(
    post, path = "/api/v1/suppliers/{id}/partners", tag = "suppliers",
    request_body = NewSupplierPartner,
    params(("id" = Uuid, Path, description = "The supplier."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = PartnerResource, description = "The same request again: the answer it got then.", headers(
            ("Idempotency-Replayed" = bool, description = "`true`.")
        )),
        (status = 201, body = PartnerResource, description = "As the command left it.", headers(
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        ), example = json!({"account_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a23", "email": "integration@partner.example"})),
        (status = 409, body = ErrorBody, description = "`not_a_partner`: the account has another role than PARTNER; `already_partner`."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn grant_supplier_partner(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Json(body): Json<NewSupplierPartner>,
) -> Result<Accepted, ApiError> {
    let command = GrantSupplierPartner {
        supplier_id: id.into(),
        address: LoginAddress::new(state.ids.next(), body.email.clone().into_string()),
    };
    asked.submit(&state, &body, command).await
}
