//! `DELETE /api/v1/products/{id}`.

use axum::extract::State;
use events::resource::ProductResource;
use platform::{body::Path, error::ApiError};
use uuid::Uuid;

use crate::{
    domain::product::DeactivateProduct,
    http::{
        answers::{CommandHeaders, CommandRefusals, ExistingRefusals},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Ceases to offer a product; orders that have it go on. Members of its supplier and ADMIN.
///
/// Doing it again changes nothing; `PATCH` with `active` true takes it up again.
#[utoipa::path(
    delete, path = "/api/v1/products/{id}", tag = "products",
    params(("id" = Uuid, Path, description = "The product."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = ProductResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        CommandRefusals, ExistingRefusals
    )
)]
pub(crate) async fn deactivate_product(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
) -> Result<Accepted, ApiError> {
    asked.submit(&state, &(), DeactivateProduct { product_id: id.into() }).await
}
