//! Schema `audit`: seals and keys as rows.

use sqlx::{PgConnection, PgExecutor, Row, error::BoxDynError, postgres::PgRow};

use super::{keys::PublicKey, seal::Seal, trust::KeyIntroduction};
use crate::merkle::Hash;

const SEAL_COLUMNS: &str =
    "number, first_position, last_position, root, previous, sealed_at, key_id, signature";

/// A seal with the content hashes that it covers.
pub(crate) struct SealWithLeaves {
    pub(crate) seal: Seal,
    pub(crate) leaves: Vec<Hash>,
}

/// The newest seal.
pub async fn last_seal(executor: impl PgExecutor<'_>) -> Result<Option<Seal>, sqlx::Error> {
    let sql = format!("SELECT {SEAL_COLUMNS} FROM audit.seals ORDER BY number DESC LIMIT 1");
    let row = sqlx::query(&sql).fetch_optional(executor).await?;
    row.as_ref().map(seal).transpose()
}

/// The last position that is sealed; 0 where none is.
pub async fn sealed_up_to(executor: impl PgExecutor<'_>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT COALESCE(max(last_position), 0) FROM audit.seals").fetch_one(executor).await
}

/// At most `limit` seals from that number on, by number.
pub async fn seals_from(
    executor: impl PgExecutor<'_>,
    number: i64,
    limit: i64,
) -> Result<Vec<Seal>, sqlx::Error> {
    let sql = format!("SELECT {SEAL_COLUMNS} FROM audit.seals WHERE number >= $1 ORDER BY number LIMIT $2");
    sqlx::query(&sql).bind(number).bind(limit).fetch_all(executor).await?.iter().map(seal).collect()
}

/// At most `limit` seals before that number, or of all, the newest first; `skip` of them are left out.
pub async fn newest_seals(
    executor: impl PgExecutor<'_>,
    before: Option<i64>,
    limit: i64,
    skip: i64,
) -> Result<Vec<Seal>, sqlx::Error> {
    let sql = format!(
        "SELECT {SEAL_COLUMNS} FROM audit.seals WHERE number < $1 ORDER BY number DESC LIMIT $2 OFFSET $3"
    );
    let before = before.unwrap_or(i64::MAX);
    sqlx::query(&sql)
        .bind(before)
        .bind(limit)
        .bind(skip)
        .fetch_all(executor)
        .await?
        .iter()
        .map(seal)
        .collect()
}

/// At most `limit` seals over any of these positions, by number.
pub(crate) async fn seals_over(
    connection: &mut PgConnection,
    (first, last): (i64, i64),
    limit: i64,
) -> Result<Vec<Seal>, sqlx::Error> {
    let sql = format!(
        "SELECT {SEAL_COLUMNS} FROM audit.seals WHERE last_position >= $1 AND first_position <= $2 \
         ORDER BY last_position LIMIT $3"
    );
    let rows = sqlx::query(&sql).bind(first).bind(last).bind(limit).fetch_all(connection).await?;
    rows.iter().map(seal).collect()
}

/// The first seal that reaches so far.
pub(super) async fn first_seal_reaching(
    connection: &mut PgConnection,
    position: i64,
) -> Result<Option<Seal>, sqlx::Error> {
    let sql = format!(
        "SELECT {SEAL_COLUMNS} FROM audit.seals WHERE last_position >= $1 ORDER BY last_position LIMIT 1"
    );
    sqlx::query(&sql).bind(position).fetch_optional(connection).await?.as_ref().map(seal).transpose()
}

/// At most `limit` seals from that number on that begin at or before `upto`, by number, with their leaves.
pub(super) async fn seals_beginning_by(
    connection: &mut PgConnection,
    number: i64,
    upto: i64,
    limit: i64,
) -> Result<Vec<SealWithLeaves>, sqlx::Error> {
    let sql = format!(
        "SELECT {SEAL_COLUMNS}, leaves FROM audit.seals WHERE number >= $1 AND first_position <= $2 ORDER BY number LIMIT $3"
    );
    sqlx::query(&sql)
        .bind(number)
        .bind(upto)
        .bind(limit)
        .fetch_all(connection)
        .await?
        .iter()
        .map(with_leaves)
        .collect()
}

/// The seal that covers the position.
pub(crate) async fn seal_covering(
    connection: &mut PgConnection,
    position: i64,
) -> Result<Option<SealWithLeaves>, sqlx::Error> {
    let sql = format!(
        "SELECT {SEAL_COLUMNS}, leaves FROM audit.seals \
         WHERE last_position >= $1 AND first_position <= $1 ORDER BY last_position LIMIT 1"
    );
    let row = sqlx::query(&sql).bind(position).fetch_optional(connection).await?;
    row.as_ref().map(with_leaves).transpose()
}

/// Where an event with that hash was sealed. Looks through all leaves: only for what is already known to be wrong.
pub(super) async fn sealed_place(
    connection: &mut PgConnection,
    hash: &Hash,
) -> Result<Option<i64>, sqlx::Error> {
    // What begins within a leaf and not at its start is no leaf.
    sqlx::query_scalar(
        "SELECT first_position + (at - 1) / 32 \
         FROM (SELECT first_position, position($1 IN leaves) AS at FROM audit.seals) found \
         WHERE at > 0 AND at % 32 = 1 LIMIT 1",
    )
    .bind(hash.as_slice())
    .fetch_optional(connection)
    .await
}

pub(super) async fn insert_seal(
    transaction: &mut PgConnection,
    seal: &Seal,
    leaves: &[Hash],
) -> Result<(), sqlx::Error> {
    let inserted = sqlx::query(
        "INSERT INTO audit.seals \
             (number, first_position, last_position, root, previous, sealed_at, key_id, signature, leaves) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(seal.number)
    .bind(seal.first_position)
    .bind(seal.last_position)
    .bind(seal.root.as_slice())
    .bind(seal.previous.as_slice())
    .bind(seal.sealed_at)
    .bind(&seal.key_id)
    .bind(seal.signature.as_slice())
    .bind(leaves.as_flattened())
    .execute(transaction)
    .await?;
    expect_one(inserted.rows_affected())
}

/// All keys, in the order in which they came into use.
pub async fn read_keys(executor: impl PgExecutor<'_>) -> Result<Vec<KeyIntroduction>, sqlx::Error> {
    let sql = "SELECT number, public_key, introduced_at, signature, previous_signature \
               FROM audit.seal_keys ORDER BY number";
    sqlx::query(sql).fetch_all(executor).await?.iter().map(introduction).collect()
}

pub(super) async fn insert_key(
    transaction: &mut PgConnection,
    introduced: &KeyIntroduction,
) -> Result<(), sqlx::Error> {
    let inserted = sqlx::query(
        "INSERT INTO audit.seal_keys (number, key_id, public_key, introduced_at, signature, previous_signature) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(introduced.number)
    .bind(introduced.key.id())
    .bind(introduced.key.bytes().as_slice())
    .bind(introduced.introduced_at)
    .bind(introduced.signature.as_slice())
    .bind(introduced.previous_signature.as_ref().map(<[u8; 64]>::as_slice))
    .execute(transaction)
    .await?;
    expect_one(inserted.rows_affected())
}

fn expect_one(rows: u64) -> Result<(), sqlx::Error> {
    if rows == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

fn seal(row: &PgRow) -> Result<Seal, sqlx::Error> {
    Ok(Seal {
        number: row.try_get("number")?,
        first_position: row.try_get("first_position")?,
        last_position: row.try_get("last_position")?,
        root: bytes(row, "root")?,
        previous: bytes(row, "previous")?,
        sealed_at: row.try_get("sealed_at")?,
        key_id: row.try_get("key_id")?,
        signature: bytes(row, "signature")?,
    })
}

fn with_leaves(row: &PgRow) -> Result<SealWithLeaves, sqlx::Error> {
    let leaves: &[u8] = row.try_get("leaves")?;
    let (leaves, rest) = leaves.as_chunks();
    if !rest.is_empty() {
        return Err(decode("leaves"));
    }
    Ok(SealWithLeaves { seal: seal(row)?, leaves: leaves.to_vec() })
}

fn introduction(row: &PgRow) -> Result<KeyIntroduction, sqlx::Error> {
    let key: &[u8] = row.try_get("public_key")?;
    let previous_signature: Option<Vec<u8>> = row.try_get("previous_signature")?;
    let previous_signature =
        previous_signature.map(|bytes| bytes.try_into().map_err(|_| decode("previous_signature")));
    Ok(KeyIntroduction {
        number: row.try_get("number")?,
        key: PublicKey::from_bytes(key).ok_or_else(|| decode("public_key"))?,
        introduced_at: row.try_get("introduced_at")?,
        signature: bytes(row, "signature")?,
        previous_signature: previous_signature.transpose()?,
    })
}

fn bytes<const N: usize>(row: &PgRow, column: &'static str) -> Result<[u8; N], sqlx::Error> {
    row.try_get::<&[u8], _>(column)?.try_into().map_err(|_| decode(column))
}

fn decode(column: &'static str) -> sqlx::Error {
    let error: BoxDynError = format!("audit: {column} has another length").into();
    sqlx::Error::Decode(error)
}
