//! `DELETE /api/v1/webhook-endpoints/{id}`.

use axum::extract::State;
use events::resource::WebhookEndpointResource;
use platform::{body::Path, error::ApiError};
use uuid::Uuid;

use crate::{
    domain::webhook_endpoint::DeleteWebhookEndpoint,
    http::{
        answers::{CommandHeaders, CommandRefusals, ExistingRefusals},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Deletes a webhook endpoint for good; what waits for it is not sent. Its owner and ADMIN.
#[utoipa::path(
    delete, path = "/api/v1/webhook-endpoints/{id}", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The endpoint."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = WebhookEndpointResource, description = "The endpoint that was.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        CommandRefusals, ExistingRefusals
    )
)]
pub(crate) async fn delete_webhook_endpoint(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
) -> Result<Accepted, ApiError> {
    asked.submit(&state, &(), DeleteWebhookEndpoint { webhook_endpoint_id: id.into() }).await
}
