//! Migrations: forward only, by the database's owner, past any pooler.

use anyhow::{Context as _, bail};
use events::log::make_partitions;
use platform::{config::Config, db};
use sqlx::{Connection as _, PgConnection, PgPool, migrate::Migrator};

use crate::logins;

static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// Brings the schema up to this program, and lets the serving login do what the processes need.
/// Idempotent; several at once wait for each other.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    let options = db::connect_options(&config.database_url_direct)?;
    let mut owner = PgConnection::connect_with(&options).await.context("DATABASE_URL_DIRECT")?;
    MIGRATOR.run_direct(&mut owner).await.context("migrations")?;
    // The table of migrations is sqlx's own, so no migration can grant on it.
    let readers = format!("GRANT SELECT ON public._sqlx_migrations TO {}", logins::GROUPS.join(", "));
    sqlx::query(&readers).execute(&mut owner).await.context("grants")?;
    // Views as of a position are schemas of their own, made and dropped by whoever runs projections. Nothing
    // narrower than this right lets a role make one; with it, it can reach no schema but its own.
    let makers = "SELECT format('GRANT CREATE ON DATABASE %I TO iris_projection', current_database()) \
                  WHERE NOT has_database_privilege('iris_projection', current_database(), 'CREATE')";
    let missing: Option<String> = sqlx::query_scalar(makers).fetch_optional(&mut owner).await?;
    if let Some(grant) = missing {
        sqlx::raw_sql(&grant).execute(&mut owner).await.context("the grant to make schemas")?;
    }
    make_partitions(&mut owner, 0).await.context("partitions of the log")?;
    let serving = db::connect_options(&config.database_url)?;
    let serving = Some(serving.get_username()).filter(|serving| *serving != options.get_username());
    logins::grant(&mut owner, serving).await
}

/// The newest migration that this program knows.
pub fn schema_version() -> i64 {
    MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// Refuses to start on a schema that this program does not know.
pub async fn expect_current(pool: &PgPool) -> anyhow::Result<()> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT max(version) FROM public._sqlx_migrations WHERE success")
            .fetch_one(pool)
            .await
            .context("the database has no schema yet: run `iris migrate`")?;
    match found {
        Some(version) if version == schema_version() => Ok(()),
        Some(version) if version > schema_version() => {
            // Expand, then contract: an older program goes on working on a newer schema.
            tracing::warn!(version, expected = schema_version(), "the schema is newer than this program");
            Ok(())
        }
        found => bail!(
            "the schema is at {}, this program needs {}: run `iris migrate`",
            found.unwrap_or_default(),
            schema_version()
        ),
    }
}
