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
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::{processes::postmaster, sizes::Sizes, table::Table, top::Top};

/// Of the programs that this run starts, and of its tokens.
pub const SECRET: &str = "a-secret-of-the-benchmark-and-of-nothing-else";
const TOKEN_TTL: std::time::Duration = std::time::Duration::from_hours(6);

/// One run.
pub struct Run {
    pub sizes: Sizes,
    pub table: Table,
    /// The private server, as superuser.
    pub server_url: String,
    /// Where the server keeps what it keeps.
    pub data_directory: PathBuf,
    /// The server's first process; absent where there is no `/proc`.
    pub postmaster: Option<u32>,
    /// Files of this run alone; removed with this value.
    pub scratch: PathBuf,
    /// The best that placing orders came to, once it is known.
    pub top: Option<Top>,
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
        let data_directory = PathBuf::from(directory);
        Ok(Self {
            sizes,
            table: Table::default(),
            server_url,
            data_directory,
            postmaster,
            scratch,
            top: None,
            tokens,
        })
    }

    /// Removes the databases of this run: ten million orders leave no room for the next part's.
    pub async fn drop_databases(&self) -> anyhow::Result<()> {
        let mut connection = PgConnection::connect(&self.server_url).await?;
        let mine = format!("t_{}_", std::process::id());
        let names: Vec<String> =
            sqlx::query_scalar("SELECT datname FROM pg_catalog.pg_database WHERE starts_with(datname, $1)")
                .bind(mine)
                .fetch_all(&mut connection)
                .await?;
        for name in names {
            connection.execute(format!("DROP DATABASE {name} WITH (FORCE)").as_str()).await?;
        }
        Ok(connection.close().await?)
    }

    /// A fresh database for a program that is not ours, and its URL.
    pub async fn database_of(&self, peer: &str) -> anyhow::Result<String> {
        let mut connection = PgConnection::connect(&self.server_url).await?;
        let name = format!("t_{}_{peer}", std::process::id());
        connection.execute(format!("CREATE DATABASE {name}").as_str()).await?;
        connection.close().await?;
        let (server, _) = self.server_url.rsplit_once('/').context("a URL has a path")?;
        Ok(format!("{server}/{name}"))
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

/// Where this program was built: the directory above its profile's.
pub fn target_directory() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    Ok(program.ancestors().nth(2).map_or_else(|| PathBuf::from("."), ToOwned::to_owned))
}
