//! From a request to the log and back: what every command's handler has in common.

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use events::{
    Actor,
    canonical::canonical_json,
    envelope::Metadata,
    log::IdempotencyKey,
    values::{AccountId, Role},
};
use platform::{
    access_log::{Access, Kind, RequestOrigin, Who},
    auth::Identity,
    error::ApiError,
    http::RequestContext,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{refused::refused, seen_in_trade, state::CommandState};
use crate::{
    committer::{Outcome, RequestKey, Submission},
    domain::{Caller, Command},
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const IRIS_POSITION: HeaderName = HeaderName::from_static("iris-position");
const KEY_MAX_BYTES: usize = 255;

/// Who asks, on what terms, and what its events remember of the request.
#[derive(Clone)]
pub(crate) struct Asked {
    /// The account in its role, and its `If-Match`.
    pub(crate) caller: Caller,
    /// `Idempotency-Key`.
    pub(crate) key: Option<String>,
    /// Canonical JSON of [`Metadata`].
    pub(crate) metadata: String,
    /// Where the request comes from.
    origin: RequestOrigin,
    who: Who,
    path: String,
}

impl FromRequestParts<CommandState> for Asked {
    type Rejection = ApiError;

    /// # Errors
    /// 401 without a valid token; 400 `invalid_idempotency_key`, `invalid_if_match`.
    async fn from_request_parts(parts: &mut Parts, state: &CommandState) -> Result<Self, ApiError> {
        let identity = Identity::from_request_parts(parts, state).await?;
        let origin = RequestOrigin::read(parts);
        Ok(Self {
            caller: Caller { actor: actor(&identity)?, if_match: if_match(&parts.headers)? },
            key: idempotency_key(&parts.headers)?,
            metadata: metadata(&origin.context, identity.key.as_ref().map(|key| key.id)),
            origin,
            who: Who::from(&identity),
            path: parts.uri.path().to_owned(),
        })
    }
}

impl Asked {
    /// The same, for a command that must not happen twice even where the network repeats it.
    ///
    /// # Errors
    /// 400 `idempotency_key_required`.
    pub(crate) fn with_key_required(self) -> Result<Self, ApiError> {
        if self.key.is_some() {
            return Ok(self);
        }
        let message = "This command needs the header Idempotency-Key: a value of your choice, the same for \
                       every attempt at this one order.";
        Err(ApiError::bad_request("idempotency_key_required", message))
    }

    /// An access by this caller, to be recorded.
    pub(crate) fn access(&self, kind: Kind) -> Access {
        Access::allowed(kind, self.who.clone(), &self.origin)
    }

    /// Hands the command to the committer and waits until it is in the log, or refused.
    pub(crate) async fn submit(
        self,
        state: &CommandState,
        body: &impl Serialize,
        command: impl Command,
    ) -> Result<Accepted, ApiError> {
        let key = self.request_key(command.operation(), body);
        let account_id = self.caller.account_id();
        let submission = Submission {
            command: Box::new(command),
            caller: self.caller,
            key,
            command_id: state.ids.next(),
            metadata: self.metadata,
        };
        match state.committer.submit(submission).await {
            Ok(outcome) => Ok(Accepted::of(outcome)),
            Err(error) => Err(refused(seen_in_trade::told(&state.pool, account_id, error).await)),
        }
    }

    /// The key within the account and the operation: a key that somebody else guesses shows nothing.
    pub(crate) fn request_key(&self, operation: &str, body: &impl Serialize) -> Option<RequestKey> {
        let key = self.key.clone()?;
        let account_id = self.caller.account_id().map(|id| id.to_string()).unwrap_or_default();
        let scope = format!("{account_id}:{operation}");
        Some(RequestKey { key: IdempotencyKey { scope, key }, request_hash: request_hash(&self.path, body) })
    }
}

/// SHA-256 of path and body, canonical: spelling and order of members make no other request.
fn request_hash(path: &str, body: &impl Serialize) -> [u8; 32] {
    #[derive(Serialize)]
    struct Request<'a, B> {
        path: &'a str,
        body: &'a B,
    }
    Sha256::digest(canonical_json(&Request { path, body })).into()
}

/// A command that is in the log, or whose rows are written.
pub(crate) struct Accepted {
    outcome: Outcome,
    collection: Option<&'static str>,
    /// Shown by this answer and by nothing that is stored, under that name.
    secret: Option<(&'static str, SecretString)>,
}

/// What the headers repeat of a resource, where it has it.
#[derive(Default, Deserialize)]
struct Told {
    id: Option<Uuid>,
    revision: Option<i64>,
}

impl Accepted {
    /// The answer with that outcome.
    pub(crate) fn of(outcome: Outcome) -> Self {
        Self { outcome, collection: None, secret: None }
    }

    /// The same, with the new resource's address under that collection in `Location`.
    pub(crate) fn under(self, collection: &'static str) -> Self {
        Self { collection: Some(collection), ..self }
    }

    /// The same, with `secret` as one more member of the resource, of that name.
    pub(crate) fn with_secret(self, name: &'static str, secret: SecretString) -> Self {
        Self { secret: Some((name, secret)), ..self }
    }

    /// It is the answer to an earlier request.
    pub(crate) fn is_replayed(&self) -> bool {
        self.outcome.replayed
    }

    /// The answer, as far as `T` tells of it: with a repeated key it is an earlier request's.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.outcome.body).ok()
    }

    /// The address: the id is that of the answer, for with a repeated key it is an earlier request's.
    fn location(&self) -> Option<HeaderValue> {
        let collection = self.collection.filter(|_| self.outcome.status == StatusCode::CREATED.as_u16())?;
        let id = self.told().id?;
        HeaderValue::from_str(&format!("{collection}/{id}")).ok()
    }

    /// A stored answer is its body alone: its revision stands there, too.
    fn etag(&self) -> Option<HeaderValue> {
        let replayed = || self.outcome.replayed.then(|| self.told().revision).flatten();
        let revision = self.outcome.revision.or_else(replayed)?;
        HeaderValue::from_str(&format!("\"{revision}\"")).ok()
    }

    fn told(&self) -> Told {
        serde_json::from_str(&self.outcome.body).unwrap_or_default()
    }
}

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        let (location, etag) = (self.location(), self.etag());
        let Outcome { status, body, position, replayed, .. } = self.outcome;
        let body = match self.secret {
            Some((name, secret)) => with_member(&body, name, &secret),
            None => body,
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(status).expect("answers are 200 or 201");
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(IRIS_POSITION, HeaderValue::from(position));
        if let Some(etag) = etag {
            headers.insert(header::ETAG, etag);
        }
        if let Some(location) = location {
            headers.insert(header::LOCATION, location);
        }
        if replayed {
            headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// The object with one more member, which must not have been there.
fn with_member(body: &str, name: &str, secret: &SecretString) -> String {
    let object = body.strip_suffix('}').expect("resources are JSON objects with members");
    let (name, value) = (serde_json::json!(name), serde_json::json!(secret.expose_secret()));
    format!("{object},{name}:{value}}}")
}

/// The account in the role of its token; a role that this version does not know may do nothing.
fn actor(identity: &Identity) -> Result<Actor, ApiError> {
    let role: Role = identity.role.parse().map_err(|_| {
        tracing::warn!(account_id = %identity.subject, "a valid token names a role that is not known");
        ApiError::unauthorized()
    })?;
    Ok(Actor::Account { id: AccountId(identity.subject), role })
}

/// What events remember of the request: canonical JSON of [`Metadata`].
pub(super) fn metadata(context: &RequestContext, api_key_id: Option<Uuid>) -> String {
    let entry = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    // A request begins a story, so it is its own correlation.
    let mut metadata = Metadata::from([
        entry("correlation_id", &context.request_id),
        entry("request_id", &context.request_id),
        entry("traceparent", &context.trace_parent),
    ]);
    // The actor is the account, whichever way it called: which of its keys did it is told beside it.
    metadata.extend(api_key_id.map(|id| entry("api_key_id", &id.to_string())));
    canonical_json(&metadata)
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = only(headers, &IDEMPOTENCY_KEY).map_err(|Several| invalid_key())? else {
        return Ok(None);
    };
    let visible = value.as_bytes().iter().all(u8::is_ascii_graphic);
    if !visible || !(1..=KEY_MAX_BYTES).contains(&value.len()) {
        return Err(invalid_key());
    }
    Ok(value.to_str().ok().map(ToOwned::to_owned))
}

fn invalid_key() -> ApiError {
    let message =
        format!("Idempotency-Key must be given once and have 1 to {KEY_MAX_BYTES} visible ASCII characters.");
    ApiError::bad_request("invalid_idempotency_key", message)
}

/// The revision that the caller has seen; `*` asks only that there is one, which every command does.
///
/// # Source
/// RFC 9110 section 13.1.1. Weak tags never match strongly and lists of tags mean nothing to a command,
/// so both are refused rather than guessed at.
fn if_match(headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
    let Some(value) = only(headers, &header::IF_MATCH).map_err(|Several| invalid_if_match())? else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| invalid_if_match())?.trim();
    if text == "*" {
        return Ok(None);
    }
    let digits = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid_if_match());
    }
    digits.parse().map(Some).map_err(|_| invalid_if_match())
}

fn invalid_if_match() -> ApiError {
    let message = "If-Match must be one revision, as the ETag had it (\"7\"), or *.";
    ApiError::bad_request("invalid_if_match", message)
}

struct Several;

/// The header's only value: of two, different readers could take different ones.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, Several> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() { Err(Several) } else { Ok(first) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn with(name: &HeaderName, values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_key_is_up_to_255_visible_ascii_characters() {
        let longest = "k".repeat(255);
        for good in ["1", "order-7/{x}~!", &longest] {
            let found = idempotency_key(&with(&IDEMPOTENCY_KEY, &[good.as_bytes()])).unwrap();
            assert_eq!(found.as_deref(), Some(good));
        }
        let too_long = "k".repeat(256);
        for bad in ["", "a b", "a\tb", "nyckelå", &too_long] {
            let error = idempotency_key(&with(&IDEMPOTENCY_KEY, &[bad.as_bytes()])).unwrap_err();
            assert_eq!(error.code(), "invalid_idempotency_key", "{bad:?}");
        }
        assert!(idempotency_key(&with(&IDEMPOTENCY_KEY, &[b"a", b"b"])).is_err());
        assert!(idempotency_key(&HeaderMap::new()).unwrap().is_none());
    }

    #[test]
    fn if_match_is_a_revision_quoted_or_bare_or_a_star() {
        for (text, revision) in [("\"7\"", Some(7)), ("7", Some(7)), ("*", None), (" \"12\" ", Some(12))] {
            assert_eq!(if_match(&with(&header::IF_MATCH, &[text.as_bytes()])).unwrap(), revision, "{text}");
        }
        for bad in
            ["", "\"", "\"\"", "W/\"7\"", "\"7\",\"8\"", "-1", "+1", "\"7", "x", "99999999999999999999"]
        {
            let error = if_match(&with(&header::IF_MATCH, &[bad.as_bytes()])).unwrap_err();
            assert_eq!(error.code(), "invalid_if_match", "{bad}");
        }
    }

    #[test]
    fn a_secret_becomes_a_member_of_the_resource() {
        let shown = with_member("{\"id\":1}", "secret", &"whsec_\"x".to_owned().into());
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(shown, json!({"id": 1, "secret": "whsec_\"x"}));
    }

    #[test]
    fn path_and_body_make_the_request_and_the_order_of_members_does_not() {
        let hash = request_hash("/a", &json!({"x": 1, "y": 2}));
        assert_eq!(hash, request_hash("/a", &json!({"y": 2, "x": 1})));
        assert_ne!(hash, request_hash("/b", &json!({"x": 1, "y": 2})));
        assert_ne!(hash, request_hash("/a", &json!({"x": 1, "y": 3})));
    }

    proptest! {
        /// No header is anything but taken whole or refused by its code.
        #[test]
        fn headers_are_taken_whole_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), tag in "( ?W?/?\"?[-+0-9*]{0,21}\"?,?){1,2}") {
            for bytes in [bytes, tag.into_bytes()] {
                let Ok(value) = HeaderValue::from_bytes(&bytes) else { continue };
                let headers = HeaderMap::from_iter([(IDEMPOTENCY_KEY, value.clone()), (header::IF_MATCH, value)]);
                match idempotency_key(&headers) {
                    Ok(key) => prop_assert_eq!(key.map(String::into_bytes), Some(bytes.clone())),
                    Err(error) => prop_assert_eq!((error.kind().status().as_u16(), error.code()), (400, "invalid_idempotency_key")),
                }
                match if_match(&headers) {
                    Ok(Some(revision)) => prop_assert!(revision >= 0),
                    Ok(None) => prop_assert_eq!(bytes.trim_ascii(), b"*"),
                    Err(error) => prop_assert_eq!((error.kind().status().as_u16(), error.code()), (400, "invalid_if_match")),
                }
            }
        }

        #[test]
        fn a_revision_is_read_as_its_etag_shows_it(revision in 0..i64::MAX) {
            let etag = format!("\"{revision}\"");
            prop_assert_eq!(if_match(&with(&header::IF_MATCH, &[etag.as_bytes()])).unwrap(), Some(revision));
        }
    }
}
