//! The one program of Iris: every role is a subcommand. Wiring only.

mod access_log;
mod api_document;
mod audit;
mod create_account;
mod demand_command;
mod dev;
mod doctor;
mod event_schemas;
mod events_command;
mod health;
mod health_routes;
mod identity;
mod jobs_command;
mod keyring;
mod limits_document;
mod logins;
mod mail_page;
mod migrate;
mod openapi;
mod operator_access;
mod person;
mod prices_command;
mod process;
mod projections_command;
mod reacting;
mod roles;
mod scheduling;
mod secrets_command;
mod seed;
mod services;
mod services_command;
mod suggestions;
mod system_commands;
mod task;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;

/// An order is some hundred small allocations: with the C library's they took a fifth of the program's CPU.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

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
    /// Fold the log into read tables, or rebuild those beside the live ones.
    Projections(projections_command::Arguments),
    /// Publish the log's public events to NATS.
    Relay,
    /// Send webhooks and notifications.
    Handlers,
    /// Run jobs at their times: of several processes one leads.
    Scheduler,
    /// Compare demand with the log, or fold it again.
    #[command(subcommand)]
    Demand(demand_command::Demand),
    /// Show the jobs, or run one now.
    #[command(subcommand)]
    Jobs(jobs_command::Jobs),
    /// Bring the database's schema up to this program.
    Migrate,
    /// Put the demo data into the database that the environment names.
    Seed,
    /// Register an account, or change its role.
    CreateAccount(create_account::Arguments),
    /// Find a person by their address, print what is held of them, or erase them.
    #[command(subcommand)]
    Person(person::Command),
    /// Seal, verify and prove: what was recorded is what is there.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// The keys that secrets are sealed under: what hangs on which, and new ones.
    #[command(subcommand)]
    Secrets(secrets_command::Secrets),
    /// Check that the log keeps its promises.
    Doctor,
    /// Read, export or import the log.
    Events(events_command::Arguments),
    /// What rules made of prices.
    #[command(subcommand)]
    Prices(prices_command::Prices),
    /// Print who got to see or do what.
    AccessLog(access_log::Arguments),
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
        Role::Serve => roles::serve(roles::Roles::SERVE).await,
        Role::CommandApi => roles::serve(roles::Roles::COMMAND_API).await,
        Role::QueryApi => roles::serve(roles::Roles::QUERY_API).await,
        Role::Projections(arguments) => projections_command::run(arguments).await,
        Role::Relay => roles::serve(roles::Roles::RELAY).await,
        Role::Handlers => roles::serve(roles::Roles::HANDLERS).await,
        Role::Scheduler => roles::serve(roles::Roles::SCHEDULER).await,
        Role::Demand(demand) => demand_command::run(demand).await,
        Role::Jobs(jobs) => jobs_command::run(jobs).await,
        Role::Migrate => roles::migrate().await,
        Role::Seed => roles::seed().await,
        Role::CreateAccount(arguments) => create_account::run(arguments).await,
        Role::Person(command) => person::run(command).await,
        Role::Audit(audit) => audit::run(audit).await,
        Role::Secrets(secrets) => secrets_command::run(secrets).await,
        Role::Doctor => doctor::run().await,
        Role::Events(arguments) => events_command::run(arguments).await,
        Role::Prices(prices) => prices_command::run(prices).await,
        Role::AccessLog(arguments) => access_log::run(arguments).await,
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
