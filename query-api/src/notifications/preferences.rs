//! `GET /api/v1/notification-preferences`.

use std::sync::Arc;

use axum::response::Response;
use events::{account::Account, fold::Folded, resource::NotificationPreferencesResource};
use platform::error::{ApiError, ErrorBody};
use sqlx::types::Json;

use crate::{
    access::Viewer,
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen, checkpoint, names},
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals, ResourceHeaders, not_found},
    sight::Sight,
};

const MODELS: [ReadModel; 1] = [ReadModel::Accounts];

/// What the caller wants to hear of, and how, with every kind there is; defaults stand where nothing was chosen.
#[utoipa::path(
    get, path = "/api/v1/notification-preferences", tag = "notifications",
    params(ReadHeaders, ResourceHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = NotificationPreferencesResource, headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "What the answer has seen.")
        ), example = json!({
            "locale": "sv", "time_zone": "Europe/Stockholm",
            "quiet_hours": { "from": "22:00", "to": "06:30" }, "digest_at": "07:00",
            "kinds": [{ "kind": "stock_low",
            "description": "Little is left of a product; to the supplier.", "critical": false,
            "in_app": true, "email": "digest", "push": false }], "revision": 2
        })),
        (status = 304, description = "`If-None-Match` names this revision."),
        (status = 404, body = ErrorBody, description = "`account_not_found`: the token is of no account here."),
        ReadRefusals
    )
)]
pub(crate) async fn get_notification_preferences(reader: Reader) -> Result<Response, ApiError> {
    let absent = || not_found("account", reader.identity.subject);
    let seen =
        reader.one(&MODELS, absent, async |sight: Sight, viewer| own_account(&sight, viewer).await).await?;
    let revision = seen.value.revision;
    let preferences = seen.map(|account| NotificationPreferencesResource::of(&account));
    Ok(answer::resource(&reader.headers, revision, preferences))
}

async fn own_account(
    sight: &Sight,
    viewer: Arc<Viewer>,
) -> Result<Seen<Option<Folded<Account>>>, ReadFailure> {
    let sql = concat!(
        "SELECT c.position, a.state FROM ",
        checkpoint!(),
        " c LEFT JOIN read.accounts a ON a.account_id = $2"
    );
    let (position, state): (i64, Option<Json<Folded<Account>>>) = sqlx::query_as(sql)
        .bind(names(&MODELS))
        .bind(viewer.account_id)
        .fetch_one(&mut *sight.connection().await)
        .await?;
    Ok(Seen { position, value: state.map(|json| json.0) })
}
