//! The one layer around every route.

use std::{
    any::Any,
    convert::Infallible,
    panic::AssertUnwindSafe,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request},
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{FutureExt, future::BoxFuture};
use tower::{Layer, Service, ServiceExt};

use super::{
    Allowance, ClientAddress, RequestLimits, TrustedProxies,
    arriving_body::{self, BODY_IDLE_TIMEOUT},
    context::RequestContext,
    cors::Cors,
    observe::Observer,
    refusals::Watch,
    render, request_head, security_headers,
};
use crate::{
    access_log::{AccessLog, PeerAddress},
    auth::{IdentityProvider, KeyReach},
    body::BODY_MAX_BYTES,
    clock::{Clock, Ids},
    error::{ApiError, ErrorKind},
    paging::PageLimits,
};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const UNMATCHED: &str = "unmatched";
/// What supervisors and monitors ask: a flood of other requests must not make a process look dead.
const UNLIMITED: [&str; 4] = ["/health", "/health/live", "/health/ready", "/metrics"];

/// What the shell needs to know.
#[derive(Clone)]
pub struct Shell {
    /// Time of refusals.
    pub clock: Arc<dyn Clock>,
    /// Source of request ids.
    pub ids: Arc<dyn Ids>,
    /// Who vouches for callers; without one every route that asks for an `Identity` answers 401.
    pub identity: Option<Arc<dyn IdentityProvider>>,
    /// What API keys can be let into; nothing, unless told otherwise.
    pub key_reach: KeyReach,
    /// Where refusals are recorded; without one they are not.
    pub access_log: Option<AccessLog>,
    /// Browser origins allowed with credentials; never `*`.
    pub cors_origins: Vec<HeaderValue>,
    /// Bounds of `limit` in lists.
    pub page_limits: PageLimits,
    /// Time a handler has until its answer's head, after which 503 is sent; default 30 s. A body that comes slowly,
    /// but comes, has more.
    pub request_timeout: Duration,
    /// Longest time between two pieces of a body, after which 408 is sent; default 20 s.
    pub body_idle_timeout: Duration,
    /// Whose word is taken for where a request began; default nobody's.
    pub trusted_proxies: TrustedProxies,
    /// How much one caller may ask for; without limits everything.
    pub limits: Option<Arc<RequestLimits>>,
}

impl Shell {
    /// A shell without identity provider and foreign origins, and with the documented limits.
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            clock,
            ids,
            identity: None,
            key_reach: KeyReach::default(),
            access_log: None,
            cors_origins: Vec::new(),
            page_limits: PageLimits::default(),
            request_timeout: REQUEST_TIMEOUT,
            body_idle_timeout: BODY_IDLE_TIMEOUT,
            trusted_proxies: TrustedProxies::default(),
            limits: None,
        }
    }
}

/// Wraps `router`, whole and last: its own fallback is replaced by 404 `route_not_found`.
///
/// Every answer, of whichever inner cause, then has a request id, the error shape, a log line and its metrics.
/// Bodies are limited to 1 MiB; an upload route raises that with a `DefaultBodyLimit` of its own.
///
/// # Panics
/// When the origins name `*`.
pub fn shell(router: Router, shell: &Shell) -> Router {
    let parts = Arc::new(Parts {
        shell: shell.clone(),
        cors: Cors::new(shell.cors_origins.clone()),
        observer: Observer::default(),
    });
    router.fallback(route_not_found).layer(DefaultBodyLimit::max(BODY_MAX_BYTES)).layer(ShellLayer(parts))
}

async fn route_not_found() -> ApiError {
    ApiError::not_found("route_not_found", "There is no such route.")
}

struct Parts {
    shell: Shell,
    cors: Cors,
    observer: Observer,
}

#[derive(Clone)]
struct ShellLayer(Arc<Parts>);

impl<S> Layer<S> for ShellLayer {
    type Service = ShellService<S>;

    fn layer(&self, inner: S) -> ShellService<S> {
        ShellService { inner, parts: Arc::clone(&self.0) }
    }
}

/// One hand-written service in place of a stack: ten layers would box ten futures per request.
#[derive(Clone)]
struct ShellService<S> {
    inner: S,
    parts: Arc<Parts>,
}

impl<S> Service<Request> for ShellService<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // `oneshot` below waits for the inner service, which in axum is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (inner, parts) = (self.inner.clone(), Arc::clone(&self.parts));
        Box::pin(async move { Ok(parts.answer(inner, request).await) })
    }
}

impl Parts {
    async fn answer<S>(&self, inner: S, mut request: Request) -> Response
    where
        S: Service<Request, Response = Response, Error = Infallible> + Send,
        S::Future: Send,
    {
        let started = Instant::now();
        let context = RequestContext::read(request.headers(), &*self.shell.ids);
        let method = request.method().clone();
        let route = request.extensions().get::<MatchedPath>().cloned();
        let origin = self.cors.allowed(request.headers());
        let is_over_tls = self.locate(&mut request);
        let allowance = self.allowance(&request, route.as_ref());
        let response = if let Some(answer) = self.cors.preflight(&method, request.headers()) {
            answer
        } else if let Err(refusal) = expect_welcome(&request, &allowance) {
            refusal.into_response()
        } else {
            self.introduce(&mut request, &context, &allowance);
            let watch = self.shell.access_log.as_ref().map(|log| Watch::over(log, &mut request));
            let response = self.call(inner, request, &context).await;
            if let Some(watch) = watch {
                let route = route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
                watch.record_refusal(&response, &context, route);
            }
            response
        };
        let mut response = render::shape(response, &context, self.shell.clock.now());
        let headers = response.headers_mut();
        render::name(headers, &context);
        security_headers::add(headers, is_over_tls);
        if let Some(standing) = allowance.standing() {
            standing.write(headers);
        }
        self.cors.mark(origin, headers);
        let route = route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
        self.record(route, &method, response.status(), started.elapsed(), &context);
        response
    }

    /// Finds out where the request began; returns whether it came over TLS.
    fn locate(&self, request: &mut Request) -> bool {
        let Some(PeerAddress(peer)) = request.extensions().get().copied() else { return false };
        let client = self.shell.trusted_proxies.client(peer, request.headers());
        request.extensions_mut().insert(ClientAddress(client));
        self.shell.trusted_proxies.is_over_tls(peer, request.headers())
    }

    fn allowance(&self, request: &Request, route: Option<&MatchedPath>) -> Allowance {
        // By the route's template, which nobody can make up.
        let is_limited = route.is_none_or(|route| !UNLIMITED.contains(&route.as_str()));
        let Some(limits) = self.shell.limits.as_ref().filter(|_| is_limited) else {
            return Allowance::default();
        };
        limits.allowance(request.extensions().get::<ClientAddress>().map(|client| client.0))
    }

    /// What extractors find in the request.
    fn introduce(&self, request: &mut Request, context: &RequestContext, allowance: &Allowance) {
        let extensions = request.extensions_mut();
        extensions.insert(allowance.clone());
        extensions.insert(context.clone());
        extensions.insert(self.shell.page_limits);
        extensions.insert(self.shell.key_reach);
        if let Some(identity) = &self.shell.identity {
            extensions.insert(Arc::clone(identity));
        }
    }

    async fn call<S>(&self, inner: S, request: Request, context: &RequestContext) -> Response
    where
        S: Service<Request, Response = Response, Error = Infallible> + Send,
        S::Future: Send,
    {
        let (head, body) = request.into_parts();
        let (body, arrival) = arriving_body::watch(body, self.shell.body_idle_timeout);
        let request = Request::from_parts(head, body);
        // Unwind safety: what the handler had borrowed is dropped with it, and nothing of it is used again.
        let answer = AssertUnwindSafe(inner.oneshot(request)).catch_unwind();
        let answer = tokio::select! {
            biased;
            answer = answer => answer,
            () = arriving_body::out_of_time(self.shell.request_timeout, &arrival) => {
                return if arrival.is_awaited() { body_too_slow() } else { too_slow() };
            }
        };
        match answer {
            // Whatever the route made of a body that ended in an error: the cause is that it did not come.
            Ok(Ok(_)) if arrival.is_stalled() => body_too_slow(),
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(panic) => {
                let (request_id, trace_id) = (&context.request_id, context.trace_id());
                tracing::error!(panic = panic_message(&*panic), request_id, trace_id, "handler panicked");
                ApiError::internal_without_cause().into_response()
            }
        }
    }

    /// One line per request: never the query string, a body, an e-mail or a token.
    fn record(
        &self,
        route: &str,
        method: &Method,
        status: StatusCode,
        took: Duration,
        context: &RequestContext,
    ) {
        self.observer.record(route, method, status, took);
        tracing::info!(
            target: "iris::access",
            method = method.as_str(),
            route,
            status = status.as_u16(),
            latency_ms = took.as_secs_f64() * 1_000.0,
            request_id = context.request_id,
            trace_id = context.trace_id(),
            "answered"
        );
    }
}

/// What is refused before anything is spent on it: before a token is verified, a password hashed or a body read.
fn expect_welcome(request: &Request, allowance: &Allowance) -> Result<(), ApiError> {
    allowance.charge_address()?;
    request_head::expect_bounded(request.uri(), request.headers())
}

fn too_slow() -> Response {
    ApiError::unavailable("timeout", "The answer took too long.", 1).into_response()
}

/// The connection is closed: what is still to come of the body would be taken for the next request.
fn body_too_slow() -> Response {
    let message = "The body came too slowly, or stopped coming.";
    let refusal = ApiError::new(ErrorKind::RequestTimeout, "body_too_slow", message);
    ([(header::CONNECTION, "close")], refusal).into_response()
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests;
