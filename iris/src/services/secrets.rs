//! The passwords of a private Postgres and NATS: made once, kept in the data directory.

use std::{collections::BTreeMap, path::Path};

use rand::TryRngCore as _;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};

use super::error::{OnPath as _, ServicesError};
use super::private_files;
use crate::logins::LOGINS;

/// One password per login, 192 random bits in hex, so they need no escaping in URLs, SQL or config files.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// Of the Postgres superuser.
    pub superuser: String,
    /// Of `iris_owner`, who owns the database and migrates it.
    pub owner: String,
    /// Of `iris_app`, who owns nothing.
    pub app: String,
    /// Of the processes' own logins, by name.
    #[serde(default)]
    pub processes: BTreeMap<String, String>,
    /// Of the NATS user `iris`.
    pub nats: String,
}

impl Secrets {
    /// Reads `secrets.json` of a data directory, or makes it. Call it with the directory's lock held.
    pub fn load_or_create(data_dir: &Path) -> Result<Self, ServicesError> {
        let path = data_dir.join("secrets.json");
        if path.exists() {
            let text = std::fs::read_to_string(&path).on("reading", &path)?;
            let mut known: Self =
                serde_json::from_str(&text).map_err(std::io::Error::other).on("reading", &path)?;
            // A directory of an earlier version knows fewer logins.
            if known.name_processes()? {
                known.write(&path)?;
            }
            return Ok(known);
        }
        let mut secrets = Self {
            superuser: random_hex()?,
            owner: random_hex()?,
            app: random_hex()?,
            processes: BTreeMap::new(),
            nats: random_hex()?,
        };
        secrets.name_processes()?;
        secrets.write(&path)?;
        Ok(secrets)
    }

    /// The password of one of the processes' logins.
    ///
    /// # Panics
    /// If there is no such login.
    pub fn of(&self, login: &str) -> &str {
        if login == "iris_app" {
            return &self.app;
        }
        self.processes.get(login).expect("every login has a password since it was read")
    }

    /// A password for each login that has none; true if there was one.
    fn name_processes(&mut self) -> Result<bool, ServicesError> {
        let mut is_new = false;
        for login in LOGINS.iter().filter(|login| login.name != "iris_app") {
            if !self.processes.contains_key(login.name) {
                self.processes.insert(login.name.to_owned(), random_hex()?);
                is_new = true;
            }
        }
        Ok(is_new)
    }

    fn write(&self, path: &Path) -> Result<(), ServicesError> {
        let text = serde_json::to_string_pretty(self).expect("strings always serialise");
        // 0600, and in place before initdb: a cluster whose password nobody knows would be lost.
        private_files::write(path, &text, None).on("writing", path)
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
