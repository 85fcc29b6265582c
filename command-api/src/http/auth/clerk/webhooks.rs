//! `POST /api/v1/auth/clerk/webhooks`: what becomes of Clerk's users becomes of their accounts.

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use events::values::{LoginAddress, LoginProvider};
use platform::{
    error::{ApiError, ErrorBody},
    http::RequestContext,
    signing_secret::SigningSecret,
};
use utoipa::{IntoParams, ToSchema};

use super::{
    message::{Malformed, Message, believed},
    metrics::webhook,
    user::User,
};
use crate::{
    committer::{Submission, SubmitError},
    domain::{
        Caller, Command,
        account::{EndLogin, FollowLogin, Followed, FollowedLogin},
    },
    http::{refused::refused, state::CommandState, submission::metadata},
    logins::{LoginFault, plan_follow},
};

/// Largest body, in bytes: a user with a hundred addresses and full metadata has less.
pub(crate) const WEBHOOK_MAX_BYTES: usize = 256 * 1024;
/// How often a user is looked up anew, should its account change all the while.
const PLANS_MAX: u32 = 5;

/// Headers by which Clerk proves itself.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes headers; the message reads them")]
pub(crate) struct SvixHeaders {
    /// The message's id, the same on every attempt.
    #[param(rename = "svix-id", example = "msg_p5jXN8AQM9LWM0D4loKWxJek")]
    id: String,
    /// The second of the attempt, since 1970; at most 5 minutes from now.
    #[param(rename = "svix-timestamp", example = "1614265330")]
    timestamp: String,
    /// Signatures, `v1,` and base64 each, separated by spaces.
    #[param(rename = "svix-signature", example = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")]
    signature: String,
}

/// The envelope of Clerk's webhooks.
#[derive(ToSchema)]
#[schema(example = json!({
    "type": "user.deleted", "object": "event", "timestamp": 1_654_012_591_835_i64,
    "data": {"deleted": true, "id": "user_29w83sxmDNGwOuEthce5gg56FcC", "object": "user"}
}))]
#[expect(dead_code, reason = "describes the body; the message reads it")]
pub(crate) struct ClerkWebhook {
    /// `user.created`, `user.updated` and `user.deleted` are followed.
    #[schema(rename = "type")]
    event_type: String,
    /// The user.
    #[schema(value_type = Object)]
    data: (),
}

/// For Clerk: takes its webhooks. Exists only with `AUTH_PROVIDER=clerk`.
///
/// `user.created` and `user.updated` link the account that waits under the user's primary, verified address, or make
/// one; a changed address, a ban and a lock are followed. `user.deleted` disables the account. Other types are ignored.
/// However often and in whatever order they come, the latest state counts.
#[utoipa::path(
    post, path = "/api/v1/auth/clerk/webhooks", tag = "auth", params(SvixHeaders), security(()),
    request_body(content = ClerkWebhook, description = "As Clerk sends it, with more members than these."),
    responses(
        (status = 204, description = "Taken, or of no interest. Also where an address is another account's: sending it \
            again would not change that."),
        (status = 401, body = ErrorBody, description = "`invalid_signature`: not Clerk's, or too old."),
        (status = 404, body = ErrorBody, description = "Somebody else than Clerk vouches for callers."),
        (status = 413, body = ErrorBody, description = "The body is larger than 256 KiB."),
        (status = 422, body = ErrorBody, description = "`malformed_webhook`: signed, of a known type, and not of its form."),
        (status = 503, body = ErrorBody, description = "As of any command; Clerk sends it again.")
    )
)]
pub(crate) async fn take_clerk_webhook(
    State(state): State<CommandState>,
    context: RequestContext,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let secret = secret(&state)?;
    super::metrics::describe();
    believed(secret, &headers, &body, state.clock.now().timestamp()).map_err(|reason| {
        webhook("other", "not_signed");
        tracing::warn!(%reason, request_id = context.request_id, "a webhook of Clerk's is not believed");
        ApiError::unauthorized_with("invalid_signature", "The webhook is not signed by Clerk just now.")
    })?;
    // No answer is kept under its id: what it asks for is the same twice, and what could not be followed may be replayed.
    let told = Told { metadata: metadata(&context, None) };
    match Message::parse(&body).map_err(|error| malformed(&error))? {
        Message::Other => webhook("other", "ignored"),
        Message::User(event_type, user) => counted(event_type, follow(&state, &told, &user).await)?,
        Message::Deleted(user) => {
            let command = EndLogin { provider: LoginProvider::Clerk, subject: user.id };
            let ended = told.submit(&state, command).await;
            counted("user.deleted", ended.map_err(refused))?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The secret; without one there is no such route.
fn secret(state: &CommandState) -> Result<&SigningSecret, ApiError> {
    state.clerk.as_ref().ok_or_else(|| ApiError::not_found("route_not_found", "There is no such route."))
}

/// Refused, so that it shows in Clerk's dashboard, and comes again once this program knows the form.
fn malformed(error: &Malformed) -> ApiError {
    webhook(error.event_type, "malformed");
    tracing::error!(%error, "a webhook of Clerk's cannot be read");
    ApiError::unprocessable("malformed_webhook", "The webhook is not of the form of its type.")
}

/// An address that is another account's is no error to Clerk: it would send the same for a day, and make the endpoint
/// look broken, while only a person can say whose the address is.
fn counted(event_type: &'static str, told: Result<FollowedLogin, ApiError>) -> Result<(), ApiError> {
    let outcome = told.inspect_err(|_| webhook(event_type, "failed"))?;
    webhook(event_type, outcome.outcome.name());
    let account_id = outcome.account_id.map(|id| id.to_string());
    if outcome.outcome == Followed::AddressTaken {
        tracing::warn!(account_id, "the address of one of Clerk's users is another account's");
    } else {
        tracing::info!(
            event_type,
            outcome = outcome.outcome.name(),
            account_id,
            "followed a user of Clerk's"
        );
    }
    Ok(())
}

async fn follow(state: &CommandState, told: &Told, user: &User) -> Result<FollowedLogin, ApiError> {
    let mut plans = 0;
    loop {
        let command = planned(state, user).await?;
        plans += 1;
        match told.submit(state, command).await {
            Err(SubmitError::Outdated) if plans < PLANS_MAX => {}
            answer => break answer.map_err(refused),
        }
    }
}

async fn planned(state: &CommandState, user: &User) -> Result<FollowLogin, ApiError> {
    let (provider, keys) = (LoginProvider::Clerk, state.committer.personal());
    let address = user.address();
    let (login, key) = ((provider, user.id.as_str()), address.as_ref().map(platform::body::Email::key));
    let planned = plan_follow(&state.pool, keys, login, key, state.ids.next()).await?;
    Ok(FollowLogin {
        provider,
        subject: user.id.clone(),
        as_of: user.as_of().unwrap_or_default(),
        address: address.map(|address| LoginAddress::new(planned.account_id, address.into_string())),
        role: user.role(),
        barred: user.barred(),
        planned,
    })
}

/// What every command on the word of one webhook has in common.
struct Told {
    metadata: String,
}

impl Told {
    async fn submit(
        &self,
        state: &CommandState,
        command: impl Command,
    ) -> Result<FollowedLogin, SubmitError> {
        let submission = Submission {
            command: Box::new(command),
            caller: Caller::system("clerk"),
            key: None,
            command_id: state.ids.next(),
            metadata: self.metadata.clone(),
        };
        let outcome = state.committer.submit(submission).await?;
        serde_json::from_str(&outcome.body).map_err(|error| {
            tracing::error!(%error, "the answer of a webhook of Clerk's is not one");
            SubmitError::Internal
        })
    }
}

impl From<LoginFault> for ApiError {
    fn from(fault: LoginFault) -> Self {
        use events::log::{Retry, retry_of};
        match fault {
            LoginFault::Database(error) if retry_of(&error) != Retry::Never => {
                tracing::warn!(%error, "logins: database not reachable");
                Self::unavailable("database_unavailable", "The database does not answer; try again.", 1)
            }
            LoginFault::Personal(error) => error.into(),
            fault => Self::internal(&fault),
        }
    }
}
