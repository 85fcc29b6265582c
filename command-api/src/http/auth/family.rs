//! Families of refresh tokens: what descends from one login stands and falls together.
//!
//! A refresh token is used once and replaced by its successor. Whoever steals one must use it, and so
//! must its owner: the second of the two to come finds it used, and then the whole family is revoked,
//! for nobody can tell which of the two was the thief (RFC 9700 section 4.14.2).

use chrono::{DateTime, TimeDelta, Utc};
use platform::auth::{RefreshToken, refresh_token_hash};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::SessionFault;

/// How long a refresh token waits to be used.
const IDLE: TimeDelta = TimeDelta::days(7);
/// How long a login lasts at most, however often it is refreshed: a thief who keeps up loses it then, too.
const ABSOLUTE: TimeDelta = TimeDelta::days(30);

/// A refresh token for the client; only its hash is stored.
pub(super) type NewToken = RefreshToken;

/// What a refresh token turned out to be.
pub(super) enum Rotation {
    /// Good: it is used now, and this is its family.
    Rotated(Family),
    /// Used before: the family is revoked by now.
    Reused {
        /// Which login.
        family_id: Uuid,
        /// Whose it was.
        account_id: Uuid,
    },
    /// Unknown, expired, or of a family that was revoked.
    Invalid,
}

/// A login that goes on.
pub(super) struct Family {
    id: Uuid,
    /// Whose it is.
    pub(super) account_id: Uuid,
    expires_at: DateTime<Utc>,
}

/// Begins a family with its first token, and clears some that are over.
pub(super) async fn begin(
    connection: &mut PgConnection,
    family_id: Uuid,
    account_id: Uuid,
    now: DateTime<Utc>,
) -> Result<NewToken, SessionFault> {
    let expires_at = now + ABSOLUTE;
    // Every login clears up to a hundred, so the tables never grow beyond what is in use; SKIP LOCKED,
    // for two logins at once need not wait for each other over rubbish.
    sqlx::query(
        "WITH over AS ( \
             SELECT family_id FROM auth.families WHERE expires_at <= $4 LIMIT 100 FOR UPDATE SKIP LOCKED \
         ), cleared AS ( \
             DELETE FROM auth.families f USING over WHERE f.family_id = over.family_id \
         ) \
         INSERT INTO auth.families (family_id, account_id, began_at, expires_at) VALUES ($1, $2, $4, $3)",
    )
    .bind(family_id)
    .bind(account_id)
    .bind(expires_at)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    issue(connection, &Family { id: family_id, account_id, expires_at }, now).await
}

/// Uses a token up, in the caller's transaction; [`issue`] gives its successor in the same one.
pub(super) async fn rotate_in_tx(
    transaction: &mut PgConnection,
    token: &SecretString,
    now: DateTime<Utc>,
) -> Result<Rotation, SessionFault> {
    // Looked up by its hash: the table logs nobody in, and comparing hashes of random tokens tells a
    // prober nothing by its timing.
    let hash = refresh_token_hash(token.expose_secret());
    // One statement decides and marks: of any number that come at once, the row's lock lets one through,
    // and the others then find used_at set.
    let rotated = sqlx::query(
        "UPDATE auth.refresh_tokens t SET used_at = $2 \
         FROM auth.families f \
         WHERE t.token_hash = $1 AND t.used_at IS NULL AND t.expires_at > $2 \
           AND f.family_id = t.family_id AND f.revoked_at IS NULL AND f.expires_at > $2 \
         RETURNING f.family_id, f.account_id, f.expires_at",
    )
    .bind(hash.as_slice())
    .bind(now)
    .fetch_optional(&mut *transaction)
    .await?;
    if let Some(row) = rotated {
        return Ok(Rotation::Rotated(Family {
            id: row.try_get("family_id")?,
            account_id: row.try_get("account_id")?,
            expires_at: row.try_get("expires_at")?,
        }));
    }
    // Used before, by whomever: revoking on the family's row also reaches a successor that is being
    // issued at this moment, for every rotation looks at that row.
    let reused = sqlx::query(
        "UPDATE auth.families f SET revoked_at = COALESCE(f.revoked_at, $2) \
         FROM auth.refresh_tokens t \
         WHERE t.token_hash = $1 AND t.used_at IS NOT NULL AND f.family_id = t.family_id \
         RETURNING f.family_id, f.account_id",
    )
    .bind(hash.as_slice())
    .bind(now)
    .fetch_optional(transaction)
    .await?;
    Ok(match reused {
        Some(row) => {
            Rotation::Reused { family_id: row.try_get("family_id")?, account_id: row.try_get("account_id")? }
        }
        None => Rotation::Invalid,
    })
}

/// The family's next token.
pub(super) async fn issue(
    connection: &mut PgConnection,
    family: &Family,
    now: DateTime<Utc>,
) -> Result<NewToken, SessionFault> {
    let token = RefreshToken::generate()?;
    sqlx::query(
        "INSERT INTO auth.refresh_tokens (token_hash, family_id, issued_at, expires_at) VALUES ($1, $2, $3, $4)",
    )
    .bind(token.hash.as_slice())
    .bind(family.id)
    .bind(now)
    .bind(family.expires_at.min(now + IDLE))
    .execute(connection)
    .await?;
    Ok(token)
}

/// Ends the login that the token belongs to, used or not, and says whose it was; an unknown token ends nothing.
pub(super) async fn revoke(
    connection: &mut PgConnection,
    token: &SecretString,
    now: DateTime<Utc>,
) -> Result<Option<Uuid>, SessionFault> {
    let hash = refresh_token_hash(token.expose_secret());
    let ended = sqlx::query_scalar(
        "UPDATE auth.families f SET revoked_at = $2 \
         FROM auth.refresh_tokens t \
         WHERE t.token_hash = $1 AND f.family_id = t.family_id AND f.revoked_at IS NULL \
         RETURNING f.account_id",
    )
    .bind(hash.as_slice())
    .bind(now)
    .fetch_optional(connection)
    .await?;
    Ok(ended)
}
