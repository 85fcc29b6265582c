//! What one run of the bench has at hand.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use events::values::{AccountId, Role};
use platform::{
    auth::{Identity, LocalProvider},
    clock::{Clock as _, SystemClock},
};
use secrecy::SecretString;
use sqlx::{Connection as _, PgConnection};

use crate::{processes::postmaster, sizes::Sizes, table::Table};

/// Of the programs that this run starts, and of its tokens.
pub const SECRET: &str = "a-secret-of-the-benchmark-and-of-nothing-else";
const TOKEN_TTL: std::time::Duration = std::time::Duration::from_hours(6);

/// One run.
pub struct Run {
    pub sizes: Sizes,
    pub table: Table,
    /// The private server, as superuser.
    pub server_url: String,
    /// The server's first process; absent where there is no `/proc`.
    pub postmaster: Option<u32>,
    /// Files of this run alone; removed with this value.
    pub scratch: PathBuf,
    tokens: LocalProvider,
}

impl Run {
    pub async fn open(sizes: Sizes) -> anyhow::Result<Self> {
        let server_url = std::env::var("IRIS_TEST_DATABASE_URL")
            .context("IRIS_TEST_DATABASE_URL is not set: run this by `make bench`")?;
        let mut connection = PgConnection::connect(&server_url).await?;
        let directory: String = sqlx::query_scalar("SHOW data_directory").fetch_one(&mut connection).await?;
        let scratch = std::env::temp_dir().join(format!("iris-bench-{}", std::process::id()));
        std::fs::create_dir_all(&scratch)?;
        let tokens = LocalProvider::new(&SecretString::from(SECRET), std::sync::Arc::new(SystemClock));
        let postmaster = postmaster(&directory);
        Ok(Self { sizes, table: Table::default(), server_url, postmaster, scratch, tokens })
    }

    /// An access token as a login would give it.
    pub fn token(&self, account_id: AccountId, role: Role) -> String {
        let identity = Identity {
            subject: account_id.0,
            email: format!("{account_id}@bench.example"),
            role: role.to_string(),
            key: None,
        };
        self.tokens.issue(&identity, now(), TOKEN_TTL)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _best_effort = std::fs::remove_dir_all(&self.scratch);
    }
}

/// A program of the server's own version.
pub fn postgres_program(name: &str) -> anyhow::Result<PathBuf> {
    let directory = std::env::var_os("IRIS_TEST_PG_BIN")
        .context("IRIS_TEST_PG_BIN is not set: run this by `make bench`")?;
    Ok(Path::new(&directory).join(name))
}

pub fn now() -> DateTime<Utc> {
    SystemClock.now()
}
