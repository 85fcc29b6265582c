//! What everything was measured on.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use anyhow::Context as _;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::{
    run::{Run, postgres_program},
    statistics::Spread,
    table::Row,
};

const SETTINGS: [&str; 8] = [
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "min_wal_size",
    "max_wal_size",
    "wal_compression",
];

/// Settings, cores, load, and what a flush to the disk costs.
pub async fn measure(run: &mut Run) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(&run.server_url).await?;
    let mut settings = Vec::new();
    for name in SETTINGS {
        let value: String =
            sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(&mut connection).await?;
        settings.push(format!("{name} {value}"));
    }
    run.table.add(Row::text("Postgres", settings.join(", ")).note("the same server for all rows"));
    let cores = std::thread::available_parallelism()?.get();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split_whitespace().take(3).collect();
    let machine = format!("{cores} cores, load at the start {}", load.join(" "));
    run.table.add(Row::text("Machine", machine).note("clients, Iris and Postgres share the cores"));
    // After the load was looked at, which this adds to.
    eprintln!("— files of the WAL are made, up to max_wal_size");
    make_wal_files(&mut connection).await?;
    let flushes = flushes_per_second(run)?;
    run.table.add(
        Row::figure("Flushes (fdatasync)", "/s", Spread::one(flushes))
            .note("pg_test_fsync, one 8 kB write each"),
    );
    Ok(())
}

/// As many files of the WAL as a server has that has run for a day, and that it uses again and again. A new server makes them
/// one by one, zeroed and flushed, while commits wait.
async fn make_wal_files(connection: &mut PgConnection) -> anyhow::Result<()> {
    let files: i64 = sqlx::query_scalar(
        "SELECT pg_size_bytes(current_setting('max_wal_size')) / pg_size_bytes(current_setting('wal_segment_size'))",
    )
    .fetch_one(&mut *connection)
    .await?;
    for _ in 0..files {
        connection.execute("SELECT pg_logical_emit_message(false, 'bench', ''), pg_switch_wal()").await?;
    }
    connection.execute("CHECKPOINT").await?;
    Ok(())
}

/// Stops `pg_test_fsync` after its first answer on fdatasync: the rest takes half a minute.
fn flushes_per_second(run: &Run) -> anyhow::Result<f64> {
    let mut child = Command::new(postgres_program("pg_test_fsync")?)
        .args(["-s", "1", "-f"])
        .arg(run.scratch.join("flushed"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let said = BufReader::new(child.stdout.take().context("piped")?);
    let mut figures = said.lines().map_while(Result::ok).filter_map(|line| {
        let (_, figure) = line.split_once("fdatasync ")?;
        figure.trim_start().split(' ').next()?.parse().ok()
    });
    let figure = figures.next().context("pg_test_fsync says nothing of fdatasync");
    child.kill()?;
    child.wait()?;
    figure
}
