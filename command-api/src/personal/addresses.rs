//! Addresses by their blind index.

use events::log::{Claim, holders_of};
use platform::personal::PersonalKeys;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// The account that holds that address.
///
/// # Errors
/// The database's.
pub async fn account_of_address(
    connection: &mut PgConnection,
    keys: &PersonalKeys,
    address: &str,
) -> Result<Option<Uuid>, sqlx::Error> {
    let holders = holders_of(connection, &[Claim::email(&keys.blind_index(address))]).await?;
    Ok(holders.into_iter().next().flatten())
}

/// Replaces addresses that an earlier version claimed in the clear by their index; says how many there were.
/// Idempotent, and nothing once it is done: run it before commands are taken.
///
/// # Errors
/// The database's.
pub async fn index_addresses(pool: &PgPool, keys: &PersonalKeys) -> Result<usize, sqlx::Error> {
    let sql = "SELECT value::text FROM public.claims WHERE scope = 'email' AND value LIKE '%@%'";
    let plain: Vec<String> = sqlx::query_scalar(sql).fetch_all(pool).await?;
    for address in &plain {
        sqlx::query(
            "UPDATE public.claims SET value = $2::citext WHERE scope = 'email' AND value = $1::citext",
        )
        .bind(address)
        .bind(keys.blind_index(address))
        .execute(pool)
        .await?;
    }
    Ok(plain.len())
}
