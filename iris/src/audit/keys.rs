//! The keys of seals, out of the environment.

use std::{fs, path::Path, process::ExitCode};

use anyhow::Context as _;
use events::audit::{PublicKey, SigningKey};
use platform::config::{Audit, Config};
use secrecy::ExposeSecret as _;

use crate::services;

/// The signing key; `None` where there is none.
///
/// # Errors
/// It is no key, or its file cannot be read; the line names the variable and quotes nothing.
pub fn signing_key(audit: &Audit) -> anyhow::Result<Option<SigningKey>> {
    if let Some(secret) = &audit.signing_key {
        let key = SigningKey::from_base64(secret.expose_secret());
        return Ok(Some(key.context("AUDIT_SIGNING_KEY")?));
    }
    let Some(path) = &audit.signing_key_file else { return Ok(None) };
    Ok(Some(read(path).context("AUDIT_SIGNING_KEY_FILE")?))
}

/// The key in that file.
///
/// # Errors
/// It cannot be read, or holds no key.
pub fn read(path: &Path) -> anyhow::Result<SigningKey> {
    let secret = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    SigningKey::from_base64(&secret).with_context(|| path.display().to_string())
}

/// The keys of `AUDIT_TRUSTED_KEYS`.
///
/// # Errors
/// One of them is no key.
pub fn trusted(config: &Config) -> anyhow::Result<Vec<PublicKey>> {
    let parsed: Result<Vec<PublicKey>, _> = config.audit.trusted_keys.iter().map(|key| key.parse()).collect();
    parsed.context("AUDIT_TRUSTED_KEYS")
}

/// The signing key of a data directory, made where it is missing: readable by its owner alone.
///
/// # Errors
/// The file cannot be made or read.
pub fn kept(data_dir: &Path) -> anyhow::Result<String> {
    let made = || Ok(SigningKey::generate());
    services::kept(&data_dir.join("audit.key"), made).context("the key that seals the log")
}

/// Prints a new key.
pub fn generate() -> anyhow::Result<ExitCode> {
    let secret = SigningKey::generate();
    let key = SigningKey::from_base64(&secret).context("a new key is one")?;
    println!("{secret}\n{}", key.public());
    Ok(ExitCode::SUCCESS)
}
