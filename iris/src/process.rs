//! What one process runs: the roles asked for, around one pool, behind one port.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use axum::Router;
use command_api::{
    CommandState, Committer, LocalLogin,
    import::{self, Imports},
};
use handlers::Nats;
use platform::{
    auth::{IdentityProvider, LocalProvider},
    clock::{Clock, Ids, SystemClock, UuidV7Ids},
    config::{Config, Environment},
    db,
    egress::UrlPolicy,
    http::{Probe, Shell, metrics_routes, probe_routes, serve, shell},
    link_token::LinkKey,
    seal::SealKey,
    telemetry,
};
use query_api::QueryState;
use secrecy::SecretString;
use sqlx::PgPool;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{api_document, health_routes, mail_page, migrate};

/// Which roles a process has.
#[derive(Clone, Copy, Debug)]
pub struct Roles {
    /// Takes commands.
    pub command: bool,
    /// Answers reads.
    pub query: bool,
    /// Folds the log into read tables.
    pub projections: bool,
    /// Name in logs and in the database's list of sessions.
    pub name: &'static str,
    /// Where it listens unless told otherwise.
    pub default_port: u16,
}

impl Roles {
    /// Everything on one port.
    pub const SERVE: Self =
        Self { command: true, query: true, projections: true, name: "iris-serve", default_port: 8080 };
    /// Commands alone.
    pub const COMMAND_API: Self = Self {
        command: true,
        query: false,
        projections: false,
        name: "iris-command-api",
        default_port: 8081,
    };
    /// Reads alone.
    pub const QUERY_API: Self =
        Self { command: false, query: true, projections: false, name: "iris-query-api", default_port: 8082 };
    /// Projections alone; its port answers health and metrics.
    pub const PROJECTIONS: Self = Self {
        command: false,
        query: false,
        projections: true,
        name: "iris-projections",
        default_port: 8083,
    };
}

/// Runs the roles until `shutdown`; then takes no more requests, finishes those in flight, records
/// what was accepted, and stops the projections.
///
/// `ready` is told the address once requests are answered.
pub async fn run(
    config: Config,
    roles: Roles,
    shutdown: CancellationToken,
    ready: impl FnOnce(SocketAddr),
) -> anyhow::Result<()> {
    let metrics = telemetry::install_metrics(env!("CARGO_PKG_VERSION")).context("metrics")?;
    db::canary(&config.database_url).await?;
    let options = db::DbOptions {
        max_connections: 24,
        application_name: roles.name.to_owned(),
        statement_timeout_ms: None,
    };
    let pool = db::connect(&config.database_url, &options).await?;
    migrate::expect_current(&pool).await?;
    let nats = match &config.nats_url {
        Some(url) => Some(Nats::connect(url, roles.name).await?),
        None => None,
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids: Arc<dyn Ids> = Arc::new(UuidV7Ids);
    let stop_background = CancellationToken::new();
    let mut background: Vec<JoinHandle<anyhow::Result<()>>> = Vec::new();
    let mut committer_task = None;
    let mut wake = tokio::sync::watch::channel(0).1;
    let mut parts = api_document::Parts::default();

    if roles.command {
        let database = db::connect_options(&config.database_url)?.application_name("iris-committer");
        let (committer, task) = Committer::start(database, Arc::clone(&clock), Arc::clone(&ids));
        committer_task = Some(task);
        wake = committer.head();
        let state = command_state(&config, committer, &pool, &clock, &ids);
        let imports = Imports {
            pool: pool.clone(),
            committer: state.committer.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
        };
        let working = import::run(imports, stop_background.clone());
        background.push(tokio::spawn(async move {
            working.await;
            Ok(())
        }));
        parts.command = Some(command_api::router(state));
    }
    if roles.query {
        parts.query = Some(query_api::router(QueryState::new(pool.clone(), Arc::clone(&clock))));
    }
    if roles.projections {
        let running = projections::run(pool.clone(), Arc::clone(&clock), wake, stop_background.clone());
        let shutdown = shutdown.clone();
        background.push(tokio::spawn(async move {
            let ended = running.await;
            // Without read models the process is of no use: stop, and say why.
            shutdown.cancel();
            ended.context("projections")
        }));
    }

    let probe = Probe {
        version: env!("CARGO_PKG_VERSION"),
        schema_version: migrate::schema_version(),
        metrics: config.metrics_addr.is_none().then(|| metrics.clone()),
    };
    let router = api_document::assemble(parts).merge(probe_routes(probe)).merge(health_routes::routes(
        pool.clone(),
        nats,
        Arc::clone(&clock),
    ));
    let router = match mails(&config, roles) {
        Some(folder) => router.merge(mail_page::routes(folder)),
        None => router,
    };
    let router = shell(router, &http_shell(&config, &clock, &ids));
    if let Some(address) = config.metrics_addr {
        let listener = TcpListener::bind(address).await.with_context(|| format!("METRICS_ADDR {address}"))?;
        let metrics = shell(metrics_routes(metrics), &http_shell(&config, &clock, &ids));
        background.push(tokio::spawn(serve_until(listener, metrics, stop_background.clone())));
    }
    let address = config.listen_addr(roles.default_port);
    let listener = TcpListener::bind(address).await.with_context(|| format!("HTTP_ADDR {address}"))?;
    ready(listener.local_addr()?);
    serve(listener, router, shutdown).await?;

    tracing::info!("no more requests; finishing what was accepted");
    // The import worker holds a way into the committer, which ends once nobody does.
    stop_background.cancel();
    let mut outcome = Ok(());
    for task in background {
        outcome = outcome.and(task.await.context("a task died")?);
    }
    if let Some(task) = committer_task {
        task.await.context("the committer died")?;
    }
    pool.close().await;
    outcome
}

async fn serve_until(listener: TcpListener, router: Router, stop: CancellationToken) -> anyhow::Result<()> {
    Ok(serve(listener, router, stop).await?)
}

fn command_state(
    config: &Config,
    committer: Committer,
    pool: &PgPool,
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn Ids>,
) -> CommandState {
    let provider = Arc::new(LocalProvider::new(&config.app_secret, Arc::clone(clock)));
    CommandState {
        committer,
        clock: Arc::clone(clock),
        ids: Arc::clone(ids),
        pool: pool.clone(),
        seal: Arc::new(SealKey::derive(secrets_key(config))),
        url_policy: UrlPolicy::new(config.outbound.webhook_allowed_networks.clone()),
        local: Some(Arc::new(LocalLogin::new(provider, &config.dev_users))),
        links: Arc::new(LinkKey::derive(secrets_key(config))),
    }
}

/// The folder whose mails the process shows: where one process does everything, and never in production, for
/// whoever reaches the port can read them all.
fn mails(config: &Config, roles: Roles) -> Option<PathBuf> {
    let shows = roles.command && roles.query && config.environment == Environment::Development;
    config.outbound.mail.folder.clone().filter(|_| shows)
}

/// Links in mails outlive a change of `APP_SECRET` where `SECRETS_KEY` is set.
fn secrets_key(config: &Config) -> &SecretString {
    config.outbound.secrets_key.as_ref().unwrap_or(&config.app_secret)
}

fn http_shell(config: &Config, clock: &Arc<dyn Clock>, ids: &Arc<dyn Ids>) -> Shell {
    let identity: Arc<dyn IdentityProvider> =
        Arc::new(LocalProvider::new(&config.app_secret, Arc::clone(clock)));
    Shell {
        identity: Some(identity),
        cors_origins: config.cors_origins.clone(),
        page_limits: config.page_limits,
        ..Shell::new(Arc::clone(clock), Arc::clone(ids))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_are_shown_by_the_process_that_does_everything_and_never_in_production() {
        let config = Config::from_lookup(|name| match name {
            "DATABASE_URL" => Some("postgres://iris_app:secret@127.0.0.1:5432/iris".to_owned()),
            "APP_SECRET" => Some("0123456789abcdef0123456789abcdef".to_owned()),
            "MAIL_DIR" => Some("mails".to_owned()),
            _ => None,
        });
        let mut config = config.unwrap();
        assert_eq!(mails(&config, Roles::SERVE), Some(PathBuf::from("mails")));
        assert_eq!(mails(&config, Roles::QUERY_API), None);
        config.environment = Environment::Production;
        assert_eq!(mails(&config, Roles::SERVE), None);
        config.environment = Environment::Development;
        config.outbound.mail.folder = None;
        assert_eq!(mails(&config, Roles::SERVE), None);
    }
}
