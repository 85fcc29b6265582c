//! `iris person`: finding people, showing what is held of them, and erasing them, for an operator at the machine.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context as _, bail};
use command_api::{
    Caller, Committer, Submission, SubmitError,
    personal::{PLANS_MAX, account_of_address, end_sessions, personal_data, plan_erasure},
};
use events::values::AccountId;
use platform::{
    access_log::Kind,
    clock::{Clock as _, Ids as _, SystemClock, UuidV7Ids},
    config::Config,
    db,
    personal::Vault,
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{keyring, operator_access};

/// What is asked of a person.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Print the account that holds an address.
    Find {
        /// In any case.
        email: String,
    },
    /// Print everything that is held of a person, as JSON, one line for each stretch of the log.
    Export(Whom),
    /// Destroy the key of a person's texts. Cannot be undone; a second time changes nothing.
    Erase(Erase),
}

/// Whom it is about.
#[derive(clap::Args)]
pub struct Whom {
    /// By address.
    #[arg(long, required_unless_present = "account", conflicts_with = "account")]
    email: Option<String>,
    /// By account.
    #[arg(long)]
    account: Option<Uuid>,
}

/// Whom to forget, and why.
#[derive(clap::Args)]
pub struct Erase {
    #[command(flatten)]
    whom: Whom,
    /// Why, for the history; must not hold the address.
    #[arg(long)]
    reason: Option<String>,
}

/// Runs the subcommand.
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    let options = db::DbOptions {
        max_connections: 2,
        application_name: "iris-person".to_owned(),
        statement_timeout_ms: None,
    };
    let pool = db::connect(&config.database_url, &options).await?;
    let database = db::connect_options(&config.database_url)?.application_name("iris-person");
    let vault = Arc::new(Vault::new(keyring::open(&config, &pool).await?));
    let (committer, task) = Committer::start(database, vault, Arc::new(SystemClock), Arc::new(UuidV7Ids));
    match command {
        Command::Find { email } => println!("{}", find(&pool, &committer, &email).await?),
        Command::Export(whom) => export(&pool, &config, &committer, whom).await?,
        Command::Erase(erasure) => println!("{}", erase(&pool, &committer, erasure).await?),
    }
    drop(committer);
    task.await?;
    Ok(ExitCode::SUCCESS)
}

async fn find(pool: &PgPool, committer: &Committer, email: &str) -> anyhow::Result<Uuid> {
    let found = account_of_address(&mut *pool.acquire().await?, committer.personal(), email).await?;
    found.context("no account holds that address")
}

async fn account(pool: &PgPool, committer: &Committer, whom: Whom) -> anyhow::Result<AccountId> {
    match (whom.account, whom.email) {
        (Some(account), _) => Ok(AccountId(account)),
        (None, Some(email)) => Ok(AccountId(find(pool, committer, &email).await?)),
        (None, None) => bail!("whom: --email or --account"),
    }
}

async fn export(pool: &PgPool, config: &Config, committer: &Committer, whom: Whom) -> anyhow::Result<()> {
    let account_id = account(pool, committer, whom).await?;
    operator_access::record(pool, config, Kind::PERSONAL_DATA_READ, |access| {
        access.of("account", account_id.0)
    })
    .await?;
    let keys = committer.personal();
    let mut next = Some(0);
    while let Some(after_position) = next {
        let held = personal_data(pool, keys, account_id, after_position).await?.context("no such account")?;
        println!("{}", keys.open_json(&serde_json::to_string(&held)?).await?);
        next = held.history.next_after_position;
    }
    Ok(())
}

async fn erase(pool: &PgPool, committer: &Committer, erasure: Erase) -> anyhow::Result<String> {
    let account_id = account(pool, committer, erasure.whom).await?;
    let mut plans = 0;
    let outcome = loop {
        let command = plan_erasure(pool, committer.personal(), account_id, erasure.reason.clone()).await?;
        let submission = Submission {
            command: Box::new(command),
            caller: Caller::system("operator"),
            key: None,
            command_id: UuidV7Ids.next(),
            metadata: "{}".to_owned(),
        };
        plans += 1;
        match committer.submit(submission).await {
            Err(SubmitError::Outdated) if plans < PLANS_MAX => {}
            outcome => break outcome.context("not erased")?,
        }
    };
    end_sessions(pool, account_id, SystemClock.now()).await?;
    Ok(committer.personal().open_json(&outcome.body).await?)
}
