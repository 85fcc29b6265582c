//! `POST /api/v1/webhook-endpoints/{id}/ping`.

use axum::extract::State;
use events::resource::WebhookPingResource;
use platform::{
    body::{OptionalJson, Path},
    error::ApiError,
};
use uuid::Uuid;

use crate::{
    domain::webhook_endpoint::PingWebhookEndpoint,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::Nothing,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Sends one event, `iris.webhook.ping.v1`, to see whether the endpoint answers. Its owner and ADMIN.
///
/// What came of it stands in the endpoint's deliveries, under `event_id`.
#[utoipa::path(
    post, path = "/api/v1/webhook-endpoints/{id}/ping", tag = "webhooks",
    request_body = Option<Nothing>,
    params(("id" = Uuid, Path, description = "The endpoint."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = WebhookPingResource, description = "It is on its way.", headers(
            ("ETag" = String, description = "The endpoint's revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn ping_webhook_endpoint(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    OptionalJson(body): OptionalJson<Nothing>,
) -> Result<Accepted, ApiError> {
    let command = PingWebhookEndpoint { webhook_endpoint_id: id.into(), ping_id: state.ids.next() };
    asked.submit(&state, &body, command).await
}
