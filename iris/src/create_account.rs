//! `iris create-account`: how the first ADMIN comes to be; there is no endpoint for it.

use std::{process::ExitCode, sync::Arc};

use anyhow::Context as _;
use command_api::{Caller, Committer, Submission, domain::account::RegisterAccount};
use events::values::{LoginAddress, Role};
use platform::{
    body::Email,
    clock::{Ids as _, SystemClock, UuidV7Ids},
    config::Config,
    db,
};

use crate::keyring;

/// An account with that address and role; the same again changes nothing, another role changes it.
#[derive(clap::Args)]
pub struct Arguments {
    /// What it logs in with.
    email: String,
    /// ADMIN, SUPPLIER, RESTAURANT, AUDITOR or PARTNER.
    role: Role,
}

/// Runs the subcommand.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    let email = Email::parse(&arguments.email).map_err(|invalid| anyhow::anyhow!(invalid.message))?;
    let database = db::connect_options(&config.database_url)?.application_name("iris-create-account");
    let vault = keyring::vault(&config, "iris-create-account").await?;
    let (committer, task) = Committer::start(database, vault, Arc::new(SystemClock), Arc::new(UuidV7Ids));
    let register = RegisterAccount {
        address: LoginAddress::new(UuidV7Ids.next(), email.as_str()),
        role: arguments.role,
    };
    let submission = Submission {
        command: Box::new(register),
        caller: Caller::system("operator"),
        key: None,
        command_id: UuidV7Ids.next(),
        metadata: "{}".to_owned(),
    };
    let outcome = committer.submit(submission).await.context("not registered")?;
    let account = committer.personal().open_json(&outcome.body).await?;
    drop(committer);
    task.await?;
    println!("{account}");
    Ok(ExitCode::SUCCESS)
}
