//! Connections to Postgres, directly or through PgBouncer in transaction mode.

mod canary;
mod loss;
mod transaction;

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use thiserror::Error;

pub use self::{
    canary::canary,
    loss::connect_alone,
    transaction::{begin, begin_with},
};

/// A database that sleeps when unused (Neon) needs several seconds to wake.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(15);
/// Below the idle timeouts usual in poolers and firewalls.
const IDLE_TIMEOUT: Duration = Duration::from_mins(5);
/// Connections are renewed now and then, so that a failover or a resized cluster is noticed.
const MAX_LIFETIME: Duration = Duration::from_mins(30);
/// A connection unused for longer is tried before it is handed out.
const TRUSTED_IDLE: Duration = Duration::from_secs(10);

/// How a pool is used.
#[derive(Debug, Clone)]
pub struct DbOptions {
    /// Connections at most.
    pub max_connections: u32,
    /// Shown in `pg_stat_activity`.
    pub application_name: String,
    /// Milliseconds after which Postgres ends a statement; `None` leaves it to the role's own setting.
    ///
    /// Only for URLs without a pooler. As a startup parameter PgBouncer refuses it ("unsupported startup
    /// parameter"), and as a `SET` it would stick to a server connection that other clients share. Pools on
    /// `DATABASE_URL` therefore take the timeout from `ALTER ROLE … SET statement_timeout`, which holds
    /// either way.
    pub statement_timeout_ms: Option<u32>,
}

/// Why a database cannot be used; never holds a password.
#[derive(Debug, Error)]
pub enum DbError {
    /// The URL cannot be read.
    #[error("the database URL cannot be read")]
    BadUrl,
    /// The database does not answer, or refuses us.
    #[error("cannot use the database at {host}: {source}")]
    Unusable {
        /// Host and port of the URL.
        host: String,
        /// What sqlx says.
        source: sqlx::Error,
    },
    /// The pooler hands out answers of other statements.
    #[error(
        "the pooler at {host} mixes up prepared statements ({symptom}); use PgBouncer 1.21 or later with \
         max_prepared_statements above 0, or give a URL without the pooler"
    )]
    MixedAnswers {
        /// Host and port of the URL.
        host: String,
        /// What was seen.
        symptom: String,
    },
}

/// Opens a pool, with one connection tried.
///
/// # Errors
/// When the URL cannot be read or the first connection fails within 15 s.
pub async fn connect(url: &SecretString, options: &DbOptions) -> Result<PgPool, DbError> {
    let connection = connect_options(url)?.application_name(&options.application_name);
    let host = host(&connection);
    pool_options(options, &connection)
        .connect_with(connection)
        .await
        .map_err(|source| DbError::Unusable { host, source })
}

/// A pool with no connection yet: the first is opened when it is needed.
pub fn connect_lazily(database: PgConnectOptions, max_connections: u32) -> PgPool {
    let noticing = database.clone();
    PgPoolOptions::new()
        .max_connections(max_connections)
        .after_connect(move |_, _| {
            loss::notice_loss(&noticing);
            Box::pin(async { Ok(()) })
        })
        .connect_lazy_with(database)
}

/// Options that also a pooler in transaction mode takes.
///
/// Named prepared statements stay on (sqlx's default): they are what PgBouncer tracks from 1.21 on, whereas
/// unnamed ones are mixed up by every version.
pub fn connect_options(url: &SecretString) -> Result<PgConnectOptions, DbError> {
    let options: PgConnectOptions = url.expose_secret().parse().map_err(|_| DbError::BadUrl)?;
    // sqlx sends extra_float_digits at startup, which PgBouncer refuses unless told otherwise; Postgres has
    // had the wanted default since version 12.
    Ok(options.extra_float_digits(None))
}

fn pool_options(options: &DbOptions, database: &PgConnectOptions) -> PgPoolOptions {
    let (timeout_ms, database) = (options.statement_timeout_ms, database.clone());
    PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(IDLE_TIMEOUT)
        .max_lifetime(MAX_LIFETIME)
        // A ping before each use would double the round trips; only a connection long unused is tried.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move { Ok(meta.idle_for < TRUSTED_IDLE || connection.ping().await.is_ok()) })
        })
        .after_connect(move |connection, _| {
            loss::notice_loss(&database);
            Box::pin(limit_statements(connection, timeout_ms))
        })
}

async fn limit_statements(connection: &mut PgConnection, timeout_ms: Option<u32>) -> Result<(), sqlx::Error> {
    let Some(timeout_ms) = timeout_ms else { return Ok(()) };
    sqlx::query("SELECT set_config('statement_timeout', $1, false)")
        .bind(timeout_ms.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Host and port, for messages.
fn host(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(directory) => directory.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_url_is_refused_without_being_shown() {
        let error = connect_options(&"postgresql://u:hunter2@db:notaport/iris".into()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn the_host_is_named_without_the_password() {
        let options = connect_options(&"postgresql://u:hunter2@db.example:6432/iris".into()).unwrap();
        assert_eq!(host(&options), "db.example:6432");
    }

    #[tokio::test]
    async fn an_unreachable_database_is_named_without_its_password() {
        // Bound and dropped: nothing listens on this port now.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("postgresql://u:hunter2@127.0.0.1:{port}/iris").into();
        let error = canary(&url).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains(&format!("127.0.0.1:{port}")), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}
