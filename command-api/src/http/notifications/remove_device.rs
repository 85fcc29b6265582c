//! `DELETE /api/v1/notification-devices/{id}`.

use axum::{extract::State, http::StatusCode, response::Response};
use events::resource::DeviceResource;
use platform::{
    body::{OptionalJson, Path},
    error::{ApiError, ErrorBody},
};
use uuid::Uuid;

use super::{RowFault, own_account, shown};
use crate::http::{
    answers::{BodyRefusals, CommandRefusals},
    fields::Nothing,
    state::CommandState,
    submission::Asked,
};

/// No more pushes go to this device, and its token is forgotten.
#[utoipa::path(
    delete, path = "/api/v1/notification-devices/{id}", tag = "notifications",
    request_body = Option<Nothing>,
    params(("id" = Uuid, Path, description = "The device.")), security(("bearer" = [])),
    responses(
        (status = 200, body = DeviceResource, description = "As it was.", headers(
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 404, body = ErrorBody, description = "`device_not_found`: absent, or somebody else's."),
        CommandRefusals, BodyRefusals
    )
)]
pub(crate) async fn remove_notification_device(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    OptionalJson(Nothing {}): OptionalJson<Nothing>,
) -> Result<Response, ApiError> {
    let mut connection = state.pool.acquire().await.map_err(RowFault::from)?;
    let sql = "DELETE FROM notifications.devices WHERE device_id = $1 AND account_id = $2 \
               RETURNING device_id, name, created_at";
    let removing = sqlx::query_as(sql).bind(id).bind(own_account(&asked).0);
    let removed: Option<DeviceResource> =
        removing.fetch_optional(&mut *connection).await.map_err(RowFault::from)?;
    let removed = removed
        .ok_or_else(|| ApiError::not_found("device_not_found", format!("Device {id} was not found.")))?;
    shown(&mut connection, StatusCode::OK, &removed).await
}
