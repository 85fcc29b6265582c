//! `GET` and `POST /api/v1/unsubscribe`: out of a mail, without a login.
//!
//! # Source
//! RFC 8058: mail programs send the POST by themselves when their reader asks for it; the GET is for people.

use axum::{
    extract::{Form, FromRequest, Multipart, Request, State},
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use events::{
    Fold, Folded,
    account::Account,
    log::read_stream,
    values::{AccountId, EmailChoice, NotificationKind},
};
use platform::{
    body::query_pairs,
    error::{ApiError, ErrorBody},
    http::RequestContext,
    link_token::UNSUBSCRIBE,
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{RowFault, language, unsubscribe_page as page};
use crate::{
    committer::{Submission, SubmitError},
    domain::{Caller, account::StopMail},
    http::{refused::refused, state::CommandState, submission::metadata},
};

/// Largest body, in bytes: the form is one short pair, and anybody may send one.
pub(crate) const FORM_MAX_BYTES: usize = 4 * 1024;
const FIELD: &str = "List-Unsubscribe";
const ONE_CLICK: &str = "One-Click";

/// The link's permission.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameter; the handlers read it")]
pub(crate) struct LinkParams {
    /// As it stands in the mail.
    token: String,
}

/// The form of RFC 8058.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form; the handler reads it")]
pub(crate) struct OneClick {
    /// `One-Click`.
    #[schema(rename = "List-Unsubscribe", pattern = "^One-Click$", example = "One-Click")]
    list_unsubscribe: String,
}

/// What a link asks for.
struct Link {
    account_id: AccountId,
    kind: NotificationKind,
}

impl Link {
    /// What the link's token says, if this program signed it.
    ///
    /// Whatever else stands in the query is passed over: mail gateways add to links that they watch over.
    fn of(state: &CommandState, uri: &Uri) -> Option<Self> {
        let (_, token) = query_pairs(uri).ok()?.into_iter().find(|(name, _)| name == "token")?;
        let payload = state.links.verify(UNSUBSCRIBE, &token)?;
        let (account_id, kind) = payload.split_once(':')?;
        let (account_id, kind): (Uuid, NotificationKind) = (account_id.parse().ok()?, kind.parse().ok()?);
        // Mail of these kinds has no such link.
        (!kind.is_critical()).then_some(Self { account_id: AccountId(account_id), kind })
    }
}

/// A page that asks whether to send no more mail of the kind that the link came with; changes nothing.
#[utoipa::path(
    get, path = "/api/v1/unsubscribe", tag = "notifications", params(LinkParams), security(()),
    responses(
        (status = 200, body = String, content_type = "text/html", description = "A page with a button, in the \
            account's language."),
        (status = 404, body = ErrorBody, description = "`link_not_found`, for browsers as a page."),
        (status = 503, body = ErrorBody, description = "`database_unavailable`.")
    )
)]
pub(crate) async fn show_unsubscribe(
    State(state): State<CommandState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Some((link, account)) = linked(&state, &uri).await? else { return Ok(no_such_link(&headers)) };
    let preferences = &account.state.notifications;
    if preferences.choice(link.kind).email == EmailChoice::Off {
        return Ok(page::done(preferences.locale, link.kind));
    }
    Ok(page::asking(preferences.locale, link.kind))
}

/// No more mail of the kind that the link came with. As often as it is sent, it is done once.
#[utoipa::path(
    post, path = "/api/v1/unsubscribe", tag = "notifications", params(LinkParams), security(()),
    request_body(content = OneClick, content_type = "application/x-www-form-urlencoded",
        description = "`multipart/form-data` is taken, too."),
    responses(
        (status = 200, body = String, content_type = "text/html", description = "Done; a page that says so."),
        (status = 400, body = ErrorBody, description = "`not_one_click`: the form is not that of RFC 8058."),
        (status = 404, body = ErrorBody, description = "`link_not_found`, for browsers as a page."),
        (status = 413, body = ErrorBody, description = "The body is larger than 4 KiB."),
        (status = 415, body = ErrorBody, description = "The body is not a form."),
        (status = 503, body = ErrorBody, description = "As of any command.")
    )
)]
pub(crate) async fn unsubscribe(
    State(state): State<CommandState>,
    context: RequestContext,
    uri: Uri,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, ApiError> {
    // Neither cookie nor session says who asks: the token is all, so no other site can borrow a login.
    require_one_click(&headers, request).await?;
    let Some((link, account)) = linked(&state, &uri).await? else { return Ok(no_such_link(&headers)) };
    let submission = Submission {
        command: Box::new(StopMail { account_id: link.account_id, kind: link.kind }),
        caller: Caller::system("unsubscribe"),
        key: None,
        command_id: state.ids.next(),
        metadata: metadata(&context, None),
    };
    match state.committer.submit(submission).await {
        Ok(_) => Ok(page::done(account.state.notifications.locale, link.kind)),
        Err(SubmitError::Refused(_)) => Ok(no_such_link(&headers)),
        Err(error) => Err(refused(error)),
    }
}

/// The link with its account; looked up only once the token has proved to be ours.
async fn linked(state: &CommandState, uri: &Uri) -> Result<Option<(Link, Folded<Account>)>, RowFault> {
    let Some(link) = Link::of(state, uri) else { return Ok(None) };
    let mut connection = state.pool.acquire().await?;
    let mut account = Folded::<Account>::default();
    for event in &read_stream(&mut connection, Account::stream(link.account_id)).await? {
        account.apply_recorded(event)?;
    }
    Ok(account.exists().then_some((link, account)))
}

/// The same for a token that is malformed, forged, or of an account that is gone: nothing is learnt by trying.
fn no_such_link(headers: &HeaderMap) -> Response {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    if accepts.into_iter().any(|accept| accept.contains("text/html")) {
        return page::no_such_link(language::asked_for(headers));
    }
    ApiError::not_found("link_not_found", "This link is not valid.").into_response()
}

/// # Source
/// RFC 8058 section 3.1: one pair, as `multipart/form-data` or `application/x-www-form-urlencoded`.
async fn require_one_click(headers: &HeaderMap, request: Request) -> Result<(), ApiError> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let is_one_click = match essence.as_str() {
        "application/x-www-form-urlencoded" => in_urlencoded(request).await?,
        "multipart/form-data" => in_multipart(request).await?,
        _ => return Err(ApiError::unsupported_media_type("application/x-www-form-urlencoded")),
    };
    if is_one_click { Ok(()) } else { Err(not_one_click()) }
}

fn not_one_click() -> ApiError {
    ApiError::bad_request("not_one_click", "The form must say List-Unsubscribe=One-Click.")
}

async fn in_urlencoded(request: Request) -> Result<bool, ApiError> {
    let form = Form::<Vec<(String, String)>>::from_request(request, &()).await;
    let Form(pairs) = form.map_err(|error| unreadable(error.into_response().status()))?;
    Ok(pairs.iter().any(|(name, value)| name == FIELD && value == ONE_CLICK))
}

async fn in_multipart(request: Request) -> Result<bool, ApiError> {
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| not_one_click())?;
    while let Some(field) = form.next_field().await.map_err(|error| unreadable(error.status()))? {
        let is_named = field.name() == Some(FIELD);
        if field.text().await.map_err(|error| unreadable(error.status()))? == ONE_CLICK && is_named {
            return Ok(true);
        }
    }
    Ok(false)
}

fn unreadable(status: axum::http::StatusCode) -> ApiError {
    if status == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        return ApiError::payload_too_large(FORM_MAX_BYTES);
    }
    not_one_click()
}
