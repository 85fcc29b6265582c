//! The passwords of a private Postgres and NATS: made once, kept in the data directory.

use std::path::Path;

use rand::TryRngCore as _;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};

use super::error::{OnPath as _, ServicesError};
use super::private_files;

/// One password per login, 192 random bits in hex, so they need no escaping in URLs, SQL or config files.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// Of the Postgres superuser.
    pub superuser: String,
    /// Of `iris_owner`, who owns the database and migrates it.
    pub owner: String,
    /// Of `iris_app`, who owns nothing.
    pub app: String,
    /// Of the NATS user `iris`.
    pub nats: String,
}

impl Secrets {
    /// Reads `secrets.json` of a data directory, or makes it. Call it with the directory's lock held.
    pub fn load_or_create(data_dir: &Path) -> Result<Self, ServicesError> {
        let path = data_dir.join("secrets.json");
        if path.exists() {
            let text = std::fs::read_to_string(&path).on("reading", &path)?;
            return serde_json::from_str(&text).map_err(std::io::Error::other).on("reading", &path);
        }
        let secrets =
            Self { superuser: random_hex()?, owner: random_hex()?, app: random_hex()?, nats: random_hex()? };
        let text = serde_json::to_string_pretty(&secrets).expect("strings always serialise");
        // 0600, and in place before initdb: a cluster whose password nobody knows would be lost.
        private_files::write(&path, &text, None).on("writing", &path)?;
        Ok(secrets)
    }
}

/// 24 bytes from the operating system's generator, as 48 hex digits.
pub fn random_hex() -> Result<String, ServicesError> {
    let mut bytes = [0_u8; 24];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| {
        ServicesError::Server(format!("no randomness from the operating system: {error}"))
    })?;
    Ok(hex::encode(bytes))
}
