//! `POST /api/v1/suppliers/{id}/suspend`.

use axum::extract::State;
use deserr::Deserr;
use events::resource::SupplierResource;
use platform::{
    body::{Faults, OptionalJson, Path},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::supplier::SuspendSupplier,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::Reason,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Why a supplier is suspended.
#[derive(Debug, Clone, Default, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"reason": "Obetalda avgifter"}))]
pub(crate) struct SupplierSuspension {
    /// The reason, for the history.
    #[deserr(default)]
    reason: Option<Reason>,
}

/// The supplier may not sell until reinstated. ADMIN only.
#[utoipa::path(
    post, path = "/api/v1/suppliers/{id}/suspend", tag = "suppliers",
    request_body = Option<SupplierSuspension>,
    params(("id" = Uuid, Path, description = "The supplier."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = SupplierResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`invalid_transition`: it is not active; `details` \
            name the state."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn suspend_supplier(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    OptionalJson(body): OptionalJson<SupplierSuspension>,
) -> Result<Accepted, ApiError> {
    let reason = body.reason.clone().map(Reason::into_string);
    asked.submit(&state, &body, SuspendSupplier { supplier_id: id.into(), reason }).await
}
