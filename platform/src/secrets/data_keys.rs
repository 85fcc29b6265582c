//! `platform.data_keys`: the rows.

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use sqlx::{PgConnection, PgPool, Row as _, postgres::PgRow};
use uuid::Uuid;

use super::{KeyContext, KeyProviders, ProviderError, Purpose, WrappedKey};

/// A row.
#[derive(Clone, Debug)]
pub struct DataKey {
    /// Its name, which what it seals carries; what it is for.
    pub context: KeyContext,
    /// Later ones have higher numbers.
    pub number: i64,
    /// Its bytes, and who wrapped them.
    pub wrapped: WrappedKey,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When nothing was sealed under it any more.
    pub retired_at: Option<DateTime<Utc>>,
}

/// All of them, the oldest first.
///
/// # Errors
/// The database's.
pub async fn all(pool: &PgPool) -> Result<Vec<DataKey>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT id, number, purpose, provider, kek_id, wrapped, created_at, retired_at \
         FROM platform.data_keys ORDER BY number",
    )
    .fetch_all(pool)
    .await?;
    rows.iter().map(data_key).collect()
}

/// One of them.
pub(super) async fn one(pool: &PgPool, id: Uuid) -> Result<Option<DataKey>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT id, number, purpose, provider, kek_id, wrapped, created_at, retired_at \
         FROM platform.data_keys WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(pool)
    .await?;
    row.as_ref().map(data_key).transpose()
}

fn data_key(row: &PgRow) -> Result<DataKey, sqlx::Error> {
    let purpose: &str = row.try_get("purpose")?;
    let unknown = || sqlx::Error::Decode(format!("no purpose of a data key: {purpose}").into());
    Ok(DataKey {
        context: KeyContext {
            data_key_id: row.try_get("id")?,
            purpose: Purpose::named(purpose).ok_or_else(unknown)?,
        },
        number: row.try_get("number")?,
        wrapped: WrappedKey {
            provider: row.try_get("provider")?,
            key_id: row.try_get("kek_id")?,
            bytes: row.try_get("wrapped")?,
        },
        created_at: row.try_get("created_at")?,
        retired_at: row.try_get("retired_at")?,
    })
}

/// Writes a new row.
pub(super) async fn insert(
    connection: &mut PgConnection,
    context: KeyContext,
    wrapped: &WrappedKey,
) -> Result<(), sqlx::Error> {
    let written = sqlx::query(
        "INSERT INTO platform.data_keys (id, purpose, provider, kek_id, wrapped) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(context.data_key_id)
    .bind(context.purpose.name())
    .bind(&wrapped.provider)
    .bind(&wrapped.key_id)
    .bind(&wrapped.bytes)
    .execute(connection)
    .await?;
    if written.rows_affected() == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// Why a data key is not under the current key-encryption key.
#[derive(Debug, thiserror::Error)]
pub enum RewrapError {
    /// A provider's.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The database's.
    #[error("the data keys cannot be written")]
    Database(#[from] sqlx::Error),
}

/// Wraps the key of that row anew, under the current key-encryption key; the key itself stays, and with it all that
/// is sealed. False where somebody else has just done so.
///
/// Unwrapped again before it is written: the only copy of a key is not exchanged for one that does not open.
///
/// # Errors
/// [`RewrapError`]; the row is then as it was.
pub async fn rewrap(
    pool: &PgPool,
    providers: &KeyProviders,
    key: &DataKey,
    now: DateTime<Utc>,
) -> Result<bool, RewrapError> {
    let plain = providers.unwrap(&key.wrapped, key.context).await?;
    let wrapped = providers.wrap(&plain, key.context).await?;
    let again = providers.unwrap(&wrapped, key.context).await?;
    if again.expose_secret() != plain.expose_secret() {
        let reason = "it unwraps another key than it wrapped".to_owned();
        return Err(ProviderError::Refused { provider: providers.current_name(), reason }.into());
    }
    let written = sqlx::query(
        "UPDATE platform.data_keys SET provider = $3, kek_id = $4, wrapped = $5, rewrapped_at = $6 \
         WHERE id = $1 AND wrapped = $2",
    )
    .bind(key.context.data_key_id)
    .bind(&key.wrapped.bytes)
    .bind(&wrapped.provider)
    .bind(&wrapped.key_id)
    .bind(&wrapped.bytes)
    .bind(now)
    .execute(pool)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// Marks keys as those that nothing is sealed under any more.
///
/// # Errors
/// The database's.
pub async fn retire(pool: &PgPool, ids: &[Uuid], now: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let sql = "UPDATE platform.data_keys SET retired_at = $2 \
               WHERE id = ANY($1) AND retired_at IS NULL AND purpose = 'seal'";
    Ok(sqlx::query(sql).bind(ids).bind(now).execute(pool).await?.rows_affected())
}
