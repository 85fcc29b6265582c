//! `GET /api/v1/jobs`: what was done by the clock.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use deserr::Deserr;
use platform::{
    body::{Faults, FromText, Invalid, Parsed},
    error::ApiError,
    paging::{List, Page, PageParams, Paged},
};
use serde::Serialize;
use serde_json::Value;
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    audit::expect_auditor,
    failure::ReadFailure,
    listing::{Newest, SortColumns, Take, after, count, push_window},
    reader::Reader,
    refusals::{ListRefusals, ReadRefusals},
    sight::Sight,
};

const LIST: &str = "job_runs";
const SORT: SortColumns = SortColumns { at: "r.scheduled_for", id: "r.run_id" };

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobRunState {
    /// It waits: for its first attempt, or for another after a failure.
    Queued,
    /// It is under way.
    Running,
    /// It is done.
    Succeeded,
    /// It failed as often as it is tried.
    Failed,
    /// Its time passed without it, and a later one was done.
    Skipped,
}

impl JobRunState {
    const WORDS: [(&'static str, Self); 5] = [
        ("queued", Self::Queued),
        ("running", Self::Running),
        ("succeeded", Self::Succeeded),
        ("failed", Self::Failed),
        ("skipped", Self::Skipped),
    ];

    fn named(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(known, _)| *known == word).map(|(_, state)| state)
    }

    fn name(self) -> &'static str {
        Self::WORDS.into_iter().find(|(_, state)| *state == self).expect("each has a word").0
    }
}

impl FromText for JobRunState {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let message = || format!("Must be one of: {}.", Self::WORDS.map(|(word, _)| word).join(", "));
        Self::named(text).ok_or_else(|| Invalid::new("unknown_value", message()))
    }
}

/// The name of a job; later versions have more of them, so any word of that form passes.
#[derive(Clone, Debug)]
struct JobName(String);

impl FromText for JobName {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let is_word = (1..=40).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let known = is_word.then(|| Self(text.to_owned()));
        known.ok_or_else(|| Invalid::new("unknown_value", "Must be the name of a job, such as upkeep."))
    }
}

/// Which runs.
#[derive(Clone, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobRunFilter {
    /// Of this job.
    #[deserr(default)]
    #[param(value_type = Option<String>, pattern = "^[a-z_]{1,40}$", example = "upkeep")]
    job: Option<Parsed<JobName>>,
    /// That stand there.
    #[deserr(default)]
    #[param(value_type = Option<JobRunState>, inline)]
    state: Option<Parsed<JobRunState>>,
}

/// One run of a job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobRunResource {
    /// The run; the same however often it is tried.
    id: Uuid,
    /// Which job.
    #[schema(example = "upkeep")]
    job: String,
    /// The time that it is of: a job is done once for each.
    scheduled_for: DateTime<Utc>,
    /// Where it stands.
    state: JobRunState,
    /// `schedule`, or `manual`: somebody ran it by hand.
    #[schema(example = "schedule")]
    trigger: String,
    /// How often it was begun.
    attempts: i32,
    /// When it was last begun.
    #[schema(required)]
    started_at: Option<DateTime<Utc>>,
    /// When it was over.
    #[schema(required)]
    finished_at: Option<DateTime<Utc>>,
    /// What was done of it, in the job's own units.
    done: i64,
    /// Of how much, where that is known.
    #[schema(required)]
    total: Option<i64>,
    /// What it came to: names and numbers, by the job. Of a skipped run, how many times were skipped and from when on.
    #[schema(required, value_type = Option<Object>)]
    outcome: Option<Value>,
    /// Why the last attempt failed.
    #[schema(required)]
    error: Option<String>,
}

/// What was done by the clock, newest first; for `ADMIN` and `AUDITOR`.
#[utoipa::path(
    get, path = "/api/v1/jobs", tag = "jobs", params(JobRunFilter, PageParams), security(("bearer" = [])),
    responses((status = 200, body = List<JobRunResource>), ReadRefusals, ListRefusals)
)]
pub(crate) async fn list_job_runs(
    reader: Reader,
    Paged { page, filter }: Paged<JobRunFilter>,
) -> Result<Response, ApiError> {
    expect_auditor(reader.role)?;
    let after: Option<Newest> = after(&page, LIST)?;
    let sight = reader.sight().await?;
    let runs = runs(&sight, &filter, &page, after).await?;
    let total = if page.count { Some(total(&sight, &filter).await?) } else { None };
    let list = List::of(runs, &page, LIST, |run| Newest { at: run.scheduled_for, id: run.id });
    Ok(Json(list.with_total(total)).into_response())
}

async fn runs(
    sight: &Sight,
    filter: &JobRunFilter,
    page: &Page,
    after: Option<Newest>,
) -> Result<Vec<JobRunResource>, ReadFailure> {
    let mut sql = QueryBuilder::new(
        "SELECT r.run_id, r.job, r.scheduled_for, r.state, r.trigger, r.attempt, r.started_at, r.finished_at, \
                r.done, r.total, r.outcome, r.error \
         FROM jobs.runs r WHERE true",
    );
    push_filter(&mut sql, filter);
    push_window(&mut sql, SORT, after, page, Take::Page);
    let rows = sql.build().fetch_all(&mut *sight.connection().await).await?;
    Ok(rows.iter().map(read).collect::<sqlx::Result<_>>()?)
}

async fn total(sight: &Sight, filter: &JobRunFilter) -> Result<u64, ReadFailure> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM jobs.runs r WHERE true");
    push_filter(&mut sql, filter);
    count(sight, sql).await
}

fn push_filter(sql: &mut QueryBuilder<'static, Postgres>, filter: &JobRunFilter) {
    if let Some(job) = &filter.job {
        sql.push(" AND r.job = ").push_bind(job.0.0.clone());
    }
    if let Some(state) = &filter.state {
        sql.push(" AND r.state = ").push_bind(state.0.name());
    }
}

fn read(row: &PgRow) -> sqlx::Result<JobRunResource> {
    let state: String = row.try_get("state")?;
    Ok(JobRunResource {
        id: row.try_get("run_id")?,
        job: row.try_get("job")?,
        scheduled_for: row.try_get("scheduled_for")?,
        state: JobRunState::named(&state)
            .ok_or_else(|| sqlx::Error::Decode(format!("state {state} of a run").into()))?,
        trigger: row.try_get("trigger")?,
        attempts: row.try_get("attempt")?,
        started_at: row.try_get("started_at")?,
        finished_at: row.try_get("finished_at")?,
        done: row.try_get("done")?,
        total: row.try_get("total")?,
        outcome: row.try_get("outcome")?,
        error: row.try_get("error")?,
    })
}
