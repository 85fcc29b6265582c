//! `iris audit rotate-key`: from the key in the environment to a new one.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use events::audit::{SigningKey, introduce_next_key};
use platform::{
    clock::{Clock as _, SystemClock},
    config::Config,
};

use super::{keys, pool};

/// Where the new key comes from.
#[derive(clap::Args)]
pub struct Arguments {
    /// A file that holds the new secret key; without it one is made and printed.
    #[arg(long, value_name = "FILE")]
    new_key_file: Option<PathBuf>,
}

/// Introduces the new key, signed by both. From then on the sealer must be given the new one.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    let old =
        keys::signing_key(&config.audit)?.context("AUDIT_SIGNING_KEY is missing: it is the key in use")?;
    let new = if let Some(path) = &arguments.new_key_file {
        keys::read(path).context("--new-key-file")?
    } else {
        let secret = SigningKey::generate();
        // Shown before it is in use: should the terminal be gone, nothing has happened yet.
        println!("new secret key, for AUDIT_SIGNING_KEY: {secret}");
        SigningKey::from_base64(&secret)?
    };
    let pool = pool(&config).await?;
    let mut transaction = platform::db::begin(&pool).await?;
    let introduced = introduce_next_key(&mut transaction, &old, &new, SystemClock.now()).await?;
    transaction.commit().await?;
    println!("key {} is in use from the next seal on: {}", introduced.number, introduced.key);
    println!("give it to every process of the role handlers, and the public key to those who verify");
    Ok(ExitCode::SUCCESS)
}
