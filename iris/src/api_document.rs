//! The API as one router, and the OpenAPI document that is generated from it.

mod strict_bodies;

use axum::{
    Router,
    http::{HeaderValue, header},
    middleware::map_response,
    response::Response,
};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{health_routes, limits_document};

/// The page runs and loads what it came with, and talks to us alone. The hash is that of the style within its logo,
/// the only one without an address; should another version have another, the logo is dark and all else works.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; \
     style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
/// The same for everybody, and only as old as a deployment may well be.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=300");

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
            read model is there. Quantities are decimal strings, money is integer `*_cents` beside a `currency`.\n\n\
            Every answer of a limited route has `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` \
            (seconds) of the limit that its caller is nearest to.",
    ),
    security(("bearer" = [])),
    paths(health_routes::health),
    modifiers(&Bearer),
)]
struct Head;

/// What goes behind `Authorization: Bearer`.
const BEARER: &str = "An access token (JWT): of `POST /api/v1/auth/dev/login` with `AUTH_PROVIDER=local`, a session token of \
    Clerk's with `AUTH_PROVIDER=clerk`; or an API key (`ik_…`, from `POST /api/v1/api-keys`).\n\n\
    One that is not believed gets 401, whatever is wrong with it. With Clerk, a user that no account is linked to gets \
    403 `account_not_linked`, one whose account is disabled 403 `account_disabled`; until Clerk's keys are there, 503 \
    `identity_provider_unavailable`.\n\n\
    A key acts as its account, and does no more than its scopes name: `orders:read` is GET and HEAD under \
    `/api/v1/orders`, `orders:write` everything else there, and so for each first part of a path; writing does not \
    imply reading. A scope that is missing is 403 `insufficient_scope`, with the scope in `details`. `GET /me` needs \
    none. Logins, accounts, devices and keys themselves are closed to keys: 403 `not_with_a_key`. A key that is \
    unknown, expired or revoked is 401, like any credential that is not believed.";

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(BEARER)).build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// One router of the parts, with `/api/v1/openapi.json` and `/docs`, which needs no internet.
pub fn assemble(parts: Parts) -> Router {
    let (router, document) = split(parts);
    router.merge(docs(document))
}

fn docs(document: Document) -> Router {
    // Without its badge, which would have somebody else's server fetch and judge our document.
    let page = SwaggerUi::new("/docs").config(Config::default().validator_url("none"));
    Router::from(page.url("/api/v1/openapi.json", document)).layer(map_response(
        async |mut response: Response| {
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
            headers.insert(header::CACHE_CONTROL, CACHE_CONTROL);
            response
        },
    ))
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
    let (router, mut document) = api.split_for_parts();
    strict_bodies::close(&mut document);
    limits_document::describe(&mut document);
    (router, document)
}
