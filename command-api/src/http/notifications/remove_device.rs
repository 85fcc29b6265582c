//! `DELETE /api/v1/notification-devices/{id}`.

use axum::{extract::State, http::StatusCode};
use events::resource::DeviceResource;
use platform::{
    body::{OptionalJson, Path},
    error::{ApiError, ErrorBody},
};
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

/// No more pushes go to this device, and its token is forgotten.
#[utoipa::path(
    delete, path = "/api/v1/notification-devices/{id}", tag = "notifications",
    request_body = Option<Nothing>,
    params(("id" = Uuid, Path, description = "The device."), RowCommandHeaders), security(("bearer" = [])),
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
    OptionalJson(body): OptionalJson<Nothing>,
) -> Result<Accepted, ApiError> {
    let mut rows = match KeyedRows::begin(&state, &asked, "remove_notification_device", &body).await? {
        Begun::Fresh(rows) => rows,
        Begun::Done(accepted) => return Ok(accepted),
    };
    let sql = "DELETE FROM notifications.devices WHERE device_id = $1 AND account_id = $2 \
               RETURNING device_id, name, created_at";
    let removing = sqlx::query_as(sql).bind(id).bind(own_account(&asked).0);
    let removed: Option<DeviceResource> =
        removing.fetch_optional(rows.connection()).await.map_err(RowFault::from)?;
    let removed = removed
        .ok_or_else(|| ApiError::not_found("device_not_found", format!("Device {id} was not found.")))?;
    rows.answer(&state, StatusCode::OK, &removed).await
}
