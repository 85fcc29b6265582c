//! `POST /api/v1/notification-devices`.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use deserr::Deserr;
use events::{Fold, Folded, account::Account, log::read_stream, resource::DeviceResource, values::AccountId};
use platform::{
    body::{Faults, Json},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use sqlx::{Connection, FromRow, PgConnection, Row};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    RowFault,
    keyed_rows::{Begun, KeyedRows},
    own_account,
};
use crate::http::{
    answers::{BodyRefusals, CommandRefusals, RowCommandHeaders},
    fields::{Line, Name},
    state::CommandState,
    submission::{Accepted, Asked},
};

/// How many devices an account may have: one that registers tokens without end fills no table.
const DEVICES_MAX: i64 = 50;
/// How often it is tried again when another account registers the same token at the same moment.
const ATTEMPTS_MAX: u32 = 3;

/// A device that wants pushes.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"token": "fK9…:APA91b…", "name": "Åsas telefon"}))]
pub(crate) struct NewDevice {
    /// The registration token that the push service gave the device.
    token: Line<1, 4096>,
    /// What its owner calls it; what is absent stays.
    #[deserr(default)]
    name: Option<Name>,
}

/// Pushes go to this device, too. The same token again is the same device; a token that another account had
/// registered is the caller's from now on.
#[utoipa::path(
    post, path = "/api/v1/notification-devices", tag = "notifications",
    request_body = NewDevice, params(RowCommandHeaders), security(("bearer" = [])),
    responses(
        (status = 201, body = DeviceResource, description = "A new device.", headers(
            ("Location" = String, description = "The device."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 200, body = DeviceResource, description = "The caller had registered that token before; or the \
            same request again: the answer it got then.", headers(
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 403, body = ErrorBody, description = "`account_erased`: nobody is behind the account any more."),
        (status = 409, body = ErrorBody, description = "`too_many_devices`: an account has at most 50."),
        CommandRefusals, BodyRefusals,
        (status = 503, body = ErrorBody, description = "`database_unavailable`; `token_contended`: other accounts \
            register the same token at this moment. Send the same request again. See `Retry-After`.")
    )
)]
pub(crate) async fn register_notification_device(
    State(state): State<CommandState>,
    asked: Asked,
    Json(body): Json<NewDevice>,
) -> Result<Accepted, ApiError> {
    let mut rows = match KeyedRows::begin(&state, &asked, "register_notification_device", &body).await? {
        Begun::Fresh(rows) => rows,
        Begun::Done(accepted) => return Ok(accepted),
    };
    let account_id = own_account(&asked);
    // A token outlives an erasure by some minutes; what was deleted with the person must not come back by it.
    if is_erased(rows.connection(), account_id).await? {
        return Err(ApiError::forbidden("account_erased", "Nobody is behind this account any more."));
    }
    let (token, name) = (body.token.into_string(), body.name.map(Name::into_string));
    for _ in 0..ATTEMPTS_MAX {
        let device = Registration { id: state.ids.next(), account_id, token: &token, name: name.as_deref() };
        match register(rows.connection(), &device, state.clock.now()).await? {
            Registered::Device { resource, is_new } => {
                let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
                let accepted = rows.answer(&state, status, &resource).await?;
                return Ok(accepted.under("/api/v1/notification-devices"));
            }
            Registered::TooMany => {
                let message = format!("An account has at most {DEVICES_MAX} devices; remove one first.");
                return Err(ApiError::conflict("too_many_devices", message));
            }
            Registered::TakenMeanwhile => {}
        }
    }
    Err(ApiError::unavailable("token_contended", "Others register the same token; try again.", 1))
}

async fn is_erased(connection: &mut PgConnection, account_id: AccountId) -> Result<bool, RowFault> {
    let mut folded = Folded::<Account>::default();
    for event in &read_stream(connection, Account::stream(account_id)).await? {
        folded.apply_recorded(event)?;
    }
    Ok(folded.state.erased)
}

struct Registration<'a> {
    id: Uuid,
    account_id: AccountId,
    token: &'a str,
    name: Option<&'a str>,
}

enum Registered {
    Device { resource: DeviceResource, is_new: bool },
    TooMany,
    TakenMeanwhile,
}

async fn register(
    connection: &mut PgConnection,
    device: &Registration<'_>,
    now: DateTime<Utc>,
) -> Result<Registered, RowFault> {
    // Within the command's transaction this is a savepoint: what an attempt that came to nothing had deleted
    // is back before the next one.
    let mut tx = connection.begin().await?;
    // Whoever holds the token now has the device in hand. It becomes a device of its own rather than change
    // hands: what is still queued for the former owner goes away with the row, and is not pushed to another.
    sqlx::query("DELETE FROM notifications.devices WHERE token = $1 AND account_id <> $2")
        .bind(device.token)
        .bind(device.account_id.0)
        .execute(&mut *tx)
        .await?;
    let row = sqlx::query(
        "INSERT INTO notifications.devices AS d (device_id, account_id, token, name, created_at) \
         VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (token) DO UPDATE SET name = COALESCE(EXCLUDED.name, d.name) \
             WHERE d.account_id = EXCLUDED.account_id \
         RETURNING d.device_id, d.name, d.created_at, \
             (SELECT count(*) FROM notifications.devices o WHERE o.account_id = $2) AS others",
    )
    .bind(device.id)
    .bind(device.account_id.0)
    .bind(device.token)
    .bind(device.name)
    .bind(now)
    .fetch_optional(&mut *tx)
    .await?;
    // No row: between the two statements another account registered the token.
    let Some(row) = row else { return Ok(Registered::TakenMeanwhile) };
    let resource = DeviceResource::from_row(&row)?;
    let is_new = resource.id == device.id;
    // Counted as the statement found it, so without the new one.
    if is_new && row.try_get::<i64, _>("others")? >= DEVICES_MAX {
        return Ok(Registered::TooMany);
    }
    tx.commit().await?;
    Ok(Registered::Device { resource, is_new })
}
