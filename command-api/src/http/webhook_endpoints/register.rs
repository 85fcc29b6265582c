//! `POST /api/v1/webhook-endpoints`.

use axum::extract::State;
use deserr::Deserr;
use events::{
    resource::WebhookEndpointResource,
    webhook_endpoint::{DeliveryOrder, EndpointDetails, PayloadStyle},
};
use platform::{
    body::Faults,
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    body::WithUrl,
    fields::{EventTypes, MaxInFlight, Purpose, RatePerSecond, Url, WebhookFilter},
    secret::submit_with_secret,
};
use crate::{
    domain::webhook_endpoint::{NamedOrganisation, RegisterWebhookEndpoint},
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals},
        fields::{Alternatives, Choice, List, OneOf},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

const IN_FLIGHT_MAX_DEFAULT: u16 = 8;

/// What is to be sent where.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "url": "https://partner.example/iris", "events": ["iris.order.placed.v1", "iris.delivery.marked.v1"],
    "description": "the till at Storgatan", "restaurant_id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e20"
}))]
pub(crate) struct NewWebhookEndpoint {
    /// Absolute `https` URL of a public address; private ones only where the operator allows them.
    #[schema(value_type = String, format = "uri", max_length = 2048)]
    url: Url,
    /// Types as `GET /event-types` lists them; `["*"]` for all.
    events: EventTypes,
    /// What it is for.
    #[deserr(default)]
    description: Option<Purpose>,
    /// The buyer whose it is to be; a partner names one to hear of that one alone. At most one of this and
    /// `supplier_id`; who is neither PARTNER nor ADMIN must name one.
    #[deserr(default)]
    restaurant_id: Option<Uuid>,
    /// The seller whose it is to be; a partner names one to hear of that one alone.
    #[deserr(default)]
    supplier_id: Option<Uuid>,
    /// Conditions on the event's `data`, all of which must hold; at most 20.
    #[deserr(default)]
    #[schema(value_type = Vec<WebhookFilter>, required = false, max_items = 20)]
    filter: List<WebhookFilter, 20>,
    /// All of an event, or only what it is about; default `full`.
    #[deserr(default)]
    #[schema(value_type = Option<PayloadStyle>)]
    payload: Option<Choice<PayloadStyle>>,
    /// What a delivery that fails means for the later ones of the same aggregate; default `ordered`.
    #[deserr(default)]
    #[schema(value_type = Option<DeliveryOrder>)]
    order: Option<Choice<DeliveryOrder>>,
    /// Requests under way at once at most; default 8.
    #[deserr(default)]
    #[schema(value_type = Option<MaxInFlight>)]
    max_in_flight: Option<MaxInFlight>,
    /// Requests begun per second at most; default no limit.
    #[deserr(default)]
    #[schema(value_type = Option<RatePerSecond>)]
    rate_per_second: Option<RatePerSecond>,
    /// Nothing is sent until the receiver has agreed (CloudEvents' validation handshake); default `false`.
    #[deserr(default)]
    #[schema(value_type = bool, required = false)]
    handshake: bool,
}

impl Alternatives for NewWebhookEndpoint {
    const FIELDS: [&'static str; 2] = ["restaurant_id", "supplier_id"];
    const ONE_IS_NEEDED: bool = false;
}

/// An endpoint with the secret that signs: describes the answer, which is put together from the stored one.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookEndpointWithSecret {
    #[serde(flatten)]
    endpoint: WebhookEndpointResource,
    /// Verifies the signatures of what is sent (Standard Webhooks). Shown by this answer alone: keep it. Absent
    /// only where the request was sent again and the secret of then is gone or cannot be read.
    #[schema(value_type = String, required = false, example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl NewWebhookEndpoint {
    fn organisation(&self) -> Option<NamedOrganisation> {
        let restaurant = self.restaurant_id.map(|id| NamedOrganisation::Restaurant(id.into()));
        restaurant.or_else(|| self.supplier_id.map(|id| NamedOrganisation::Supplier(id.into())))
    }

    fn into_details(self) -> EndpointDetails {
        EndpointDetails {
            url: self.url.into_string(),
            description: self.description.map(Purpose::into_string),
            event_types: self.events.into_names(),
            conditions: self.filter.0.into_iter().map(WebhookFilter::into_condition).collect(),
            payload_style: self.payload.map(|payload| payload.0).unwrap_or_default(),
            delivery_order: self.order.map(|order| order.0).unwrap_or_default(),
            in_flight_max: self.max_in_flight.map_or(IN_FLIGHT_MAX_DEFAULT, MaxInFlight::get_u16),
            rate_per_second_max: self.rate_per_second.map(RatePerSecond::get_u16),
        }
    }
}

/// Registers a webhook endpoint. OWNER of the organisation named, PARTNER, ADMIN.
///
/// It hears of what happens from now on; `POST …/replay` sends what happened before.
#[utoipa::path(
    post, path = "/api/v1/webhook-endpoints", tag = "webhooks",
    request_body = NewWebhookEndpoint,
    params(CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = WebhookEndpointWithSecret, description = "The same request again: the answer it got then, with the secret of then.", headers(
            ("Idempotency-Replayed" = bool, description = "`true`.")
        )),
        (status = 201, body = WebhookEndpointWithSecret, description = "As the command left it, with its secret.", headers(
            ("ETag" = String, description = "The revision."),
            ("Location" = String, description = "Where it is."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 404, body = ErrorBody, description = "`restaurant_not_found`, `supplier_not_found`."),
        CommandRefusals, BodyRefusals
    )
)]
pub(crate) async fn register_webhook_endpoint(
    State(state): State<CommandState>,
    asked: Asked,
    WithUrl(OneOf(body)): WithUrl<OneOf<NewWebhookEndpoint>>,
) -> Result<Accepted, ApiError> {
    let endpoint_id = state.ids.next();
    let command = |secret_id| RegisterWebhookEndpoint {
        webhook_endpoint_id: endpoint_id.into(),
        organisation: body.organisation(),
        details: body.clone().into_details(),
        secret_id,
        handshake: body.handshake,
    };
    let accepted = submit_with_secret(asked, &state, &body, endpoint_id, command).await?;
    Ok(accepted.under("/api/v1/webhook-endpoints"))
}
