//! Roles, and the subcommands that run on the servers which the environment names.

use std::process::ExitCode;

use platform::{config::Config, shutdown, telemetry};
use projections::OnOtherVersion;

use crate::{process, seed as demo};

/// Which roles a process has.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "a set of roles, each of which is there or not")]
pub struct Roles {
    /// Takes commands.
    pub command: bool,
    /// Answers reads.
    pub query: bool,
    /// Folds the log into read tables.
    pub projections: bool,
    /// Whether a projection whose rows are of another version is waited for, or ends the process.
    pub on_other_version: OnOtherVersion,
    /// Publishes to NATS.
    pub relay: bool,
    /// Sends webhooks and notifications.
    pub handlers: bool,
    /// Runs jobs at their times.
    pub scheduler: bool,
    /// Name in logs and in the database's list of sessions.
    pub name: &'static str,
    /// Where it listens unless told otherwise.
    pub default_port: u16,
}

impl Roles {
    /// None, to begin with.
    const NONE: Self = Self {
        command: false,
        query: false,
        projections: false,
        on_other_version: OnOtherVersion::Stop,
        relay: false,
        handlers: false,
        scheduler: false,
        name: "iris",
        default_port: 8080,
    };
    /// Everything on one port.
    pub const SERVE: Self = Self {
        command: true,
        query: true,
        projections: true,
        on_other_version: OnOtherVersion::Stop,
        relay: true,
        handlers: true,
        scheduler: true,
        name: "iris-serve",
        default_port: 8080,
    };
    /// Commands alone.
    pub const COMMAND_API: Self =
        Self { command: true, name: "iris-command-api", default_port: 8081, ..Self::NONE };
    /// Reads alone.
    pub const QUERY_API: Self =
        Self { query: true, name: "iris-query-api", default_port: 8082, ..Self::NONE };
    /// Projections alone; its port, and that of the next three, answers health and metrics.
    pub const PROJECTIONS: Self =
        Self { projections: true, name: "iris-projections", default_port: 8083, ..Self::NONE };
    /// The relay alone.
    pub const RELAY: Self = Self { relay: true, name: "iris-relay", default_port: 8084, ..Self::NONE };
    /// Webhooks and notifications alone.
    pub const HANDLERS: Self =
        Self { handlers: true, name: "iris-handlers", default_port: 8085, ..Self::NONE };
    /// Jobs alone.
    pub const SCHEDULER: Self =
        Self { scheduler: true, name: "iris-scheduler", default_port: 8086, ..Self::NONE };
}

/// Runs the roles until a signal.
pub async fn serve(roles: Roles) -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    let _flush_logs = telemetry::init_logs(config.log_format)?;
    let shutdown = shutdown::on_signal()?;
    process::run(config, roles, shutdown, |address| tracing::info!(%address, role = roles.name, "serving"))
        .await?;
    Ok(ExitCode::SUCCESS)
}

/// Brings the schema up to this program.
pub async fn migrate() -> anyhow::Result<ExitCode> {
    crate::migrate::run(&Config::from_env()?).await?;
    println!("the schema is at version {}", crate::migrate::schema_version());
    Ok(ExitCode::SUCCESS)
}

/// Puts in the demo data.
pub async fn seed() -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    // Demo logins have a password that the whole world knows: only the local provider has them, and
    // it is refused in production.
    demo::run(&config).await?;
    println!(
        "demo data is in; DEV_USERS for its logins (password {}):\n{}",
        demo::PASSWORD,
        demo::dev_users()
    );
    Ok(ExitCode::SUCCESS)
}
