//! `POST /api/v1/notifications/read-all`.

use axum::{extract::State, http::StatusCode};
use platform::{body::OptionalJson, error::ApiError};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    RowFault,
    keyed_rows::{Begun, KeyedRows},
    own_account,
};
use crate::http::{
    answers::{BodyRefusals, CommandRefusals, RowCommandHeaders},
    fields::Nothing,
    state::CommandState,
    submission::{Accepted, Asked},
};

/// What became of the inbox.
#[derive(Serialize, ToSchema)]
pub(crate) struct AllRead {
    /// How many were unread until now.
    #[schema(example = 3)]
    read: u64,
}

/// The caller has read all that is in its inbox.
#[utoipa::path(
    post, path = "/api/v1/notifications/read-all", tag = "notifications",
    request_body = Option<Nothing>, params(RowCommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = AllRead, description = "What became of it.", headers(
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        CommandRefusals, BodyRefusals
    )
)]
pub(crate) async fn mark_all_notifications_read(
    State(state): State<CommandState>,
    asked: Asked,
    OptionalJson(body): OptionalJson<Nothing>,
) -> Result<Accepted, ApiError> {
    let mut rows = match KeyedRows::begin(&state, &asked, "mark_all_notifications_read", &body).await? {
        Begun::Fresh(rows) => rows,
        Begun::Done(accepted) => return Ok(accepted),
    };
    let sql = "UPDATE notifications.notifications SET read_at = $2 \
               WHERE account_id = $1 AND in_app AND read_at IS NULL";
    let marking = sqlx::query(sql).bind(own_account(&asked).0).bind(state.clock.now());
    let marked = marking.execute(rows.connection()).await.map_err(RowFault::from)?;
    rows.answer(&state, StatusCode::OK, &AllRead { read: marked.rows_affected() }).await
}
