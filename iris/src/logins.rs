//! The logins of the processes: one each, of which none owns anything, and what a login must not be.

use anyhow::{Context as _, bail};
use platform::config::Environment;
use sqlx::{PgConnection, PgPool};

/// One process's login, and the groups whose rights it has.
#[derive(Clone, Copy, Debug)]
pub struct Login {
    /// Of the role in Postgres.
    pub name: &'static str,
    /// What it may do is what these may.
    pub groups: &'static [&'static str],
    /// Milliseconds after which Postgres ends one of its statements; 0 for never. A look for a caller of the API has
    /// a limit of its own, in its transaction.
    pub statement_timeout_ms: u32,
}

/// All groups: what `serve`, which is every process in one, has.
pub const GROUPS: [&str; 5] = ["iris_command", "iris_projection", "iris_query", "iris_handler", "iris_relay"];

/// What a transaction may stand idle, in milliseconds, whoever began it: longer than any pause of ours, an export
/// that waits for its reader being the longest with a minute.
pub const IDLE_IN_TRANSACTION_MS: u32 = 120_000;

/// One login per process.
pub const LOGINS: [Login; 7] = [
    // Projections are among its processes, and an index over millions of rows takes its time.
    Login { name: "iris_app", groups: &GROUPS, statement_timeout_ms: 0 },
    Login { name: "iris_command_api", groups: &["iris_command"], statement_timeout_ms: 30_000 },
    Login { name: "iris_query_api", groups: &["iris_query"], statement_timeout_ms: 10_000 },
    Login { name: "iris_projections", groups: &["iris_projection"], statement_timeout_ms: 0 },
    Login { name: "iris_relays", groups: &["iris_relay"], statement_timeout_ms: 30_000 },
    // Handlers give commands, too, as any client does, and so have the committer's rights.
    Login { name: "iris_handlers", groups: &["iris_handler", "iris_command"], statement_timeout_ms: 60_000 },
    // Jobs give commands, too.
    Login {
        name: "iris_schedulers",
        groups: &["iris_handler", "iris_command"],
        statement_timeout_ms: 60_000,
    },
];

/// Lets the processes' logins that are there do what their groups may, and `serving` everything unless it is one of
/// these. Idempotent.
///
/// # Errors
/// The database refuses.
pub async fn grant(owner: &mut PgConnection, serving: Option<&str>) -> anyhow::Result<()> {
    for Login { name, groups, .. } in LOGINS {
        let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
            .bind(name)
            .fetch_one(&mut *owner)
            .await?;
        if there {
            grant_groups(owner, groups, name).await?;
        }
    }
    let other = serving.filter(|serving| LOGINS.iter().all(|login| login.name != *serving));
    if let Some(serving) = other {
        grant_groups(owner, &GROUPS, serving).await?;
    }
    Ok(())
}

async fn grant_groups(owner: &mut PgConnection, groups: &[&str], login: &str) -> anyhow::Result<()> {
    // An identifier cannot be bound: it is quoted by Postgres itself. Roles belong to the whole server: where
    // another of its databases is migrated at the same moment, that one has granted the same. What it has already is
    // not granted again, for only who administers a group can.
    let grant: Option<String> = sqlx::query_scalar(
        "SELECT format('DO $grant$ BEGIN GRANT %s TO %I; \
             EXCEPTION WHEN unique_violation OR internal_error THEN NULL; END $grant$', \
             string_agg(quote_ident(g), ', '), $1::text) \
         FROM unnest($2::text[]) AS wanted(g) \
         WHERE NOT EXISTS (SELECT FROM pg_auth_members m \
                           WHERE m.roleid = to_regrole(g)::oid AND m.member = to_regrole(quote_ident($1))::oid) \
         HAVING count(*) > 0",
    )
    .bind(login)
    .bind(groups)
    .fetch_optional(&mut *owner)
    .await?;
    if let Some(grant) = grant {
        sqlx::raw_sql(&grant).execute(owner).await.with_context(|| format!("grants to {login}"))?;
    }
    Ok(())
}

/// Refuses in production, and complains elsewhere, about a login that row-level security or the append-only log does
/// not bind.
///
/// # Errors
/// The database does not answer, or, in production, the login may do too much.
pub async fn expect_bound(pool: &PgPool, environment: Environment) -> anyhow::Result<()> {
    let (login, is_superuser, bypasses, owns): (String, bool, bool, Option<String>) = sqlx::query_as(
        // The schemas of auditors' views are made, and so owned, by the login that runs projections.
        "SELECT r.rolname::text, r.rolsuper, r.rolbypassrls, \
                (SELECT min(c.oid::regclass::text) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE c.relkind IN ('r', 'p') AND pg_has_role(r.oid, c.relowner, 'MEMBER') AND NOT r.rolsuper \
                   AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^(pg_|read_asof_)') \
         FROM pg_roles r WHERE r.rolname = current_user",
    )
    .fetch_one(pool)
    .await
    .context("the rights of the login of DATABASE_URL")?;
    let fault = if is_superuser {
        "is a superuser".to_owned()
    } else if bypasses {
        "has BYPASSRLS".to_owned()
    } else if let Some(table) = owns {
        format!("owns {table}")
    } else {
        return Ok(());
    };
    judge(environment, &login, &fault)
}

fn judge(environment: Environment, login: &str, fault: &str) -> anyhow::Result<()> {
    if environment == Environment::Production {
        bail!("DATABASE_URL: login {login} {fault}, so no policy binds it; give a login that owns nothing");
    }
    tracing::warn!(%login, "the login of DATABASE_URL {fault}: its own rights are not bound by any policy");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_that_no_policy_binds_is_refused_in_production_alone() {
        let refused = judge(Environment::Production, "postgres", "is a superuser").unwrap_err();
        assert!(refused.to_string().contains("DATABASE_URL: login postgres is a superuser"));
        assert!(judge(Environment::Development, "postgres", "is a superuser").is_ok());
    }

    #[test]
    fn no_process_is_of_more_groups_than_it_works_for() {
        let groups = |name| LOGINS.iter().find(|login| login.name == name).unwrap().groups;
        assert_eq!(groups("iris_query_api"), ["iris_query"]);
        assert_eq!(groups("iris_relays"), ["iris_relay"]);
        assert_eq!(groups("iris_app"), GROUPS);
    }
}
