//! What is held of a person: for whoever asks to see it.

use chrono::{DateTime, Utc};
use events::{
    Fold, Folded,
    account::Account,
    fold::UnreadableEvent,
    log::{read_head, read_stream},
    values::{AccountId, NotificationPreferences, Personal, Role, Shown},
};
use platform::personal::{PersonalError, PersonalKeys};
use serde::Serialize;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use utoipa::ToSchema;
use uuid::Uuid;

/// How many events one answer looks through: an answer's cost is bounded, however long the log.
pub const LOOKED_THROUGH_MAX: i64 = 20_000;
/// How many notifications are shown: the newest.
const NOTIFICATIONS_MAX: i64 = 1_000;
/// How many accesses are shown: the newest.
const ACCESSES_MAX: i64 = 1_000;
/// How much of a device's token is shown: enough to tell two apart, too little to send to it.
const TOKEN_SHOWN_CHARS: i32 = 8;

/// Everything that is held of one person, texts in the clear.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonalData {
    /// The account.
    pub account_id: AccountId,
    /// The person was erased: what follows is what is left.
    pub erased: bool,
    /// What it logs in with; `null` once erased.
    #[schema(value_type = Option<String>)]
    pub email: Shown,
    /// What it may do.
    pub role: Role,
    /// What it wants to hear of, and how.
    #[schema(value_type = Object)]
    pub notification_preferences: NotificationPreferences,
    /// Every event of the account itself, in order, its texts opened.
    pub events: Vec<HeldEvent>,
    /// Where it works.
    #[schema(value_type = Vec<Object>)]
    pub memberships: Vec<Value>,
    /// Whose affairs it was granted to see.
    #[schema(value_type = Vec<Object>)]
    pub grants: Vec<Value>,
    /// What it was told, newest first; at most 1000.
    #[schema(value_type = Vec<Object>)]
    pub notifications: Vec<Value>,
    /// Where pushes go; of their tokens the first 8 characters.
    #[schema(value_type = Vec<Object>)]
    pub devices: Vec<Value>,
    /// Its logins, newest first.
    #[schema(value_type = Vec<Object>)]
    pub sessions: Vec<Value>,
    /// What machines call with in its name, newest first.
    #[schema(value_type = Vec<Object>)]
    pub api_keys: Vec<Value>,
    /// Of the access log: what it did and was refused, and who was shown its data; newest first, at most 1000.
    /// From where, of its own alone.
    #[schema(value_type = Vec<Object>)]
    pub accesses: Vec<Value>,
    /// What it did, and where its address stands in free text, in a stretch of the log.
    pub history: HeldHistory,
}

/// An event of the account's own stream.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldEvent {
    /// Where in the log.
    pub position: i64,
    /// Which.
    #[serde(rename = "type")]
    pub event_type: String,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// What it holds.
    #[schema(value_type = Object)]
    pub data: Value,
}

/// A stretch of the log, looked through for one person.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldHistory {
    /// Behind this position it begins.
    pub after_position: i64,
    /// The last position of it.
    pub upto_position: i64,
    /// Ask again with this `after_position` for the next stretch; `null` at the log's end.
    pub next_after_position: Option<i64>,
    /// Events that the person caused, in order.
    pub acted: Vec<Act>,
    /// Positions of events in whose free text the address stands. An erasure does not change those.
    pub mentioned_at: Vec<i64>,
}

/// Something that the person did.
#[derive(Debug, Serialize, ToSchema)]
pub struct Act {
    /// Where in the log.
    pub position: i64,
    /// Which event.
    #[serde(rename = "type")]
    pub event_type: String,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
}

/// Why what is held cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum HeldFault {
    /// The database refused or does not answer.
    #[error("what is held of the person cannot be read")]
    Database(#[from] sqlx::Error),
    /// The address cannot be opened.
    #[error(transparent)]
    Personal(#[from] PersonalError),
    /// The account's stream holds what this version cannot read.
    #[error("the account cannot be read")]
    Account(#[from] UnreadableEvent),
    /// A payload is no JSON.
    #[error("an event of the account is not JSON")]
    Json(#[from] serde_json::Error),
}

/// What is held of that account's person; `None` where there is no such account. Texts are in their envelopes,
/// to be opened where this is shown.
///
/// # Errors
/// [`HeldFault`].
pub async fn personal_data(
    pool: &PgPool,
    keys: &PersonalKeys,
    account_id: AccountId,
    after_position: i64,
) -> Result<Option<PersonalData>, HeldFault> {
    let mut connection = pool.acquire().await?;
    let stream = read_stream(&mut connection, Account::stream(account_id)).await?;
    let mut folded = Folded::<Account>::default();
    let mut events = Vec::with_capacity(stream.len());
    for event in stream {
        folded.apply_recorded(&event)?;
        events.push(HeldEvent {
            position: event.global_position,
            event_type: event.event_type,
            recorded_at: event.recorded_at,
            data: serde_json::from_str(&event.payload)?,
        });
    }
    if !folded.exists() {
        return Ok(None);
    }
    let Account { email, role, notifications: notification_preferences, erased, .. } = folded.state;
    let id = account_id.0;
    let address = address(keys, &email).await?;
    Ok(Some(PersonalData {
        account_id,
        erased,
        email: (&email).into(),
        role,
        notification_preferences,
        events,
        memberships: objects(&mut connection, MEMBERSHIPS, id).await?,
        grants: objects(&mut connection, GRANTS, id).await?,
        notifications: told(&mut connection, id).await?,
        devices: devices(&mut connection, id).await?,
        sessions: objects(&mut connection, SESSIONS, id).await?,
        api_keys: objects(&mut connection, API_KEYS, id).await?,
        accesses: accesses(&mut connection, id).await?,
        history: history(&mut connection, account_id, address.as_deref(), after_position).await?,
    }))
}

const MEMBERSHIPS: &str = "SELECT jsonb_build_object('kind', organisation_kind, 'id', organisation_id, 'role', role) \
                           FROM read.memberships WHERE account_id = $1 ORDER BY organisation_id";
const GRANTS: &str = "SELECT jsonb_build_object('kind', organisation_kind, 'id', organisation_id) \
                      FROM read.partners WHERE account_id = $1 ORDER BY organisation_id";
const SESSIONS: &str = "SELECT jsonb_build_object('began_at', began_at, 'expires_at', expires_at, 'revoked_at', revoked_at) \
     FROM auth.families WHERE account_id = $1 ORDER BY began_at DESC, family_id";
const API_KEYS: &str = "SELECT jsonb_build_object('id', key_id, 'scopes', scopes, 'issued_at', created_at, \
            'expires_at', expires_at, 'revoked_at', revoked_at, 'last_used_at', last_used_at) \
     FROM auth.api_keys WHERE account_id = $1 ORDER BY created_at DESC, key_id";

async fn objects(
    connection: &mut PgConnection,
    sql: &'static str,
    id: Uuid,
) -> Result<Vec<Value>, sqlx::Error> {
    sqlx::query_scalar(sql).bind(id).fetch_all(connection).await
}

async fn told(connection: &mut PgConnection, id: Uuid) -> Result<Vec<Value>, sqlx::Error> {
    let sql = "SELECT jsonb_build_object('id', notification_id, 'kind', kind, 'title', title, 'body', body, \
                      'created_at', created_at, 'read_at', read_at) \
               FROM notifications.notifications WHERE account_id = $1 \
               ORDER BY created_at DESC, notification_id DESC LIMIT $2";
    sqlx::query_scalar(sql).bind(id).bind(NOTIFICATIONS_MAX).fetch_all(connection).await
}

async fn accesses(connection: &mut PgConnection, id: Uuid) -> Result<Vec<Value>, sqlx::Error> {
    let sql = "SELECT jsonb_build_object('at', a.at, 'kind', a.kind, 'outcome', a.outcome, 'own', a.own, \
                      'role', a.role, 'address', CASE WHEN a.own THEN host(a.address) END, \
                      'user_agent', CASE WHEN a.own THEN a.user_agent END) \
               FROM (SELECT id, at, kind, outcome, role, address, user_agent, \
                            COALESCE(account_id = $1, false) AS own \
                     FROM audit.access_log \
                     WHERE account_id = $1 OR (subject_kind = 'account' AND subject_id = $1)) a \
               ORDER BY a.at DESC, a.id DESC LIMIT $2";
    sqlx::query_scalar(sql).bind(id).bind(ACCESSES_MAX).fetch_all(connection).await
}

async fn devices(connection: &mut PgConnection, id: Uuid) -> Result<Vec<Value>, sqlx::Error> {
    // Whoever has the whole token could push to the device.
    let sql = "SELECT jsonb_build_object('id', device_id, 'name', name, 'token', left(token, $2) || '…', \
                      'created_at', created_at) \
               FROM notifications.devices WHERE account_id = $1 ORDER BY created_at DESC, device_id";
    sqlx::query_scalar(sql).bind(id).bind(TOKEN_SHOWN_CHARS).fetch_all(connection).await
}

async fn address(keys: &PersonalKeys, email: &Personal) -> Result<Option<String>, PersonalError> {
    let address = match (email.plain(), email.sealed()) {
        (None, Some(sealed)) => keys.open(sealed, email.subject).await?,
        (plain, _) => plain.map(str::to_owned),
    };
    Ok(address.filter(|address| !address.is_empty()))
}

async fn history(
    connection: &mut PgConnection,
    account_id: AccountId,
    address: Option<&str>,
    after_position: i64,
) -> Result<HeldHistory, sqlx::Error> {
    let head = read_head(connection).await?.position;
    let upto_position = after_position.saturating_add(LOOKED_THROUGH_MAX).min(head).max(after_position);
    // An account acts in one role at a time; its id is what begins the actor, whatever the role was.
    let acted: Vec<(i64, String, DateTime<Utc>)> = sqlx::query_as(
        "SELECT global_position, event_type, recorded_at FROM public.events \
         WHERE global_position > $1 AND global_position <= $2 AND starts_with(actor, $3) \
           AND (SELECT public.expect_events($1, $2)) \
         ORDER BY global_position",
    )
    .bind(after_position)
    .bind(upto_position)
    .bind(format!("account:{account_id}:"))
    .fetch_all(&mut *connection)
    .await?;
    let mentioned_at = match address {
        Some(address) => mentions(connection, address, after_position, upto_position).await?,
        None => Vec::new(),
    };
    let act = |(position, event_type, recorded_at)| Act { position, event_type, recorded_at };
    Ok(HeldHistory {
        after_position,
        upto_position,
        next_after_position: (upto_position < head).then_some(upto_position),
        acted: acted.into_iter().map(act).collect(),
        mentioned_at,
    })
}

/// Sealed texts do not match: these are free texts, which nobody can seal by whom they are about.
async fn mentions(
    connection: &mut PgConnection,
    address: &str,
    after_position: i64,
    upto_position: i64,
) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT global_position FROM public.events \
         WHERE global_position > $1 AND global_position <= $2 \
           AND strpos(lower(payload::text), lower($3)) > 0 AND (SELECT public.expect_events($1, $2)) \
         ORDER BY global_position",
    )
    .bind(after_position)
    .bind(upto_position)
    .bind(address)
    .fetch_all(connection)
    .await
}
