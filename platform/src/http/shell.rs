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
    http::{HeaderValue, Method, StatusCode},
    response::{IntoResponse, Response},
};
use futures::{FutureExt, future::BoxFuture};
use tower::{Layer, Service, ServiceExt};

use super::{context::RequestContext, cors::Cors, observe::Observer, refusals::Watch, render};
use crate::{
    access_log::AccessLog,
    auth::IdentityProvider,
    body::BODY_MAX_BYTES,
    clock::{Clock, Ids},
    error::ApiError,
    paging::PageLimits,
};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const UNMATCHED: &str = "unmatched";

/// What the shell needs to know.
#[derive(Clone)]
pub struct Shell {
    /// Time of refusals.
    pub clock: Arc<dyn Clock>,
    /// Source of request ids.
    pub ids: Arc<dyn Ids>,
    /// Who vouches for callers; without one every route that asks for an `Identity` answers 401.
    pub identity: Option<Arc<dyn IdentityProvider>>,
    /// Where refusals are recorded; without one they are not.
    pub access_log: Option<AccessLog>,
    /// Browser origins allowed with credentials; never `*`.
    pub cors_origins: Vec<HeaderValue>,
    /// Bounds of `limit` in lists.
    pub page_limits: PageLimits,
    /// Time a handler has until its answer's head, after which 503 is sent; default 30 s.
    pub request_timeout: Duration,
}

impl Shell {
    /// A shell without identity provider and foreign origins, and with the documented limits.
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            clock,
            ids,
            identity: None,
            access_log: None,
            cors_origins: Vec::new(),
            page_limits: PageLimits::default(),
            request_timeout: REQUEST_TIMEOUT,
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
        let response = if let Some(answer) = self.cors.preflight(&method, request.headers()) {
            answer
        } else {
            self.introduce(&mut request, &context);
            let watch = self.shell.access_log.as_ref().map(|log| Watch::over(log, &mut request));
            let response = self.call(inner, request, &context).await;
            if let Some(watch) = watch {
                let route = route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
                watch.record_refusal(&response, &context, route);
            }
            response
        };
        let mut response = render::shape(response, &context, self.shell.clock.now());
        render::finish(response.headers_mut(), &context);
        self.cors.mark(origin, response.headers_mut());
        let route = route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
        self.record(route, &method, response.status(), started.elapsed(), &context);
        response
    }

    /// What extractors find in the request.
    fn introduce(&self, request: &mut Request, context: &RequestContext) {
        let extensions = request.extensions_mut();
        extensions.insert(context.clone());
        extensions.insert(self.shell.page_limits);
        if let Some(identity) = &self.shell.identity {
            extensions.insert(Arc::clone(identity));
        }
    }

    async fn call<S>(&self, inner: S, request: Request, context: &RequestContext) -> Response
    where
        S: Service<Request, Response = Response, Error = Infallible> + Send,
        S::Future: Send,
    {
        // Unwind safety: what the handler had borrowed is dropped with it, and nothing of it is used again.
        let answer = AssertUnwindSafe(inner.oneshot(request)).catch_unwind();
        match tokio::time::timeout(self.shell.request_timeout, answer).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Ok(Err(never))) => match never {},
            Ok(Err(panic)) => {
                let (request_id, trace_id) = (&context.request_id, context.trace_id());
                tracing::error!(panic = panic_message(&*panic), request_id, trace_id, "handler panicked");
                ApiError::internal_without_cause().into_response()
            }
            Err(_) => ApiError::unavailable("timeout", "The answer took too long.", 1).into_response(),
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

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests;
