//! The one program of Iris: every role is a subcommand. Wiring only.

mod api_document;
mod create_account;
mod dev;
mod doctor;
mod event_schemas;
mod health;
mod health_routes;
mod mail_page;
mod migrate;
mod openapi;
mod process;
mod reacting;
mod roles;
mod seed;
mod services;
mod services_command;
mod system_commands;
mod task;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A marketplace backend between restaurants and their suppliers.
#[derive(Parser)]
#[command(name = "iris", version)]
struct Cli {
    #[command(subcommand)]
    role: Role,
}

#[derive(Subcommand)]
enum Role {
    /// Everything in one process, with a private Postgres and NATS and demo data.
    Dev,
    /// Every role in one process, on the servers that the environment names.
    Serve,
    /// Take commands.
    CommandApi,
    /// Answer reads.
    QueryApi,
    /// Fold the log into read tables.
    Projections,
    /// Publish the log's public events to NATS.
    Relay,
    /// Send webhooks and notifications.
    Handlers,
    /// Bring the database's schema up to this program.
    Migrate,
    /// Put the demo data into the database that the environment names.
    Seed,
    /// Register an account, or change its role.
    CreateAccount(create_account::Arguments),
    /// Check that the log keeps its promises.
    Doctor,
    /// Print the `OpenAPI` document.
    Openapi,
    /// Write the public events' JSON Schemas and `AsyncAPI` document into a directory.
    EventSchemas(event_schemas::Arguments),
    /// Run Postgres and NATS alone, or a command with them.
    Services(services_command::Arguments),
    /// Ask a URL whether it is well: exits 0 or 1.
    Health {
        /// Such as <http://127.0.0.1:8080/health/ready>.
        url: String,
    },
    /// Own the servers on behalf of another iris; never started by hand.
    #[command(hide = true)]
    ServicesKeeper {
        /// Named so that it shows in the list of processes.
        data_dir: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().role {
        Role::Dev => dev::run().await,
        Role::Serve => roles::serve(process::Roles::SERVE).await,
        Role::CommandApi => roles::serve(process::Roles::COMMAND_API).await,
        Role::QueryApi => roles::serve(process::Roles::QUERY_API).await,
        Role::Projections => roles::serve(process::Roles::PROJECTIONS).await,
        Role::Relay => roles::serve(process::Roles::RELAY).await,
        Role::Handlers => roles::serve(process::Roles::HANDLERS).await,
        Role::Migrate => roles::migrate().await,
        Role::Seed => roles::seed().await,
        Role::CreateAccount(arguments) => create_account::run(arguments).await,
        Role::Doctor => doctor::run().await,
        Role::Openapi => openapi::run(),
        Role::EventSchemas(arguments) => event_schemas::run(&arguments),
        Role::Services(arguments) => services_command::run(arguments).await,
        Role::Health { url } => Ok(health::run(&url)),
        Role::ServicesKeeper { data_dir: _ } => Ok(services::keeper::run()),
    };
    done.unwrap_or_else(|error| {
        // One line, with all its causes.
        eprintln!("iris: {error:#}");
        ExitCode::FAILURE
    })
}
