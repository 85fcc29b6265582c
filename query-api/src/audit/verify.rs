//! `GET /api/v1/audit/verify`.

use std::{
    error::Error,
    io,
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use deserr::Deserr;
use events::audit::{Asked, FaultKind, Verification, verify};
use futures::{FutureExt, Stream, future::BoxFuture, stream};
use platform::{
    body::{Faults, Parsed, Query},
    error::{ApiError, ErrorBody, Fault},
};
use serde::Serialize;
use serde_json::json;
use tokio::time::{error::Elapsed, timeout};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{expect_auditor, looked_at};
use crate::{
    failure::ReadFailure,
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals},
    sight::Caller,
    state::QueryState,
};

/// Well below the minute after which proxies give up on a silent server.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
const RETRY_AFTER_S: u32 = 10;
/// What comes no stretch further for so long waits for a connection that is dead: it must not keep the only turn.
const STALLED: Duration = Duration::from_mins(2);

/// Which positions.
#[derive(Clone, Copy, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Range {
    /// The first position; default 1.
    #[deserr(default)]
    #[param(value_type = Option<i64>, minimum = 1, default = 1)]
    from: Option<Parsed<u64>>,
    /// The last one; default: the end of the log, and then also whether it ends where it should.
    #[deserr(default)]
    #[param(value_type = Option<i64>, minimum = 1)]
    to: Option<Parsed<u64>>,
}

/// Whether the log is what was recorded and sealed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VerificationResource {
    /// Nothing is wrong.
    ok: bool,
    /// The first position verified.
    from: i64,
    /// The last one; below `from` where there is nothing.
    to: i64,
    /// Events read.
    count: i64,
    /// Merkle root (RFC 6962) over the hashes of these events, in hex.
    root: String,
    /// Up to here all of them are covered by good seals; 0 where none is.
    sealed_to: i64,
    /// The public key, known to this server from elsewhere, that the seals lead back to; null where the keys in the
    /// database were believed.
    #[schema(required)]
    trusted_key: Option<String>,
    /// Positions whose events are in files, and were not read here: of these the seals were verified, and the rows that
    /// are kept of them. Absent where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    archived: Vec<ArchivedResource>,
    /// The first thing that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_fault: Option<FaultResource>,
}

/// A range of positions that is in a file.
#[derive(Debug, Serialize, ToSchema)]
struct ArchivedResource {
    /// The first position.
    from: i64,
    /// The last one.
    to: i64,
    /// The file's name.
    file: String,
}

/// Something that is wrong with the log.
#[derive(Debug, Serialize, ToSchema)]
struct FaultResource {
    /// Where; of a seal the first position that it covers.
    position: i64,
    /// In which way.
    kind: FaultKind,
    /// The event that stands there now.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<Uuid>,
    /// The seal concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    seal: Option<i64>,
    /// In words.
    reason: String,
}

/// Reads the log from `from` to `to`, recomputes every hash and holds it against the seals; for `ADMIN` and
/// `AUDITOR`. Takes a while on a long log: white space comes until the answer does, and an answer that breaks off is
/// none. One at a time.
#[utoipa::path(
    get, path = "/api/v1/audit/verify", tag = "audit",
    params(Range, ReadHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = VerificationResource),
        (status = 429, body = ErrorBody, description = "`verification_under_way`: see `Retry-After`."),
        ReadRefusals, ListRefusals
    )
)]
pub(crate) async fn verify_log(reader: Reader, Query(range): Query<Range>) -> Result<Response, ApiError> {
    expect_auditor(reader.role)?;
    let (from, to) = range.positions()?;
    let verification = begin(&reader.state, reader.caller, from, to).await?;
    looked_at(&reader, "log", None, json!({ "verified_from": from, "verified_to": to })).await?;
    let body = Body::from_stream(kept_alive(verification));
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

impl Range {
    fn positions(self) -> Result<(i64, Option<i64>), ApiError> {
        let position = |given: Option<Parsed<u64>>| {
            given.map(|Parsed(position)| i64::try_from(position).unwrap_or(i64::MAX))
        };
        let (from, to) = (position(self.from).unwrap_or(1), position(self.to));
        if from < 1 {
            return Err(ApiError::validation(vec![Fault::new("from", "out_of_range", "Must be 1 or more.")]));
        }
        if to.is_some_and(|to| to < from) {
            return Err(ApiError::validation(vec![Fault::new("from", "after_to", "Must not be after to.")]));
        }
        Ok((from, to))
    }
}

type Answered = Result<Bytes, io::Error>;

/// The verification, to be driven by whoever reads the answer: a caller that goes away ends it.
async fn begin(
    state: &QueryState,
    caller: Caller,
    from: i64,
    to: Option<i64>,
) -> Result<BoxFuture<'static, Answered>, ApiError> {
    // One at a time in this process: each reads the whole log and keeps a core busy.
    let turn = state.verifying.clone().try_acquire_owned().map_err(|_| {
        let message = "Another verification is under way; try again.";
        ApiError::too_many_requests("verification_under_way", message, RETRY_AFTER_S)
    })?;
    // Not back into the pool: one that is given up half-way has rows under way that nobody reads.
    let mut connection = state.pool.acquire().await.map_err(ReadFailure::from)?.detach();
    let trusted = state.trusted_keys.clone();
    Ok(async move {
        let _turn = turn;
        let asked = Asked { from, to, trusted: &trusted, folder: None, archives: None };
        let stretches = AtomicU64::new(0);
        let mut transaction = caller.look_on(&mut connection).await.map_err(cut)?;
        let verifying = verify(&mut transaction, &asked, |_| {
            stretches.fetch_add(1, Ordering::Relaxed);
        });
        let found = unless_stalled(verifying, &stretches).await.map_err(cut)?;
        found.map(|verification| written(&verification)).map_err(cut)
    }
    .boxed())
}

/// Gives up what has not come a step further between one look and the next.
async fn unless_stalled<T>(work: impl Future<Output = T> + Send, steps: &AtomicU64) -> Result<T, Elapsed> {
    let mut work = pin!(work);
    loop {
        let before = steps.load(Ordering::Relaxed);
        match timeout(STALLED, &mut work).await {
            Err(elapsed) if steps.load(Ordering::Relaxed) == before => return Err(elapsed),
            Err(_) => {}
            Ok(done) => return Ok(done),
        }
    }
}

/// White space while it takes, then the answer. An error ends the body without it: what came so far is no JSON, so
/// it is never taken for a good answer.
fn kept_alive(work: BoxFuture<'static, Answered>) -> impl Stream<Item = Answered> + Send {
    stream::try_unfold(Some(work), |work| async {
        let Some(mut work) = work else { return Ok(None) };
        match timeout(SIGN_OF_LIFE, &mut work).await {
            Ok(answer) => Ok(Some((answer?, None))),
            Err(_) => Ok(Some((Bytes::from_static(b" "), Some(work)))),
        }
    })
}

fn cut(error: impl Error + Send + Sync + 'static) -> io::Error {
    // The head of the answer has gone out long since: the log is where this is told.
    tracing::error!(%error, "a verification broke off");
    io::Error::other(error)
}

fn written(verification: &Verification) -> Bytes {
    let fault = verification.faults.first();
    let resource = VerificationResource {
        ok: verification.is_ok(),
        from: verification.from,
        to: verification.to,
        count: verification.count,
        root: verification.root_hex(),
        sealed_to: verification.sealed_to,
        trusted_key: verification.trusted_key.map(|key| key.to_string()),
        archived: verification
            .unread
            .iter()
            .map(|range| ArchivedResource { from: range.first, to: range.last, file: range.file.clone() })
            .collect(),
        first_fault: fault.map(|fault| FaultResource {
            position: fault.position,
            kind: fault.kind,
            event_id: fault.event_id,
            seal: fault.seal,
            reason: fault.reason.clone(),
        }),
    };
    serde_json::to_vec(&resource).expect("plain JSON").into()
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, TryStreamExt};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_long_verification_keeps_the_connection_alive_and_ends_in_json() {
        let slow = async {
            tokio::time::sleep(Duration::from_secs(12)).await;
            Ok(Bytes::from_static(b"{\"ok\":true}"))
        };
        let parts: Vec<Bytes> = kept_alive(slow.boxed()).try_collect().await.unwrap();
        assert_eq!(parts.concat(), b"  {\"ok\":true}");
        assert!(serde_json::from_slice::<serde_json::Value>(&parts.concat()).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_no_further_gives_its_turn_back() {
        let steps = AtomicU64::new(0);
        assert!(unless_stalled(std::future::pending::<()>(), &steps).await.is_err());
        let slow = async {
            for _ in 0..5 {
                tokio::time::sleep(STALLED / 2 + Duration::from_secs(1)).await;
                steps.fetch_add(1, Ordering::Relaxed);
            }
        };
        assert!(unless_stalled(slow, &steps).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_breaks_off_is_no_json() {
        let failing = async {
            tokio::time::sleep(Duration::from_secs(6)).await;
            Err(io::Error::other("the database is gone"))
        };
        let parts: Vec<Answered> = kept_alive(failing.boxed()).collect().await;
        assert_eq!(parts[0].as_ref().unwrap(), " ");
        assert!(parts[1].is_err() && parts.len() == 2);
    }
}
