//! The database `iris` and its logins.
//!
//! Several, so that a hole in the program is not a hole in the database: the superuser is for people and tests,
//! `iris_owner` migrates, and the processes' own own nothing but the scratch schemas of auditors' views: row-level
//! security and the append-only grants bind them. `iris_app` is for all processes in one; each has one of its own
//! besides, of which `logins.json` in the data directory holds the URLs.

use sqlx::{Connection as _, Executor as _, PgConnection};

use super::error::ServicesError;
use super::secrets::Secrets;
use crate::logins::{IDLE_IN_TRANSACTION_MS, LOGINS, Login};

/// Creates what is missing and sets the passwords. Idempotent.
pub async fn ensure(superuser_url: &str, secrets: &Secrets) -> Result<(), ServicesError> {
    let mut connection = PgConnection::connect(superuser_url).await?;
    // CREATEROLE: migrations make the group roles that hold the grants.
    let mut logins = vec![("iris_owner", "LOGIN NOSUPERUSER NOCREATEDB CREATEROLE", secrets.owner.as_str())];
    let bound = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS";
    logins.extend(LOGINS.iter().map(|login| (login.name, bound, secrets.of(login.name))));
    for (name, attributes, password) in logins {
        let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
            .bind(name)
            .fetch_one(&mut connection)
            .await?;
        let verb = if there { "ALTER" } else { "CREATE" };
        // Role statements take no bound values. All three parts are ours: constants, and a password of hex digits.
        connection.execute(format!("{verb} ROLE {name} {attributes} PASSWORD '{password}'").as_str()).await?;
    }
    let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'iris')")
        .fetch_one(&mut connection)
        .await?;
    if !there {
        connection.execute("CREATE DATABASE iris OWNER iris_owner").await?;
    }
    // By default everybody may connect to, and make temporary tables in, every database.
    connection.execute("REVOKE ALL ON DATABASE iris FROM PUBLIC").await?;
    for Login { name, statement_timeout_ms, .. } in LOGINS {
        // Of the login and not of a session: it holds behind a pooler as well. All of it is ours.
        let statements = format!(
            "GRANT CONNECT ON DATABASE iris TO {name}; \
             ALTER ROLE {name} SET statement_timeout = {statement_timeout_ms}; \
             ALTER ROLE {name} SET idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION_MS}"
        );
        connection.execute(statements.as_str()).await?;
    }
    connection.close().await?;
    Ok(())
}
