//! Postgres and NATS for `iris dev`, `iris services` and the tests, without any step by hand.
//!
//! What the environment names is used; else programs on the machine are started on a private data directory; else
//! they are installed. Walk: `start` → `prepare` → `programs` (find, or install) → `isolation` (how they may run) →
//! `keeper_handle` → [another process] `keeper` → `servers` → `postgres`, `nats` → back here, `roles`.

mod binaries;
mod error;
mod install_packages;
mod install_system;
mod isolation;
pub mod keeper;
mod keeper_handle;
mod layout;
mod lock;
mod nats;
mod ports;
mod postgres;
mod prepare;
mod private_files;
mod programs;
mod readers;
mod roles;
mod secrets;
mod server;
mod servers;
mod throw_away;

use std::{collections::BTreeMap, path::PathBuf};

use crate::logins::LOGINS;
use error::OnPath as _;
pub use error::ServicesError;
use keeper::Task;
use keeper_handle::KeeperHandle;

/// For how long the data shall live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// In this directory, from start to start.
    In(PathBuf),
    /// Until the end of this start.
    ThrowAway,
}

/// Servers that answer. They end with [`Services::stop`], or when this process ends in whatever way.
pub struct Services {
    /// May do everything, on the database `iris`; nothing when `DATABASE_URL` is used.
    pub superuser_url: Option<String>,
    /// Owns the database, for migrations; goes past poolers. `DATABASE_URL_DIRECT` where set.
    pub owner_url: String,
    /// Owns nothing, for serving. `DATABASE_URL` where set.
    pub app_url: String,
    /// With user and password. `NATS_URL` where set.
    pub nats_url: String,
    /// The directory of Postgres's programs, when they were needed.
    pub postgres_bin: Option<PathBuf>,
    /// nats-server, when it was needed.
    pub nats_bin: Option<PathBuf>,
    keeper: Option<KeeperHandle>,
}

impl Services {
    /// Stops what was started, and waits until it is gone. Drain first: sessions are cut.
    pub async fn stop(self) -> Result<(), ServicesError> {
        match self.keeper {
            Some(keeper) => keeper.stop().await,
            None => Ok(()),
        }
    }

    /// Resolves when the servers have died too often to be started again; never, if none were started.
    pub async fn ended(&mut self) {
        if let Some(keeper) = &mut self.keeper
            && let Ok(status) = keeper.ended().await
        {
            eprintln!("postgres and nats are gone ({status}); keeper.log in the data directory says why");
            return;
        }
        std::future::pending::<()>().await;
    }
}

/// A secret of 192 random bits kept in that file (mode 0600), made the first time.
pub fn kept_secret(path: &std::path::Path) -> Result<String, ServicesError> {
    kept(path, secrets::random_hex)
}

/// What a private file holds; `made` and kept where there is none.
pub fn kept(
    path: &std::path::Path,
    made: impl FnOnce() -> Result<String, ServicesError>,
) -> Result<String, ServicesError> {
    if !path.exists() {
        if let Some(parent) = path.parent() {
            private_files::create_dir(parent, None).on("creating", parent)?;
        }
        private_files::write(path, &made()?, None).on("writing", path)?;
    }
    std::fs::read_to_string(path).on("reading", path)
}

/// The servers that the environment names, for this kind of start.
struct Given {
    database: Option<String>,
    direct: Option<String>,
    nats: Option<String>,
}

impl Given {
    fn from_environment(keep: &Keep) -> Self {
        match keep {
            Keep::In(_) => Self {
                database: environment("DATABASE_URL"),
                direct: environment("DATABASE_URL_DIRECT"),
                nats: environment("NATS_URL"),
            },
            // Tests create and drop databases: they never touch what DATABASE_URL names.
            Keep::ThrowAway => Self {
                database: environment("IRIS_TEST_DATABASE_URL"),
                direct: None,
                nats: environment("IRIS_TEST_NATS_URL"),
            },
        }
    }
}

/// Brings up Postgres and NATS, and says on stderr, a line each, what is used.
///
/// Idempotent: the data directory's cluster, passwords and, where free, ports are those of the last start.
pub async fn start(keep: Keep) -> Result<Services, ServicesError> {
    let failed = |error: tokio::task::JoinError| ServicesError::Server(error.to_string());
    tokio::task::spawn_blocking(programs::readers).await.map_err(failed)??;
    let given = Given::from_environment(&keep);
    if let (Some(app_url), Some(nats_url)) = (&given.database, &given.nats) {
        eprintln!("postgres and nats: as the environment says");
        return Ok(Services {
            superuser_url: (keep == Keep::ThrowAway).then(|| app_url.clone()),
            owner_url: given.direct.unwrap_or_else(|| app_url.clone()),
            app_url: app_url.clone(),
            nats_url: nats_url.clone(),
            postgres_bin: environment("IRIS_TEST_PG_BIN").map(PathBuf::from),
            nats_bin: environment("IRIS_TEST_NATS_BIN").map(PathBuf::from),
            keeper: None,
        });
    }
    let (postgres, nats) = (given.database.is_none(), given.nats.is_none());
    let task = tokio::task::spawn_blocking(move || prepare::prepare(&keep, postgres, nats))
        .await
        .map_err(failed)??;
    let (keeper, ports, secrets) = KeeperHandle::start(&task).await?;
    let url = |user: &str, password: &str, database: &str| {
        format!("postgres://{user}:{password}@127.0.0.1:{}/{database}", ports.postgres)
    };
    let makes_logins = given.database.is_none();
    let superuser_url = if let Some(url) = &given.database {
        task.throw_away.then(|| url.clone())
    } else {
        roles::ensure(&url("postgres", &secrets.superuser, "postgres"), &secrets).await?;
        Some(url("postgres", &secrets.superuser, "iris"))
    };
    let given_direct = given.direct.or_else(|| given.database.clone());
    let services = Services {
        superuser_url,
        owner_url: given_direct.unwrap_or_else(|| url("iris_owner", &secrets.owner, "iris")),
        app_url: given.database.unwrap_or_else(|| url("iris_app", &secrets.app, "iris")),
        nats_url: given
            .nats
            .unwrap_or_else(|| format!("nats://iris:{}@127.0.0.1:{}", secrets.nats, ports.nats)),
        postgres_bin: task.postgres_bin.clone(),
        nats_bin: task.nats_bin.clone(),
        keeper: Some(keeper),
    };
    write_urls(&task, &services)?;
    if makes_logins {
        let urls: BTreeMap<_, _> = LOGINS
            .iter()
            .map(|login| (login.name, url(login.name, secrets.of(login.name), "iris")))
            .collect();
        let text = serde_json::to_string_pretty(&urls).expect("strings always serialise");
        let path = task.data_dir.join("logins.json");
        private_files::write(&path, &text, None).on("writing", &path)?;
    }
    Ok(services)
}

/// For psql and the nats tools; the keeper removes them when the servers stop.
fn write_urls(task: &Task, services: &Services) -> Result<(), ServicesError> {
    let urls = [
        ("superuser.url", services.superuser_url.as_ref().filter(|_| task.postgres_bin.is_some())),
        ("nats.url", task.nats_bin.as_ref().map(|_| &services.nats_url)),
    ];
    for (name, url) in urls {
        if let Some(url) = url {
            let path = task.data_dir.join(name);
            // 0600: the password is in it.
            private_files::write(&path, &format!("{url}\n"), None).on("writing", &path)?;
        }
    }
    Ok(())
}

/// `IRIS_DATA_DIR`, by default `.iris` in the current directory.
pub fn default_data_dir() -> PathBuf {
    environment("IRIS_DATA_DIR").map_or_else(|| PathBuf::from(".iris"), PathBuf::from)
}

/// An environment variable; empty is as good as unset.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
