//! The subcommands that run on the servers which the environment names.

use std::process::ExitCode;

use platform::{config::Config, shutdown, telemetry};

use crate::{
    process::{self, Roles},
    seed as demo,
};

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
