//! `GET /api/v1/event-types`: the public catalogue, for whoever registers a webhook endpoint.

use axum::Json;
use events::{public::PUBLIC_TYPES, webhook_endpoint::PayloadStyle};
use platform::{
    auth::Identity,
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::access::role_of;

/// Every type of public events.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventCatalogue {
    /// All of them; there are no pages.
    items: Vec<EventType>,
}

/// A type of public events.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventType {
    /// Its name: `type` on the wire, and what an endpoint asks for in `events`.
    #[serde(rename = "type")]
    #[schema(example = "iris.order.placed.v1")]
    name: &'static str,
    /// What it says.
    #[schema(example = "A restaurant ordered from a supplier.")]
    description: &'static str,
    /// JSON Schema (2020-12) of `data` in full.
    #[schema(value_type = Object)]
    schema: Value,
}

/// The types of events that webhooks can tell of.
#[utoipa::path(
    get, path = "/api/v1/event-types", tag = "events", security(("bearer" = [])),
    responses(
        (status = 200, body = EventCatalogue),
        (status = 401, description = "No valid access token.", body = ErrorBody),
        (status = 403, description = "`unknown_role`: the token is no account's.", body = ErrorBody),
    )
)]
pub(crate) async fn list_event_types(identity: Identity) -> Result<Json<EventCatalogue>, ApiError> {
    // Any account may know the catalogue; a token without a role that is known here is no account's.
    role_of(&identity)?;
    let items = PUBLIC_TYPES.iter().map(|of| EventType {
        name: of.name,
        description: of.description,
        schema: of.data_schema(PayloadStyle::Full),
    });
    Ok(Json(EventCatalogue { items: items.collect() }))
}
