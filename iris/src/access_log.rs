//! `iris access-log`: who got to see or do what, for an operator at a terminal; one JSON object per line, oldest
//! first.

use std::{process::ExitCode, time::Duration};

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use platform::{
    clock::{Clock as _, SystemClock},
    config::Config,
    db, shutdown,
};
use sqlx::PgPool;

const POLL: Duration = Duration::from_secs(1);
const ROWS: i64 = 1_000;

/// What is printed.
#[derive(clap::Args)]
pub struct Arguments {
    /// Of this kind alone: login, `login_failed`, forbidden, `personal_data_read`, `admin_action` and the like.
    #[arg(long)]
    kind: Option<String>,
    /// From this time on, such as 2026-11-20T08:00:00Z; default: the last 24 hours.
    #[arg(long)]
    since: Option<DateTime<Utc>>,
    /// Go on with what comes, until Ctrl-C.
    #[arg(long)]
    follow: bool,
}

/// How far each of the two tables has been printed.
#[derive(Clone, Copy, Default)]
struct Printed {
    access: i64,
    position: i64,
}

/// Runs the subcommand.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    let stop = shutdown::on_signal()?;
    let options = db::DbOptions {
        max_connections: 1,
        application_name: "iris-access-log".to_owned(),
        statement_timeout_ms: None,
    };
    let pool = db::connect(&config.database_url, &options).await?;
    let since = arguments.since.unwrap_or_else(|| SystemClock.now() - TimeDelta::days(1));
    let mut printed = Printed::default();
    while !stop.is_cancelled() {
        let rows = print_next(&pool, arguments.kind.as_deref(), since, &mut printed).await?;
        if rows > 0 {
            continue;
        }
        if !arguments.follow {
            break;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the next rows of both tables; each row once, as both only grow at their end.
async fn print_next(
    pool: &PgPool,
    kind: Option<&str>,
    since: DateTime<Utc>,
    printed: &mut Printed,
) -> anyhow::Result<usize> {
    let accesses: Vec<(DateTime<Utc>, i64, String)> = sqlx::query_as(
        "SELECT a.at, a.id, to_jsonb(a)::text FROM audit.access_log a \
         WHERE a.id > $1 AND a.at >= $2 AND ($3::text IS NULL OR a.kind = $3) ORDER BY a.id LIMIT $4",
    )
    .bind(printed.access)
    .bind(since)
    .bind(kind)
    .bind(ROWS)
    .fetch_all(pool)
    .await
    .context("the access log cannot be read")?;
    // A command may have several rows, all at one position: a page must not end among them.
    let actions: Vec<(DateTime<Utc>, i64, String)> = sqlx::query_as(
        "SELECT a.at, a.position, to_jsonb(a)::text FROM read.privileged_actions a \
         WHERE a.position > $1 AND a.at >= $2 AND ($3::text IS NULL OR a.kind = $3) \
         ORDER BY a.position FETCH FIRST $4 ROWS WITH TIES",
    )
    .bind(printed.position)
    .bind(since)
    .bind(kind)
    .bind(ROWS)
    .fetch_all(pool)
    .await
    .context("what was done by ADMIN cannot be read")?;
    printed.access = accesses.last().map_or(printed.access, |row| row.1);
    printed.position = actions.last().map_or(printed.position, |row| row.1);
    let mut rows: Vec<_> = accesses.into_iter().chain(actions).collect();
    rows.sort_by_key(|(at, ..)| *at);
    for (_, _, row) in &rows {
        println!("{row}");
    }
    Ok(rows.len())
}
