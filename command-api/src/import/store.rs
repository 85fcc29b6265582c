//! The tables of schema `import`.

use chrono::{DateTime, TimeDelta, Utc};
use events::values::{AccountId, ProductId, SupplierId};
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::{
    job::{CHUNK_ROWS, Counts, DoneRow, Job, RowResult},
    parse::ParsedRow,
};

/// How long a turn may take before somebody else may take it; turns are seconds, mostly.
pub const LEASE: TimeDelta = TimeDelta::seconds(60);

/// Chunks that are written in one statement: some megabytes at most.
const CHUNKS_PER_INSERT: usize = 20;

macro_rules! job_columns {
    () => {
        "import_id, supplier_id, account_id, role, metadata, dry_run, request_hash, rows_total, created, revised, \
         unchanged, failed, position, created_at, finished_at"
    };
}

/// Whose turn it is, until when.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Made for this turn alone.
    pub owner: Uuid,
    /// When it began.
    pub now: DateTime<Utc>,
}

/// Rows that wait, together.
#[derive(Debug)]
pub struct Chunk {
    first_row: i32,
    /// In the order of the file.
    pub rows: Vec<ParsedRow>,
}

/// Stores an upload; all of it or nothing. With a turn, the caller begins on it at once.
///
/// # Errors
/// Unique violation if the account used the key before.
pub async fn create_in_tx(
    transaction: &mut PgConnection,
    job: &Job,
    key: Option<&str>,
    rows: &[ParsedRow],
    turn: Option<Turn>,
) -> Result<Job, sqlx::Error> {
    let created = sqlx::query(concat!(
        "INSERT INTO import.jobs (import_id, supplier_id, account_id, role, metadata, dry_run, request_hash, rows_total, \
           idempotency_key, created_at, finished_at, lease_owner, lease_until, position) \
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, position FROM public.log_head WHERE id = 1 \
         RETURNING ",
        job_columns!()
    ))
    .bind(job.import_id)
    .bind(job.supplier_id.0)
    .bind(job.account_id.0)
    .bind(job.role.to_string())
    .bind(&job.metadata)
    .bind(job.dry_run)
    .bind(&job.request_hash)
    .bind(job.rows_total)
    .bind(key)
    .bind(job.created_at)
    .bind(rows.is_empty().then_some(job.created_at))
    .bind(turn.map(|turn| turn.owner))
    .bind(turn.map_or(job.created_at, |turn| turn.now + LEASE))
    .fetch_one(&mut *transaction)
    .await?;
    let chunks: Vec<&[ParsedRow]> = rows.chunks(CHUNK_ROWS).collect();
    for chunks in chunks.chunks(CHUNKS_PER_INSERT) {
        let first_rows = chunks.iter().map(|rows| number(rows[0].row)).collect::<Vec<_>>();
        let rows = chunks.iter().map(json).collect::<Vec<_>>();
        sqlx::query(
            "INSERT INTO import.chunks (import_id, first_row, rows) \
             SELECT $1, c.first_row, c.rows::json FROM unnest($2::int[], $3::text[]) AS c(first_row, rows)",
        )
        .bind(job.import_id)
        .bind(first_rows)
        .bind(rows)
        .execute(&mut *transaction)
        .await?;
    }
    read_job(&created)
}

/// The import of that id.
pub async fn find(connection: &mut PgConnection, import_id: Uuid) -> Result<Option<Job>, sqlx::Error> {
    let found = sqlx::query(concat!("SELECT ", job_columns!(), " FROM import.jobs WHERE import_id = $1"))
        .bind(import_id)
        .fetch_optional(connection)
        .await?;
    found.as_ref().map(read_job).transpose()
}

/// The import that the account used that key for.
pub async fn find_by_key(
    connection: &mut PgConnection,
    account_id: AccountId,
    key: &str,
) -> Result<Option<Job>, sqlx::Error> {
    let found = sqlx::query(concat!(
        "SELECT ",
        job_columns!(),
        " FROM import.jobs WHERE account_id = $1 AND idempotency_key = $2"
    ))
    .bind(account_id.0)
    .bind(key)
    .fetch_optional(connection)
    .await?;
    found.as_ref().map(read_job).transpose()
}

/// Takes the next turn on the job that has waited longest, if any waits. Other workers take other jobs.
pub async fn take_turn(connection: &mut PgConnection, turn: Turn) -> Result<Option<Job>, sqlx::Error> {
    let taken = sqlx::query(concat!(
        "UPDATE import.jobs SET lease_owner = $1, lease_until = $2 WHERE import_id = ( \
           SELECT import_id FROM import.jobs WHERE finished_at IS NULL AND lease_until <= $3 \
           ORDER BY lease_until, import_id LIMIT 1 FOR UPDATE SKIP LOCKED \
         ) RETURNING ",
        job_columns!()
    ))
    .bind(turn.owner)
    .bind(turn.now + LEASE)
    .bind(turn.now)
    .fetch_optional(connection)
    .await?;
    taken.as_ref().map(read_job).transpose()
}

/// Gives a turn back undone; the job waits until then.
pub async fn give_back(
    connection: &mut PgConnection,
    import_id: Uuid,
    turn: Turn,
    until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    // No row if the turn is somebody else's by now: then there is nothing to give back.
    sqlx::query("UPDATE import.jobs SET lease_until = $3 WHERE import_id = $1 AND lease_owner = $2")
        .bind(import_id)
        .bind(turn.owner)
        .bind(until)
        .execute(connection)
        .await?;
    Ok(())
}

/// The rows that are next.
pub async fn next_chunk(
    connection: &mut PgConnection,
    import_id: Uuid,
) -> Result<Option<Chunk>, sqlx::Error> {
    let found = sqlx::query(
        "SELECT first_row, rows::text AS rows FROM import.chunks WHERE import_id = $1 ORDER BY first_row LIMIT 1",
    )
    .bind(import_id)
    .fetch_optional(connection)
    .await?;
    let Some(found) = found else { return Ok(None) };
    let rows: String = found.try_get("rows")?;
    let rows = serde_json::from_str(&rows).map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(Some(Chunk { first_row: found.try_get("first_row")?, rows }))
}

/// Records what became of a chunk and ends the turn. `None` if the turn was somebody else's by now: nothing
/// is recorded, and whoever has the turn does the same rows again under the same keys.
pub async fn finish_chunk_in_tx(
    transaction: &mut PgConnection,
    import_id: Uuid,
    turn: Turn,
    chunk: &Chunk,
    done: &[DoneRow],
    now: DateTime<Utc>,
    position: i64,
) -> Result<Option<Job>, sqlx::Error> {
    let counts = Counts::of(done);
    let updated = sqlx::query(concat!(
        "UPDATE import.jobs SET created = created + $3, revised = revised + $4, unchanged = unchanged + $5, \
           failed = failed + $6, position = GREATEST(position, $7), lease_owner = NULL, lease_until = $8, \
           finished_at = CASE WHEN created + revised + unchanged + failed + $9 = rows_total THEN $8 END \
         WHERE import_id = $1 AND lease_owner = $2 RETURNING ",
        job_columns!()
    ))
    .bind(import_id)
    .bind(turn.owner)
    .bind(counts.created)
    .bind(counts.revised)
    .bind(counts.unchanged)
    .bind(counts.failed)
    .bind(position)
    .bind(now)
    .bind(counts.done())
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(updated) = updated else { return Ok(None) };
    let deleted = sqlx::query("DELETE FROM import.chunks WHERE import_id = $1 AND first_row = $2")
        .bind(import_id)
        .bind(chunk.first_row)
        .execute(&mut *transaction)
        .await?;
    if deleted.rows_affected() != 1 {
        return Err(sqlx::Error::RowNotFound);
    }
    insert_rows(transaction, import_id, done).await?;
    read_job(&updated).map(Some)
}

async fn insert_rows(
    transaction: &mut PgConnection,
    import_id: Uuid,
    done: &[DoneRow],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO import.rows (import_id, row, sku, result, product_id, faults) \
         SELECT $1, r.row, r.sku, r.result, r.product_id, r.faults::json \
         FROM unnest($2::int[], $3::text[], $4::text[], $5::uuid[], $6::text[]) \
           AS r(row, sku, result, product_id, faults)",
    )
    .bind(import_id)
    .bind(done.iter().map(|row| row.row).collect::<Vec<_>>())
    .bind(done.iter().map(|row| row.sku.as_deref()).collect::<Vec<_>>())
    .bind(done.iter().map(|row| row.result.name()).collect::<Vec<_>>())
    .bind(done.iter().map(|row| row.product_id.map(|id| id.0)).collect::<Vec<_>>())
    .bind(done.iter().map(|row| json(&row.faults)).collect::<Vec<_>>())
    .execute(transaction)
    .await?;
    Ok(())
}

/// Rows that are done, from that one on, in the order of the file.
pub async fn rows(
    connection: &mut PgConnection,
    import_id: Uuid,
    from: i32,
    limit: i64,
) -> Result<Vec<DoneRow>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT row, sku, result, product_id, faults::text AS faults FROM import.rows \
         WHERE import_id = $1 AND row >= $2 ORDER BY row LIMIT $3",
    )
    .bind(import_id)
    .bind(from)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(read_row).collect()
}

fn read_row(row: &PgRow) -> Result<DoneRow, sqlx::Error> {
    let result: String = row.try_get("result")?;
    let faults: String = row.try_get("faults")?;
    Ok(DoneRow {
        row: row.try_get("row")?,
        sku: row.try_get("sku")?,
        result: RowResult::named(&result).ok_or_else(|| sqlx::Error::Decode(result.into()))?,
        product_id: row.try_get::<Option<Uuid>, _>("product_id")?.map(ProductId),
        faults: serde_json::from_str(&faults).map_err(|error| sqlx::Error::Decode(error.into()))?,
    })
}

fn read_job(row: &PgRow) -> Result<Job, sqlx::Error> {
    let role: String = row.try_get("role")?;
    Ok(Job {
        import_id: row.try_get("import_id")?,
        supplier_id: SupplierId(row.try_get("supplier_id")?),
        account_id: AccountId(row.try_get("account_id")?),
        role: role.parse().map_err(|_| sqlx::Error::Decode(role.into()))?,
        metadata: row.try_get("metadata")?,
        dry_run: row.try_get("dry_run")?,
        request_hash: row.try_get("request_hash")?,
        rows_total: row.try_get("rows_total")?,
        counts: Counts {
            created: row.try_get("created")?,
            revised: row.try_get("revised")?,
            unchanged: row.try_get("unchanged")?,
            failed: row.try_get("failed")?,
        },
        position: row.try_get("position")?,
        created_at: row.try_get("created_at")?,
        finished_at: row.try_get("finished_at")?,
    })
}

/// A row's number as the database has it.
pub fn number(row: u32) -> i32 {
    // A text file of 25 MiB has no more lines than bytes, and sheets end at 2^20 unless they lie.
    i32::try_from(row).unwrap_or(i32::MAX)
}

fn json(value: &(impl serde::Serialize + ?Sized)) -> String {
    serde_json::to_string(value).expect("rows and faults are JSON by their types")
}
