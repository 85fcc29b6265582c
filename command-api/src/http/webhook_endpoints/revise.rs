//! `PATCH /api/v1/webhook-endpoints/{id}`.

use axum::extract::State;
use deserr::Deserr;
use events::{
    resource::WebhookEndpointResource,
    webhook_endpoint::{DeliveryOrder, PayloadStyle},
};
use platform::{
    body::{Faults, Path},
    error::ApiError,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    body::WithUrl,
    fields::{EventTypes, MaxInFlight, Purpose, RatePerSecond, Url, WebhookFilter},
};
use crate::{
    domain::webhook_endpoint::{EndpointPatch, ReviseWebhookEndpoint},
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::{Change, Choice, Given, List},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What an endpoint is from now on: what is absent stays, null clears.
#[derive(Debug, Clone, Default, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"events": ["*"], "rate_per_second": null, "enabled": true}))]
pub(crate) struct WebhookEndpointRevision {
    /// Where they are sent. Where the receiver had to agree, the one of another URL has to agree anew.
    #[deserr(default)]
    #[schema(value_type = String, format = "uri", max_length = 2048, required = false)]
    url: Given<Url>,
    /// Types as `GET /event-types` lists them; `["*"]` for all.
    #[deserr(default)]
    #[schema(value_type = EventTypes, required = false)]
    events: Given<EventTypes>,
    /// What it is for.
    #[deserr(default)]
    #[schema(value_type = Option<Purpose>)]
    description: Change<Purpose>,
    /// Conditions on the event's `data`: all of them, as they are to be; at most 20. A partner's endpoint whose
    /// last one names one organisation keeps that one, whether it is among these or not; another organisation
    /// is refused: it takes another endpoint.
    #[deserr(default)]
    #[schema(value_type = Vec<WebhookFilter>, required = false, max_items = 20)]
    filter: Given<List<WebhookFilter, 20>>,
    /// All of an event, or only what it is about.
    #[deserr(default)]
    #[schema(value_type = PayloadStyle, required = false)]
    payload: Given<Choice<PayloadStyle>>,
    /// What a delivery that fails means for the later ones of the same aggregate.
    #[deserr(default)]
    #[schema(value_type = DeliveryOrder, required = false)]
    order: Given<Choice<DeliveryOrder>>,
    /// Requests under way at once at most.
    #[deserr(default)]
    #[schema(value_type = MaxInFlight, required = false)]
    max_in_flight: Given<MaxInFlight>,
    /// Requests begun per second at most; null: no limit.
    #[deserr(default)]
    #[schema(value_type = Option<RatePerSecond>)]
    rate_per_second: Change<RatePerSecond>,
    /// Whether anything is sent. What happens while it is `false` can be replayed later.
    #[deserr(default)]
    #[schema(value_type = bool, required = false)]
    enabled: Given<bool>,
}

impl WebhookEndpointRevision {
    fn patch(self) -> EndpointPatch {
        let conditions = |filter: List<WebhookFilter, 20>| {
            filter.0.into_iter().map(WebhookFilter::into_condition).collect()
        };
        EndpointPatch {
            url: self.url.0.map(Url::into_string),
            description: self.description.patch(Purpose::into_string),
            event_types: self.events.0.map(EventTypes::into_names),
            conditions: self.filter.0.map(conditions),
            payload_style: self.payload.0.map(|payload| payload.0),
            delivery_order: self.order.0.map(|order| order.0),
            in_flight_max: self.max_in_flight.0.map(MaxInFlight::get_u16),
            rate_per_second_max: self.rate_per_second.patch(RatePerSecond::get_u16),
            enabled: self.enabled.0,
        }
    }
}

/// Revises a webhook endpoint, or switches it off and on. Its owner and ADMIN. An empty object changes nothing.
#[utoipa::path(
    patch, path = "/api/v1/webhook-endpoints/{id}", tag = "webhooks",
    request_body = WebhookEndpointRevision,
    params(("id" = Uuid, Path, description = "The endpoint."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = WebhookEndpointResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn revise_webhook_endpoint(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    WithUrl(body): WithUrl<WebhookEndpointRevision>,
) -> Result<Accepted, ApiError> {
    let command = ReviseWebhookEndpoint { webhook_endpoint_id: id.into(), patch: body.clone().patch() };
    asked.submit(&state, &body, command).await
}
