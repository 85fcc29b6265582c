//! The table of what waits to be read.

use chrono::{DateTime, TimeDelta, Utc};
use events::{
    Actor,
    invoice::{InvoiceFile, Stated},
    values::{AccountId, InvoiceId, Role},
};
use sqlx::{PgPool, Row, postgres::PgRow};
use uuid::Uuid;

use super::{Arrival, Lane, sort::Kind};
use crate::domain::Caller;

/// How long a turn may go without a sign of life before somebody else may take it.
pub const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How long the command that makes the invoice may take before a worker looks at its job.
const BIRTH: TimeDelta = TimeDelta::seconds(30);

macro_rules! columns {
    () => {
        "invoice_id, sha256, media_type, kind, lane, account_id, role, metadata, stated::text AS stated, attempts, \
         created_at"
    };
}

/// A file whose pages are to be read.
#[derive(Clone, Debug)]
pub struct Job {
    /// Of which invoice.
    pub invoice_id: InvoiceId,
    /// What it is kept under.
    pub sha256: String,
    /// By its bytes.
    pub media_type: String,
    /// For metrics and people.
    pub kind: String,
    /// Where it waits.
    pub lane: Lane,
    /// Who sent it.
    pub account_id: AccountId,
    /// In which role.
    pub role: Role,
    /// Canonical JSON of [`events::envelope::Metadata`], of the upload.
    pub metadata: String,
    /// What the sender said of it.
    pub stated: Stated,
    /// Turns that began, this one included, but for those that were given back.
    pub attempts: i32,
    /// When it came.
    pub created_at: DateTime<Utc>,
}

/// Whose turn it is, since when.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Made for this turn alone.
    pub owner: Uuid,
    /// When it began.
    pub now: DateTime<Utc>,
}

impl Job {
    /// A new one.
    pub fn new(
        invoice_id: InvoiceId,
        file: &InvoiceFile,
        kind: Kind,
        lane: Lane,
        arrival: &Arrival,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            invoice_id,
            sha256: file.sha256.clone(),
            media_type: file.media_type.clone(),
            kind: kind.name().to_owned(),
            lane,
            account_id: arrival.caller.account_id().unwrap_or_default(),
            role: arrival.caller.role(),
            metadata: arrival.metadata.clone(),
            stated: arrival.stated,
            attempts: 0,
            created_at: now,
        }
    }

    /// Its sender.
    pub fn caller(&self) -> Caller {
        Caller { actor: Actor::Account { id: self.account_id, role: self.role }, if_match: None }
    }
}

/// Stores a job; nobody takes it until its invoice is there, or should be.
pub async fn create(pool: &PgPool, job: &Job) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO invoicing.jobs (invoice_id, sha256, media_type, kind, lane, account_id, role, metadata, stated, \
           lease_until, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::json, $10, $11)",
    )
    .bind(job.invoice_id.0)
    .bind(&job.sha256)
    .bind(&job.media_type)
    .bind(&job.kind)
    .bind(job.lane.name())
    .bind(job.account_id.0)
    .bind(job.role.to_string())
    .bind(&job.metadata)
    .bind(serde_json::to_string(&job.stated).expect("ids are JSON"))
    .bind(job.created_at + BIRTH)
    .bind(job.created_at)
    .execute(pool)
    .await
    .map(drop)
}

/// The invoice is there: the job may be taken.
pub async fn release(pool: &PgPool, invoice_id: InvoiceId, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    // No row if a worker was so quick as to have it already.
    sqlx::query("UPDATE invoicing.jobs SET lease_until = $2 WHERE invoice_id = $1 AND lease_owner IS NULL")
        .bind(invoice_id.0)
        .bind(now)
        .execute(pool)
        .await
        .map(drop)
}

/// There will be no such invoice.
pub async fn drop_unborn(pool: &PgPool, invoice_id: InvoiceId) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM invoicing.jobs WHERE invoice_id = $1 AND finished_at IS NULL")
        .bind(invoice_id.0)
        .execute(pool)
        .await
        .map(drop)
}

/// How many wait or are being read.
pub async fn waiting(pool: &PgPool, lane: Lane) -> Result<i64, sqlx::Error> {
    sqlx::query("SELECT count(*) AS waiting FROM invoicing.jobs WHERE lane = $1 AND finished_at IS NULL")
        .bind(lane.name())
        .fetch_one(pool)
        .await?
        .try_get("waiting")
}

/// Takes the next turn in the lane, of the job that has waited longest. Other workers take other jobs.
pub async fn take_turn(pool: &PgPool, lane: Lane, turn: Turn) -> Result<Option<Job>, sqlx::Error> {
    let taken = sqlx::query(concat!(
        "UPDATE invoicing.jobs SET lease_owner = $1, lease_until = $2, attempts = attempts + 1 WHERE invoice_id = ( \
           SELECT invoice_id FROM invoicing.jobs WHERE lane = $3 AND finished_at IS NULL AND lease_until <= $4 \
           ORDER BY lease_until, invoice_id LIMIT 1 FOR UPDATE SKIP LOCKED \
         ) RETURNING ",
        columns!()
    ))
    .bind(turn.owner)
    .bind(turn.now + LEASE)
    .bind(lane.name())
    .bind(turn.now)
    .fetch_optional(pool)
    .await?;
    taken.as_ref().map(read_job).transpose()
}

/// Says how far it is and that somebody still works on it; false if the turn is somebody else's by now.
pub async fn renew(
    pool: &PgPool,
    invoice_id: InvoiceId,
    turn: Turn,
    now: DateTime<Utc>,
    (stage, percent): (&str, i32),
) -> Result<bool, sqlx::Error> {
    let renewed = sqlx::query(
        "UPDATE invoicing.jobs SET lease_until = $3, stage = $4, percent = $5 \
         WHERE invoice_id = $1 AND lease_owner = $2 AND finished_at IS NULL",
    )
    .bind(invoice_id.0)
    .bind(turn.owner)
    .bind(now + LEASE)
    .bind(stage)
    .bind(percent)
    .execute(pool)
    .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Gives a turn back undone. The job waits until then; so many turns count against it.
pub async fn give_back(
    pool: &PgPool,
    invoice_id: InvoiceId,
    turn: Turn,
    until: DateTime<Utc>,
    attempts: i32,
) -> Result<(), sqlx::Error> {
    // No row if the turn is somebody else's by now: then there is nothing to give back.
    sqlx::query(
        "UPDATE invoicing.jobs SET lease_until = $3, lease_owner = NULL, attempts = $4, stage = 'waiting', \
           percent = 0 \
         WHERE invoice_id = $1 AND lease_owner = $2 AND finished_at IS NULL",
    )
    .bind(invoice_id.0)
    .bind(turn.owner)
    .bind(until)
    .bind(attempts)
    .execute(pool)
    .await
    .map(drop)
}

/// It is read; false if the turn was somebody else's, who finds the same answer.
pub async fn finish(
    pool: &PgPool,
    invoice_id: InvoiceId,
    turn: Turn,
    now: DateTime<Utc>,
    status: &str,
) -> Result<bool, sqlx::Error> {
    let finished = sqlx::query(
        "UPDATE invoicing.jobs SET finished_at = $3, status = $4, percent = 100, lease_owner = NULL \
         WHERE invoice_id = $1 AND lease_owner = $2 AND finished_at IS NULL",
    )
    .bind(invoice_id.0)
    .bind(turn.owner)
    .bind(now)
    .bind(status)
    .execute(pool)
    .await?;
    Ok(finished.rows_affected() == 1)
}

fn read_job(row: &PgRow) -> Result<Job, sqlx::Error> {
    let wrong = |name: String| sqlx::Error::Decode(name.into());
    let (lane, role): (String, String) = (row.try_get("lane")?, row.try_get("role")?);
    let stated: String = row.try_get("stated")?;
    Ok(Job {
        invoice_id: InvoiceId(row.try_get("invoice_id")?),
        sha256: row.try_get("sha256")?,
        media_type: row.try_get("media_type")?,
        kind: row.try_get("kind")?,
        lane: lane.parse().map_err(wrong)?,
        account_id: AccountId(row.try_get("account_id")?),
        role: role.parse().map_err(|_| wrong(role))?,
        metadata: row.try_get("metadata")?,
        stated: serde_json::from_str(&stated).map_err(|error| sqlx::Error::Decode(error.into()))?,
        attempts: row.try_get("attempts")?,
        created_at: row.try_get("created_at")?,
    })
}
