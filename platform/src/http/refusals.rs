//! Refusals become rows of the access log: 403, and 401 for a token that was shown and is not believed.

use std::net::IpAddr;

use axum::{
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};
use serde_json::json;

use super::{ClientAddress, RequestContext};
use crate::{
    access_log::{Access, AccessLog, Kind, RequestOrigin, user_agent},
    auth::CallerSlot,
    error::ApiError,
};

/// What is kept of a request until its answer is known.
pub(super) struct Watch {
    log: AccessLog,
    caller: CallerSlot,
    method: Method,
    address: Option<IpAddr>,
    user_agent: Option<header::HeaderValue>,
    shows_token: bool,
}

impl Watch {
    /// Looks at the request, and leaves a slot in it for whoever finds out whose it is.
    pub(super) fn over(log: &AccessLog, request: &mut Request) -> Self {
        let caller = CallerSlot::default();
        request.extensions_mut().insert(caller.clone());
        let headers = request.headers();
        Self {
            log: log.clone(),
            caller,
            method: request.method().clone(),
            address: request.extensions().get::<ClientAddress>().map(|client| client.0),
            user_agent: headers.get(header::USER_AGENT).cloned(),
            shows_token: headers.contains_key(header::AUTHORIZATION),
        }
    }

    /// Records the answer if it is a refusal that matters. A failed login is none: its own route tells more.
    pub(super) fn record_refusal(self, response: &Response, context: &RequestContext, route: &str) {
        let Some(error) = response.extensions().get::<ApiError>() else { return };
        let is_recorded = match error.kind().status() {
            StatusCode::FORBIDDEN => true,
            // Without a token nobody was disbelieved: every browser begins so.
            StatusCode::UNAUTHORIZED => self.shows_token && error.code() == "unauthorized",
            _ => false,
        };
        if !is_recorded {
            return;
        }
        let headers: HeaderMap =
            self.user_agent.map(|value| (header::USER_AGENT, value)).into_iter().collect();
        let origin = RequestOrigin {
            context: context.clone(),
            address: self.address,
            user_agent: user_agent(&headers),
        };
        let refused = Access::refused(Kind::FORBIDDEN, self.caller.who(), &origin, error.code());
        // The template, never the path: an address or a token may stand in a path.
        let mut details = json!({ "method": self.method.as_str(), "route": route });
        let refused = match self.caller.refused_key() {
            Some(key) => {
                details["failure"] = key.why.name().into();
                // The key is what it is about, and not who asked: that may be a thief.
                refused.of("api_key", key.id)
            }
            None => refused,
        };
        let refused = refused.with(details);
        // Queued: a refusal stays one whatever becomes of its record.
        self.log.record_soon(refused);
    }
}
