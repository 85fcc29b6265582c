//! The database `iris` and its logins.
//!
//! Three logins, so that a hole in the program is not a hole in the database: the superuser is for people and
//! tests, `iris_owner` migrates, and `iris_app`, under which requests are served, owns nothing but the scratch
//! schemas of auditors' views: row-level security and the append-only grants bind it.

use sqlx::{Connection as _, Executor as _, PgConnection};

use super::error::ServicesError;
use super::secrets::Secrets;

/// Creates what is missing and sets the passwords. Idempotent.
pub async fn ensure(superuser_url: &str, secrets: &Secrets) -> Result<(), ServicesError> {
    let mut connection = PgConnection::connect(superuser_url).await?;
    let logins = [
        // CREATEROLE: migrations make the group roles that hold the grants.
        ("iris_owner", "LOGIN NOSUPERUSER NOCREATEDB CREATEROLE", &secrets.owner),
        ("iris_app", "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS", &secrets.app),
    ];
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
    connection.execute("GRANT CONNECT ON DATABASE iris TO iris_app").await?;
    connection.close().await?;
    Ok(())
}
