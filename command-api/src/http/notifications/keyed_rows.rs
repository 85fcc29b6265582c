//! Commands that change rows and record no event: their answers are stored by key all the same.
//!
//! The committer stores an answer with the events that it tells of; here it is stored in the transaction of
//! the rows, in the same table and under the same kind of scope.

use axum::http::StatusCode;
use events::log::{IdempotencyKey, StoredAnswer, find_answers, read_head};
use platform::error::ApiError;
use serde::Serialize;
use sqlx::{PgConnection, Postgres, Transaction};

use super::RowFault;
use crate::{
    committer::{Outcome, RequestKey, SubmitError},
    http::{
        refused::refused,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Whether a command is still to be done.
pub(super) enum Begun {
    /// It is.
    Fresh(KeyedRows),
    /// It was done under this key: the answer of then.
    Done(Accepted),
}

/// The transaction in which a command changes its rows. Dropped, it changed nothing and its key stays free.
pub(super) struct KeyedRows {
    transaction: Transaction<'static, Postgres>,
    key: Option<RequestKey>,
}

impl KeyedRows {
    /// Begins the command, unless its key has an answer. Of requests with one key, one goes on and the others
    /// wait here for its end.
    ///
    /// # Errors
    /// 400 `invalid_if_match` where a revision is named, 422 `idempotency_key_reused`, 503.
    pub(super) async fn begin(
        state: &CommandState,
        asked: &Asked,
        operation: &'static str,
        body: &impl Serialize,
    ) -> Result<Begun, ApiError> {
        if asked.caller.if_match.is_some() {
            let message = "This resource has no revision that If-Match could name; leave it out, or send *.";
            return Err(ApiError::bad_request("invalid_if_match", message));
        }
        let key = asked.request_key(operation, body);
        let mut transaction = platform::db::begin(&state.pool).await.map_err(RowFault::from)?;
        if let Some(key) = &key
            && let Some(stored) = answer_of(&mut transaction, &key.key).await?
        {
            if stored.request_hash != key.request_hash {
                return Err(refused(SubmitError::KeyReused));
            }
            return Ok(Begun::Done(Accepted::of(replayed(stored))));
        }
        Ok(Begun::Fresh(Self { transaction, key }))
    }

    /// What the rows are changed with.
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// Commits the rows, and with them the answer: the resource as they now are.
    ///
    /// # Errors
    /// 503.
    pub(super) async fn answer(
        self,
        state: &CommandState,
        status: StatusCode,
        resource: &impl Serialize,
    ) -> Result<Accepted, ApiError> {
        let body = serde_json::to_string(resource).map_err(|error| ApiError::internal(&error))?;
        Ok(Accepted::of(self.committed(state, status, body).await?))
    }

    async fn committed(
        mut self,
        state: &CommandState,
        status: StatusCode,
        body: String,
    ) -> Result<Outcome, RowFault> {
        // A read that waits for the log's head sees at least what the caller saw.
        let position = read_head(&mut self.transaction).await?.position;
        let outcome = Outcome { status: status.as_u16(), body, revision: None, position, replayed: false };
        if let Some(key) = &self.key {
            store(&mut self.transaction, state, key, &outcome).await?;
        }
        self.transaction.commit().await?;
        Ok(outcome)
    }
}

fn replayed(stored: StoredAnswer) -> Outcome {
    let StoredAnswer { response, position, .. } = stored;
    let status = StatusCode::OK.as_u16();
    Outcome { status, body: response, revision: None, position, replayed: true }
}

/// The answer under that key, if there is one; until the transaction ends, nobody else can ask or store it.
async fn answer_of(
    connection: &mut PgConnection,
    key: &IdempotencyKey,
) -> Result<Option<StoredAnswer>, RowFault> {
    // A lock and not the primary key alone: the second of two removals would find nothing left to remove
    // before it came to storing its answer. Scope and key are visible ASCII, so the space tells them apart.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(format!("{} {}", key.scope, key.key))
        .execute(&mut *connection)
        .await?;
    Ok(find_answers(connection, std::slice::from_ref(key)).await?.pop())
}

async fn store(
    connection: &mut PgConnection,
    state: &CommandState,
    request: &RequestKey,
    outcome: &Outcome,
) -> Result<(), RowFault> {
    let sql = "INSERT INTO public.idempotency \
                   (scope, key, request_hash, command_id, status, response, position, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let status = i16::try_from(outcome.status).expect("a status has three digits");
    let query = sqlx::query(sql).bind(&request.key.scope).bind(&request.key.key);
    let query = query.bind(request.request_hash.as_slice()).bind(state.ids.next()).bind(status);
    let query = query.bind(&outcome.body).bind(outcome.position).bind(state.clock.now());
    let written = query.execute(connection).await?.rows_affected();
    if written == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound.into()) }
}
