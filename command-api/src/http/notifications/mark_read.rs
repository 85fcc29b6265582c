//! `POST /api/v1/notifications/{id}/read`.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use events::{resource::NotificationResource, values::AccountId};
use platform::{
    body::{OptionalJson, Path},
    error::{ApiError, ErrorBody},
};
use sqlx::PgConnection;
use uuid::Uuid;

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

/// The caller has read it. A second time changes nothing: `read_at` stays the first.
#[utoipa::path(
    post, path = "/api/v1/notifications/{id}/read", tag = "notifications",
    request_body = Option<Nothing>,
    params(("id" = Uuid, Path, description = "The notification."), RowCommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = NotificationResource, description = "As it now is.", headers(
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 404, body = ErrorBody, description = "`notification_not_found`: absent, or somebody else's."),
        CommandRefusals, BodyRefusals
    )
)]
pub(crate) async fn mark_notification_read(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    OptionalJson(body): OptionalJson<Nothing>,
) -> Result<Accepted, ApiError> {
    let mut rows = match KeyedRows::begin(&state, &asked, "mark_notification_read", &body).await? {
        Begun::Fresh(rows) => rows,
        Begun::Done(accepted) => return Ok(accepted),
    };
    let read = mark(rows.connection(), own_account(&asked), id, state.clock.now()).await?;
    let read = read.ok_or_else(|| {
        ApiError::not_found("notification_not_found", format!("Notification {id} was not found."))
    })?;
    rows.answer(&state, StatusCode::OK, &read).await
}

async fn mark(
    connection: &mut PgConnection,
    account_id: AccountId,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<NotificationResource>, RowFault> {
    // Whose it is stands in the condition itself: what is somebody else's is not there.
    let sql = "UPDATE notifications.notifications SET read_at = COALESCE(read_at, $3) \
               WHERE notification_id = $1 AND account_id = $2 AND in_app \
               RETURNING notification_id, kind, title, body, subject_kind, subject_id, created_at, read_at";
    Ok(sqlx::query_as(sql).bind(id).bind(account_id.0).bind(now).fetch_optional(connection).await?)
}
