//! What one process runs: the roles asked for, around one pool, behind one port.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use axum::Router;
use command_api::{
    CommandState, Committer, LocalLogin, Suggestions,
    import::{self, Imports},
    invoices::{self, Invoices, Readers},
    personal::index_addresses,
};
use events::{
    log::FeedWindow,
    values::{KEY_SEGMENTS, KEY_SEGMENTS_OPEN},
};
use handlers::{Nats, Surroundings};
use platform::{
    access_log::{self, AccessLog},
    auth::{IdentityProvider, KeyReach, LocalProvider},
    blobs::BlobStore,
    clock::{Clock, Ids, SystemClock, UuidV7Ids},
    config::{AuthProvider, Config, Environment},
    db,
    egress::UrlPolicy,
    http::{Probe, RequestLimits, Shell, TrustedProxies, metrics_routes, probe_routes, serve, shell},
    link_token::LinkKey,
    personal::{PersonalKeys, Vault},
    secrets::Keyring,
    telemetry,
};
use query_api::{QueryState, Sources};
use sqlx::PgPool;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    api_document, audit,
    events_command::expect_none_under_way,
    health_routes, identity, keyring,
    keyring::secrets_key,
    logins, mail_page, migrate, reacting,
    roles::Roles,
    scheduling,
    suggestions::ReadSuggestions,
    task::{self, Ends, Task},
};

/// What all roles of a process stand on.
struct Ground {
    config: Config,
    roles: Roles,
    pool: PgPool,
    nats: Option<Nats>,
    /// Of the roles that open or seal anything; projections and the relay move ciphertext.
    keyring: Option<Arc<Keyring>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    ends: Ends,
}

/// What was started.
#[derive(Default)]
struct Started {
    parts: api_document::Parts,
    background: Vec<Task>,
    committer: Option<JoinHandle<()>>,
    access_log: Option<AccessLog>,
    /// Of processes that answer requests of accounts.
    identity: Option<Arc<dyn IdentityProvider>>,
}

/// Runs the roles until `shutdown`; then takes no more requests, finishes those in flight, records
/// what was accepted, and stops the rest.
///
/// `ready` is told the address once requests are answered.
pub async fn run(
    config: Config,
    roles: Roles,
    shutdown: CancellationToken,
    ready: impl FnOnce(SocketAddr),
) -> anyhow::Result<()> {
    let metrics = telemetry::install_metrics(env!("CARGO_PKG_VERSION")).context("metrics")?;
    let ground = Ground::open(config, roles, shutdown).await?;
    if ground.keyring.is_some() {
        ground.personal().expect_secret().await?;
    }
    if roles.command {
        ground.index_addresses().await?;
    }
    let Started { parts, mut background, committer, access_log, identity } = ground.start()?;
    let Ground { config, pool, nats, clock, ids, ends, .. } = ground;

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
    let limits = Some(Arc::new(RequestLimits::new(config.limits.rate_per_minute)));
    let router = shell(router, &Shell { access_log, identity, limits, ..http_shell(&config, &clock, &ids) });
    let proxies = trusted_proxies(&config);
    if let Some(address) = config.metrics_addr {
        let listener = TcpListener::bind(address).await.with_context(|| format!("METRICS_ADDR {address}"))?;
        let metrics = shell(metrics_routes(metrics), &http_shell(&config, &clock, &ids));
        let serving = serve_until(listener, metrics, proxies.clone(), ends.stop.clone());
        background.push(task::start("metrics", &ends, serving));
    }
    let address = config.listen_addr(roles.default_port);
    let listener = TcpListener::bind(address).await.with_context(|| format!("HTTP_ADDR {address}"))?;
    ready(listener.local_addr()?);
    let served = serve(listener, router, proxies, ends.shutdown.clone()).await;

    tracing::info!("no more requests; finishing what was accepted");
    // Imports and handlers hold a way into the committer, which ends once nobody does.
    ends.stop.cancel();
    let outcome = task::finish(background, committer).await;
    pool.close().await;
    outcome.and(served.map_err(Into::into))
}

impl Ground {
    async fn open(config: Config, roles: Roles, shutdown: CancellationToken) -> anyhow::Result<Self> {
        db::canary(&config.database_url).await?;
        let options = db::DbOptions {
            max_connections: 32,
            application_name: roles.name.to_owned(),
            statement_timeout_ms: None,
        };
        let pool = db::connect(&config.database_url, &options).await?;
        migrate::expect_current(&pool).await?;
        logins::expect_bound(&pool, config.environment).await?;
        expect_none_under_way(&pool).await?;
        let nats = match &config.nats_url {
            Some(url) => Some(Nats::connect(url, roles.name).await?),
            None => None,
        };
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(UuidV7Ids));
        let opens = roles.command || roles.query || roles.handlers || roles.scheduler;
        let keyring = if opens { Some(keyring::open(&config, &pool).await?) } else { None };
        let ends = Ends { shutdown, stop: CancellationToken::new() };
        Ok(Self { config, roles, pool, nats, keyring, clock, ids, ends })
    }

    /// Starts what the roles need; nothing answers requests yet.
    fn start(&self) -> anyhow::Result<Started> {
        let mut started = Started::default();
        if let Some(keyring) = &self.keyring {
            let learning = Arc::clone(keyring).keep_fresh(self.ends.stop.clone());
            started.background.push(task::start_sure("data keys", &self.ends, learning));
        }
        let access_log = self.access_log(&mut started);
        if self.roles.command || self.roles.query {
            let (identity, keeping) = identity::provider(&self.config, &self.pool, &self.clock, &self.ends)?;
            started.identity = Some(identity);
            started.background.extend(keeping);
        }
        let committer = self.committer(&mut started)?;
        // Without a committer in this process nobody wakes those who follow the log; they look by themselves.
        let wake = committer.as_ref().map_or_else(|| watch::channel(0).1, Committer::head);
        // The newest events, read once for all who follow them here.
        let feed = committer.as_ref().map(Committer::feed).unwrap_or_default();
        self.react(wake.clone(), feed.clone(), committer.as_ref(), &mut started)?;
        if let Some(committer) = committer.filter(|_| self.roles.command) {
            self.take_commands(committer, access_log.clone(), &mut started)?;
        }
        if self.roles.query {
            started.parts.query = Some(query_api::router(self.query_state(access_log)?));
        }
        if self.roles.projections {
            let on_other_version = self.roles.on_other_version;
            let settings =
                projections::Settings { feed, on_other_version, ..projections::Settings::default() };
            let (pool, clock) = (self.pool.clone(), Arc::clone(&self.clock));
            let running = projections::run_with(pool, clock, wake, self.ends.stop.clone(), settings);
            let running = async move { running.await.map_err(anyhow::Error::from) };
            started.background.push(task::start("projections", &self.ends, running));
            self.look_after_history(&mut started);
        }
        Ok(started)
    }

    /// Every process has one: whoever answers requests refuses some.
    fn access_log(&self, started: &mut Started) -> AccessLog {
        let clock = Arc::clone(&self.clock);
        // Logins fail where commands are taken; who does not take them makes no marks.
        let root = self.keyring.as_ref().map_or(secrets_key(&self.config), |keyring| keyring.root());
        let (log, writer) = AccessLog::new(self.pool.clone(), clock, root);
        let writing = writer.run(self.ends.stop.clone());
        started.background.push(task::start_sure("access log", &self.ends, writing));
        started.access_log = Some(log.clone());
        log
    }

    /// By tokens and by API keys. The other roles have no route that asks who calls.
    fn query_state(&self, access_log: AccessLog) -> anyhow::Result<QueryState> {
        let state = QueryState::new(Sources {
            pool: self.pool.clone(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            blobs: self.blobs()?,
            personal: self.personal(),
            access_log,
        });
        let trusted_keys = audit::keys::trusted(&self.config)?;
        Ok(state.with_view_kept(self.config.audit.view_kept).with_trusted_keys(trusted_keys))
    }

    /// What auditors look at: views that they ask for, and accesses for as long as they are kept.
    fn look_after_history(&self, started: &mut Started) {
        let (pool, clock, stop) = (&self.pool, &self.clock, &self.ends.stop);
        let views = projections::keep_views(pool.clone(), Arc::clone(clock), self.ids.next(), stop.clone());
        started.background.push(task::start_sure("views", &self.ends, views));
        let days = self.config.audit.access_log_days;
        let keeping = access_log::keep_retention(pool.clone(), Arc::clone(clock), days, stop.clone());
        started.background.push(task::start_sure("accesses kept", &self.ends, keeping));
    }

    /// Opened at the start, so that a folder which cannot be written to is found then and not by a partner.
    fn blobs(&self) -> anyhow::Result<BlobStore> {
        let folder = &self.config.blob_dir;
        BlobStore::open(folder).with_context(|| format!("BLOB_DIR {}", folder.display()))
    }

    /// Before any command is taken: whoever logs in is looked up by the index.
    async fn index_addresses(&self) -> anyhow::Result<()> {
        let indexed = index_addresses(&self.pool, &self.personal()).await.context("indexing addresses")?;
        if indexed > 0 {
            tracing::info!(
                indexed,
                "addresses that were claimed in the clear are claimed by their index now"
            );
        }
        Ok(())
    }

    fn personal(&self) -> PersonalKeys {
        PersonalKeys::new(self.pool.clone(), Arc::new(Vault::new(self.keyring())))
    }

    fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(self.keyring.as_ref().expect("every role that opens or seals has one"))
    }

    /// Of those who take commands, and of handlers and jobs, which give some.
    fn committer(&self, started: &mut Started) -> anyhow::Result<Option<Committer>> {
        if !self.roles.command && !self.roles.handlers && !self.roles.scheduler {
            return Ok(None);
        }
        let database = db::connect_options(&self.config.database_url)?.application_name("iris-committer");
        let vault = Arc::new(Vault::new(self.keyring()));
        let (committer, task) =
            Committer::start(database, vault, Arc::clone(&self.clock), Arc::clone(&self.ids));
        started.committer = Some(task::start_committer(&self.ends, task));
        Ok(Some(committer))
    }

    fn react(
        &self,
        wake: watch::Receiver<i64>,
        feed: FeedWindow,
        committer: Option<&Committer>,
        started: &mut Started,
    ) -> anyhow::Result<()> {
        let (clock, ids) = (Arc::clone(&self.clock), Arc::clone(&self.ids));
        let surroundings = Surroundings { pool: self.pool.clone(), clock, ids, wake, feed };
        let nats = self.nats.as_ref();
        if self.roles.relay {
            let is_all_there_is = !self.roles.command;
            started.background.extend(reacting::relaying(&surroundings, nats, is_all_there_is, &self.ends)?);
        }
        if let Some(committer) = committer.filter(|_| self.roles.handlers) {
            let address = self.config.listen_addr(self.roles.default_port).to_string();
            let committer = committer.clone();
            let handling = reacting::handling(
                &self.config,
                &address,
                &surroundings,
                (nats, &self.keyring()),
                committer,
                &self.ends,
            )?;
            started.background.extend(handling);
        }
        if let Some(committer) = committer.filter(|_| self.roles.scheduler) {
            let scheduling = scheduling::scheduling(&self.config, &surroundings, committer, &self.ends)?;
            started.background.push(scheduling);
        }
        if self.roles.handlers {
            started.background.extend(reacting::sealing(&self.config, &surroundings, &self.ends)?);
        }
        Ok(())
    }

    fn take_commands(
        &self,
        committer: Committer,
        access_log: AccessLog,
        started: &mut Started,
    ) -> anyhow::Result<()> {
        // Reads are another group's right in the database: a login that takes commands alone has none of them.
        let reads = if self.roles.query { Some(self.query_state(access_log.clone())?) } else { None };
        let suggestions = reads.map(|state| Arc::new(ReadSuggestions::new(state)) as Arc<dyn Suggestions>);
        let state = command_state(&self.config, &self.keyring(), self.invoices(committer)?, access_log)?;
        let state = CommandState { suggestions, ..state };
        let imports = Imports {
            pool: self.pool.clone(),
            committer: state.committer.clone(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
        };
        let working = import::run(imports, self.ends.stop.clone());
        started.background.push(task::start_sure("imports", &self.ends, working));
        let working = invoices::run(state.invoices.clone(), self.ends.stop.clone());
        started.background.push(task::start_sure("invoices", &self.ends, working));
        started.parts.command = Some(command_api::router(state));
        Ok(())
    }

    fn invoices(&self, committer: Committer) -> anyhow::Result<Invoices> {
        Ok(Invoices {
            pool: self.pool.clone(),
            committer,
            blobs: self.blobs()?,
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            readers: Readers::probe(),
            bell: Arc::default(),
        })
    }
}

async fn serve_until(
    listener: TcpListener,
    router: Router,
    proxies: TrustedProxies,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    Ok(serve(listener, router, proxies, stop).await?)
}

fn command_state(
    config: &Config,
    keyring: &Arc<Keyring>,
    invoices: Invoices,
    access_log: AccessLog,
) -> anyhow::Result<CommandState> {
    let clock = &invoices.clock;
    let local = (config.auth_provider == AuthProvider::Local).then(|| {
        let provider = Arc::new(LocalProvider::new(&config.app_secret, Arc::clone(clock)));
        Arc::new(LocalLogin::new(provider, &config.dev_users))
    });
    let clerk = config.clerk.as_ref().map(|clerk| clerk.webhook_secret().cloned()).transpose()?;
    Ok(CommandState {
        committer: invoices.committer.clone(),
        clock: Arc::clone(clock),
        ids: Arc::clone(&invoices.ids),
        pool: invoices.pool.clone(),
        seal: Arc::clone(keyring),
        url_policy: UrlPolicy::new(config.outbound.webhook_allowed_networks.clone()),
        local,
        clerk,
        // Links in mails outlive every change of keys.
        links: Arc::new(LinkKey::derive(keyring.root())),
        access_log,
        invoices,
        suggestions: None,
    })
}

/// The folder whose mails the process shows: where one process does everything, and never in production, for
/// whoever reaches the port can read them all.
fn mails(config: &Config, roles: Roles) -> Option<PathBuf> {
    let shows = roles.command && roles.query && config.environment == Environment::Development;
    config.outbound.mail.folder.clone().filter(|_| shows)
}

fn trusted_proxies(config: &Config) -> TrustedProxies {
    TrustedProxies::new(config.limits.trusted_proxies.clone())
}

/// What API keys can be let into.
pub const KEY_REACH: KeyReach =
    KeyReach { base: "/api/v1/", scoped: &KEY_SEGMENTS, open: &KEY_SEGMENTS_OPEN };

fn http_shell(config: &Config, clock: &Arc<dyn Clock>, ids: &Arc<dyn Ids>) -> Shell {
    Shell {
        key_reach: KEY_REACH,
        cors_origins: config.cors_origins.clone(),
        page_limits: config.page_limits,
        trusted_proxies: trusted_proxies(config),
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
