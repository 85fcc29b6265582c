//! The API as one router, and the OpenAPI document that is generated from it.

use axum::Router;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use crate::health_routes;

/// The parts that a process serves.
#[derive(Default)]
pub struct Parts {
    /// Commands.
    pub command: Option<OpenApiRouter>,
    /// Reads.
    pub query: Option<OpenApiRouter>,
}

/// What the document says beside its paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Iris",
        description = "The backend between restaurants and their food suppliers.\n\n\
            Every successful command answers `Iris-Position`; a read with `Iris-Min-Position` waits until its \
            read model is there. Quantities are decimal strings, money is integer `*_cents` beside a `currency`.",
    ),
    security(("bearer" = [])),
    paths(health_routes::health),
    modifiers(&Bearer),
)]
struct Head;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// One router of the parts, with `/api/v1/openapi.json` and `/docs`, which needs no internet.
pub fn assemble(parts: Parts) -> Router {
    let (router, document) = split(parts);
    router.merge(SwaggerUi::new("/docs").url("/api/v1/openapi.json", document))
}

/// The document of these parts.
pub fn document(parts: Parts) -> Document {
    split(parts).1
}

fn split(parts: Parts) -> (Router, Document) {
    let mut api = OpenApiRouter::with_openapi(Head::openapi());
    for part in [parts.command, parts.query].into_iter().flatten() {
        api = api.merge(part);
    }
    api.split_for_parts()
}
