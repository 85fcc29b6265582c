//! `iris jobs …`: what is done by the clock, for an operator at a terminal.

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use chrono::{DateTime, SecondsFormat, SubsecRound as _, Utc};
use clap::Subcommand;
use command_api::Committer;
use events::log::FeedWindow;
use handlers::{
    Surroundings,
    scheduler::{Agenda, ByHand, Entry, LastRun, Outcome, Tally, last_run},
};
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use platform::{
    access_log::{Keeping, Kind},
    clock::{Clock, Ids, SystemClock, UuidV7Ids},
    config::Config,
    db,
    personal::Vault,
    shutdown,
};
use serde_json::json;
use sqlx::PgPool;
use tokio::{sync::watch, task::JoinHandle};

use crate::{events_command::expect_none_under_way, keyring, migrate, operator_access, scheduling};

/// What an operator set going.
const KIND: Kind = Kind::kept("job_run", Keeping::BeforeTheAnswer);
const NAME: &str = "iris-jobs";

/// What to do.
#[derive(Subcommand)]
pub enum Jobs {
    /// Show each job: when it is due, and what became of its last run.
    List,
    /// Run a job now, in this process; what was interrupted goes on from there.
    Run(RunArguments),
}

/// Which run.
#[derive(clap::Args)]
pub struct RunArguments {
    /// As `iris jobs list` names it.
    name: String,
    /// The time that the run is of, such as 2026-11-20T05:00:00Z; default: now. A run happens once by its time.
    #[arg(long)]
    at: Option<DateTime<Utc>>,
}

/// Runs the subcommand.
pub async fn run(jobs: Jobs) -> anyhow::Result<ExitCode> {
    let workshop = Workshop::open().await?;
    match jobs {
        Jobs::List => workshop.list().await,
        Jobs::Run(arguments) => workshop.run(arguments).await,
    }
}

/// What jobs stand on, in this process.
struct Workshop {
    config: Config,
    pool: PgPool,
    surroundings: Surroundings,
    agenda: Agenda,
    committer: JoinHandle<()>,
}

impl Workshop {
    async fn open() -> anyhow::Result<Self> {
        let config = Config::from_env()?;
        let options = db::DbOptions {
            max_connections: 8,
            application_name: NAME.to_owned(),
            statement_timeout_ms: None,
        };
        let pool = db::connect(&config.database_url, &options).await?;
        migrate::expect_current(&pool).await?;
        expect_none_under_way(&pool).await?;
        let (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>) = (Arc::new(SystemClock), Arc::new(UuidV7Ids));
        let vault = Arc::new(Vault::new(keyring::open(&config, &pool).await?));
        let database = db::connect_options(&config.database_url)?.application_name(NAME);
        let (committer, task) = Committer::start(database, vault, Arc::clone(&clock), Arc::clone(&ids));
        let agenda = scheduling::agenda(&config, &committer, &ids)?;
        let wake = committer.head();
        let surroundings = Surroundings { pool: pool.clone(), clock, ids, wake, feed: FeedWindow::default() };
        Ok(Self { config, pool, surroundings, agenda, committer: task })
    }

    async fn list(self) -> anyhow::Result<ExitCode> {
        let now = self.surroundings.clock.now();
        for entry in self.agenda.entries() {
            let last = last_run(&self.pool, entry.job.name()).await?;
            println!("{}", in_words(entry, last.as_ref(), now));
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn run(self, RunArguments { name, at }: RunArguments) -> anyhow::Result<ExitCode> {
        let Some(entry) = self.agenda.find(&name) else {
            let names: Vec<&str> = self.agenda.entries().iter().map(|entry| entry.job.name()).collect();
            bail!("there is no job {name}; there are {}", names.join(", "));
        };
        let stop = shutdown::on_signal()?;
        // Whole seconds, so that it can be typed to go on.
        let now = self.surroundings.clock.now();
        let at = at.unwrap_or_else(|| now.trunc_subsecs(0));
        expect_come(at, now)?;
        let details = json!({ "job": name, "scheduled_for": at });
        operator_access::record(&self.pool, &self.config, KIND, |access| {
            access.of("job", None).with(details)
        })
        .await?;
        let run = ByHand::begin(Arc::clone(&entry.job), at, self.surroundings.clone()).await?;
        if run.goes_on() {
            eprintln!("going on from what an earlier run of that time saved");
        }
        let bar = progress(&name);
        let drawing = tokio::spawn(draw(bar.clone(), run.progress()));
        let outcome = run.perform(&stop).await;
        drawing.abort();
        bar.finish_and_clear();
        let exit = tell(&name, at, outcome);
        // What the job asked for is recorded before the process ends; its way into the committer ends with it.
        let Self { agenda, committer, .. } = self;
        drop(agenda);
        committer.await.context("the committer died")?;
        Ok(exit)
    }
}

/// A run happens once by its time: one that was made ahead of it would be made of what is not known yet, and the
/// scheduler's own would be gone.
fn expect_come(at: DateTime<Utc>, now: DateTime<Utc>) -> anyhow::Result<()> {
    if at > now {
        bail!("{} has not come yet; it is {} now", moment(at), moment(now.trunc_subsecs(0)));
    }
    Ok(())
}

fn tell(name: &str, at: DateTime<Utc>, outcome: Outcome) -> ExitCode {
    let again = format!("`iris jobs run {name} --at {}`", moment(at));
    match outcome {
        Outcome::Done(done) => {
            let numbers: Vec<String> = done.iter().map(|(what, value)| format!("{what} {value}")).collect();
            let numbers =
                if numbers.is_empty() { String::new() } else { format!(": {}", numbers.join(", ")) };
            println!("{name} is done for {}{numbers}", moment(at));
            return ExitCode::SUCCESS;
        }
        Outcome::Stopped => eprintln!("interrupted; {again} goes on from there"),
        Outcome::Failed(error) => eprintln!("{name} failed: {error}\n{again} goes on from what it saved"),
        Outcome::Lost => {
            eprintln!("another process has taken the run over; `iris jobs list` shows how it goes");
        }
    }
    ExitCode::FAILURE
}

/// On standard error, and only where that is a terminal.
fn progress(name: &str) -> ProgressBar {
    let bar = ProgressBar::no_length().with_message(name.to_owned());
    bar.set_style(style("{msg} {spinner} {human_pos} done, {per_sec}, {elapsed}"));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

async fn draw(bar: ProgressBar, mut progress: watch::Receiver<Tally>) {
    loop {
        let Tally { done, total } = *progress.borrow_and_update();
        if let Some(total) = total.filter(|total| bar.length() != Some(*total)) {
            bar.set_length(total);
            bar.set_style(style("{msg} {wide_bar} {human_pos}/{human_len}, {per_sec}, {eta} left"));
        }
        bar.set_position(done);
        if progress.changed().await.is_err() {
            return;
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("a template that indicatif knows")
}

/// A job on one line, and the error of its last run on another.
fn in_words(entry: &Entry, last: Option<&LastRun>, now: DateTime<Utc>) -> String {
    let next = entry.calendar.next_after(now).map_or_else(|| "never".to_owned(), moment);
    let when = entry.calendar.in_words();
    let when = when.trim_end_matches('.');
    let last = last.map_or_else(|| "never ran".to_owned(), |last| last_in_words(last, now));
    format!("{:<18} {when} in Stockholm, next {next}; {last}", entry.job.name())
}

fn last_in_words(last: &LastRun, now: DateTime<Utc>) -> String {
    let of = moment(last.scheduled_for);
    let took = last.took(now).map_or_else(String::new, |took| format!(" in {}", HumanDuration(took)));
    let far = last.total.map_or_else(|| last.done.to_string(), |total| format!("{} of {total}", last.done));
    let error = last.error.as_deref().unwrap_or("no reason is on record");
    match last.state.as_str() {
        "succeeded" => format!("the run of {of} succeeded{took}"),
        "running" => {
            let since = last.started_at.map_or_else(String::new, moment);
            format!("the run of {of} is under way since {since}, {far} done")
        }
        "failed" => format!("the run of {of} FAILED{took}, {far} done: {error}"),
        _ => format!("the run of {of} waits, {far} done, attempts so far: {}", last.attempt),
    }
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_time_that_has_not_come_is_refused() {
        let now = at("2026-11-20T05:00:31Z");
        assert!(expect_come(now, now).is_ok());
        let refused = expect_come(at("2026-11-20T06:00:00Z"), now).unwrap_err().to_string();
        assert_eq!(refused, "2026-11-20T06:00:00Z has not come yet; it is 2026-11-20T05:00:31Z now");
    }

    fn last(state: &str) -> LastRun {
        LastRun {
            scheduled_for: at("2026-11-20T05:00:00Z"),
            state: state.to_owned(),
            attempt: 1,
            started_at: Some(at("2026-11-20T05:00:01Z")),
            finished_at: None,
            done: 40,
            total: Some(100),
            error: Some("the disk is full".to_owned()),
        }
    }

    #[test]
    fn what_became_of_a_run_is_said_in_words() {
        let now = at("2026-11-20T05:00:31Z");
        let ended = LastRun { finished_at: Some(now), ..last("succeeded") };
        assert_eq!(last_in_words(&ended, now), "the run of 2026-11-20T05:00:00Z succeeded in 30 seconds");
        let said = last_in_words(&last("running"), now);
        assert_eq!(
            said,
            "the run of 2026-11-20T05:00:00Z is under way since 2026-11-20T05:00:01Z, 40 of 100 done"
        );
        let failed = LastRun { finished_at: Some(now), ..last("failed") };
        let said = last_in_words(&failed, now);
        assert_eq!(
            said,
            "the run of 2026-11-20T05:00:00Z FAILED in 30 seconds, 40 of 100 done: the disk is full"
        );
        let said = last_in_words(&last("queued"), now);
        assert_eq!(said, "the run of 2026-11-20T05:00:00Z waits, 40 of 100 done, attempts so far: 1");
    }
}
