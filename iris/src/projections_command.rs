//! `iris projections`: the role that folds the log into read tables, and, as its subcommands, what an operator
//! does to them: build them again beside the live ones, exchange them, take parked streams back.
//!
//! The subcommands change tables, so they work as the owner (`DATABASE_URL_DIRECT`), past any pooler.

mod printing;

use std::{collections::BTreeMap, process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use platform::{clock::SystemClock, config::Config, db, shutdown, telemetry};
use projections::{
    Check, Direction, Family, JOBS, OnOtherVersion, Progress, Rebuilding, Swap, all, drop_scratch, overview,
    parked, retry,
};
use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    migrate,
    roles::{self, Roles},
};

/// Without a subcommand: fold the log into read tables until told to stop.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Where rows are of another version, wait until they have been exchanged, instead of ending.
    #[arg(long)]
    wait: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Show each projection: its rows, and what is built or kept beside them.
    List,
    /// Fold read models again beside the live ones; goes on where it was interrupted.
    Rebuild {
        /// Which; with those that they share tables with.
        #[arg(required_unless_present = "all")]
        names: Vec<String>,
        /// Every one.
        #[arg(long, conflicts_with = "names")]
        all: bool,
        /// Batches and indexes under way at a time.
        #[arg(long, default_value_t = JOBS, value_parser = parse_jobs)]
        jobs: usize,
    },
    /// Put what was rebuilt in the place of the live rows, which are kept.
    Swap {
        /// Which.
        name: String,
        /// Put back what was kept; it is caught up first, so run it with the program that folded it.
        #[arg(long)]
        back: bool,
        /// Compare every row before, not only their number.
        #[arg(long)]
        verify: bool,
        /// Compare nothing: for live rows that nobody keeps up.
        #[arg(long, conflicts_with = "verify")]
        unchecked: bool,
    },
    /// Delete the rows that were live before the last swap.
    DropOld {
        /// Which.
        name: String,
    },
    /// Delete what was rebuilt and not swapped.
    Discard {
        /// Which.
        name: String,
    },
    /// Show the streams that are left out because they cannot be folded.
    Parked {
        /// Of one projection only.
        name: Option<String>,
    },
    /// Fold a parked stream again, and follow it from then on.
    Retry {
        /// Which projection.
        name: String,
        /// The stream's id.
        key: Uuid,
    },
}

/// Runs the role or the subcommand.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let on_other_version = if arguments.wait { OnOtherVersion::Wait } else { OnOtherVersion::Stop };
    let Some(command) = arguments.command else {
        return roles::serve(Roles { on_other_version, ..Roles::PROJECTIONS }).await;
    };
    let config = Config::from_env()?;
    let _flush_logs = telemetry::init_logs(config.log_format)?;
    let shutdown = shutdown::on_signal()?;
    let pool = connect(&config, &command).await?;
    migrate::expect_current(&pool).await?;
    carry_out(command, &pool, shutdown).await?;
    Ok(ExitCode::SUCCESS)
}

async fn connect(config: &Config, command: &Command) -> anyhow::Result<PgPool> {
    let jobs = if let Command::Rebuild { jobs, .. } = command { *jobs } else { JOBS };
    let options = db::DbOptions {
        // A swap holds two beside those of the batches and of the reader.
        max_connections: u32::try_from(jobs)?.saturating_add(4),
        application_name: "iris-projections-command".to_owned(),
        // An index of a large table takes as long as it takes.
        statement_timeout_ms: Some(0),
    };
    db::connect(&config.database_url_direct, &options).await.context("DATABASE_URL_DIRECT")
}

async fn carry_out(command: Command, pool: &PgPool, shutdown: CancellationToken) -> anyhow::Result<()> {
    match command {
        Command::List => printing::overview(&overview(pool, &all()).await?),
        Command::Rebuild { names, all: _, jobs } => rebuild(pool, &names, jobs, shutdown).await?,
        Command::Swap { name, back, verify, unchecked } => {
            let direction = if back { Direction::Back } else { Direction::Forward };
            let check = match (verify, unchecked) {
                (true, _) => Check::Rows,
                (false, true) => Check::Nothing,
                (false, false) => Check::Counts,
            };
            swap(pool, &family(&name)?, direction, check, shutdown).await?;
        }
        Command::DropOld { name } => {
            let schema = family(&name)?.old_schema();
            drop_scratch(pool, &schema).await?;
            println!("{} is gone", schema.as_str());
        }
        Command::Discard { name } => {
            let schema = family(&name)?.next_schema();
            drop_scratch(pool, &schema).await?;
            println!("{} is gone", schema.as_str());
        }
        Command::Parked { name } => printing::parked(&parked(pool, name.as_deref()).await?),
        Command::Retry { name, key } => {
            let projection = all().into_iter().find(|projection| projection.identity().name == name);
            let projection = projection.with_context(|| unknown(&name))?;
            let events = retry(pool, &*projection, key).await?;
            println!("{name}: {key} is followed again; {events} events were folded");
        }
    }
    Ok(())
}

async fn rebuild(
    pool: &PgPool,
    names: &[String],
    jobs: usize,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let families = families(names)?;
    let rebuilding = Rebuilding { jobs, ..Rebuilding::new(pool, &SystemClock, shutdown) };
    let bar = tokio::spawn(show(rebuilding.progress.subscribe()));
    let built = rebuilding.build(&families).await;
    // The bar ends with the last sender of progress.
    drop(rebuilding);
    bar.await?;
    let position = built.context("the same command goes on where it stopped")?;
    for family in families {
        let members: Vec<&str> = family.names().into_iter().collect();
        println!(
            "{} at position {position} in {}: `iris projections swap {}` puts it in place",
            members.join(" and "),
            family.next_schema().as_str(),
            family.name()
        );
    }
    Ok(())
}

async fn swap(
    pool: &PgPool,
    family: &Family,
    direction: Direction,
    check: Check,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let rebuilding = Rebuilding::new(pool, &SystemClock, shutdown);
    let bar = tokio::spawn(show(rebuilding.progress.subscribe()));
    let swapped = Swap { rebuilding: &rebuilding, family, direction, check }.run().await;
    drop(rebuilding);
    bar.await?;
    let swapped = swapped?;
    printing::swapped(&swapped);
    let name = family.name();
    let (kept, remedy) = match direction {
        Direction::Forward => (
            family.old_schema(),
            format!("swap --back {name}` puts it back, `iris projections drop-old {name}"),
        ),
        Direction::Back => (family.next_schema(), format!("discard {name}")),
    };
    println!("{name} is live at position {}", swapped.position);
    println!("what was live is kept in {}: `iris projections {remedy}` deletes it", kept.as_str());
    Ok(())
}

/// A bar on the terminal, nothing where there is none; until nobody tells of progress any more.
async fn show(mut progress: watch::Receiver<Progress>) {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec} events/s, {eta} left");
    let bar = ProgressBar::new(0).with_style(style.expect("the template is well-formed"));
    bar.enable_steady_tick(Duration::from_millis(200));
    let mut has_begun = false;
    while progress.changed().await.is_ok() {
        match *progress.borrow_and_update() {
            Progress::Waiting => {}
            Progress::Folding { position, upto } => {
                bar.set_message("folding");
                bar.set_length(upto.unsigned_abs());
                bar.set_position(position.unsigned_abs());
                if !has_begun {
                    // What an earlier call did says nothing of the speed of this one.
                    bar.reset_eta();
                    has_begun = true;
                }
            }
            Progress::Indexing { table } => bar.set_message(format!("indexes of {table}")),
        }
    }
    bar.finish_and_clear();
}

/// Each family once; all of them where nobody is named.
fn families(names: &[String]) -> anyhow::Result<Vec<Family>> {
    if names.is_empty() {
        return Ok(Family::all_of(&all()));
    }
    let wanted = names.iter().map(|name| Ok((family(name)?.name(), family(name)?)));
    Ok(wanted.collect::<anyhow::Result<BTreeMap<_, _>>>()?.into_values().collect())
}

fn family(name: &str) -> anyhow::Result<Family> {
    Family::with(&all(), name).with_context(|| unknown(name))
}

fn unknown(name: &str) -> String {
    let known: Vec<&str> = all().iter().map(|projection| projection.identity().name).collect();
    format!("there is no projection {name}; there are {}", known.join(", "))
}

fn parse_jobs(text: &str) -> anyhow::Result<usize> {
    match text.parse()? {
        jobs @ 1..=64 => Ok(jobs),
        _ => bail!("1 to 64"),
    }
}
