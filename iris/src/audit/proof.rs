//! `iris audit proof` and `check-proof`: one event, shown to somebody without access.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, bail};
use events::audit::{Proof, Proving, PublicKey, prove, verify_proof};
use platform::config::Config;
use uuid::Uuid;

use super::pool;

/// Which event.
#[derive(clap::Args)]
pub struct Arguments {
    /// Its id.
    event_id: Uuid,
}

/// Which proof, and whom to believe.
#[derive(clap::Args)]
pub struct CheckArguments {
    /// The proof, as `iris audit proof` or `GET /api/v1/audit/proofs/{event_id}` gave it.
    file: PathBuf,
    /// A public key known from elsewhere, in base64; may be given several times. Without any the key in the proof is
    /// believed.
    #[arg(long = "key", value_name = "BASE64")]
    keys: Vec<PublicKey>,
}

/// Prints the proof as JSON.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let pool = pool(&Config::from_env()?).await?;
    match prove(&mut *pool.acquire().await?, arguments.event_id).await? {
        Proving::Proof(proof) => println!("{}", serde_json::to_string_pretty(&proof)?),
        Proving::NotSealedYet { position } => bail!("position {position} is not sealed yet"),
        Proving::Unknown => bail!("there is no event {}", arguments.event_id),
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks a proof offline; exits 1 if it proves nothing.
pub fn check(arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let CheckArguments { file, keys } = arguments;
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let proof: Proof = serde_json::from_str(&text).with_context(|| file.display().to_string())?;
    verify_proof(&proof, keys).context("the proof does not hold")?;
    let (event, seal) = (&proof.event, &proof.seal);
    println!("event {} ({}) stood at position {}", event.event_id, event.event_type, event.position);
    println!("when seal {} was signed at {} with the key {}", seal.number, seal.sealed_at, seal.public_key);
    if keys.is_empty() {
        println!("no key was given: whose key that is must be known from elsewhere");
    }
    Ok(ExitCode::SUCCESS)
}
