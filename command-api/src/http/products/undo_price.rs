//! `POST /api/v1/products/{id}/price/undo`.

use axum::extract::State;
use events::resource::ProductResource;
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
};
use uuid::Uuid;

use crate::{
    domain::product::UndoPrice,
    http::{
        answers::{CommandHeaders, CommandRefusals, ExistingRefusals},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Takes back the last change that a rule made: the product costs what it did before, and rules leave it alone for 24
/// hours. Members of its supplier and ADMIN.
#[utoipa::path(
    post, path = "/api/v1/products/{id}/price/undo", tag = "price-rules",
    params(("id" = Uuid, Path, description = "The product."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = ProductResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`invalid_transition`: no rule has moved the price since the \
            supplier set it."),
        CommandRefusals, ExistingRefusals
    )
)]
pub(crate) async fn undo_price(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
) -> Result<Accepted, ApiError> {
    asked.submit(&state, &(), UndoPrice { product_id: id.into() }).await
}
