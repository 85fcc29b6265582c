//! What the environment decides, read once at the start.

mod audit;
mod clerk;
mod key_encryption;
mod limits;
mod outbound;
mod parse;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use axum::http::HeaderValue;
use secrecy::SecretString;

pub(crate) use self::key_encryption::is_transit_key;
use self::parse::Lookup;
pub use self::{
    audit::Audit,
    clerk::Clerk,
    key_encryption::{AwsKmsSettings, KeyEncryption, KeyProviderKind, LocalKey, VaultSettings, VaultToken},
    limits::Limits,
    outbound::{Mail, Outbound},
    parse::ConfigError,
};
use crate::paging::PageLimits;

/// Everything that the environment sets; each field names its variable and default.
///
/// `Debug` shows no secret: URLs with passwords, the secret and the hashes are `SecretString`.
#[derive(Debug, Clone)]
pub struct Config {
    /// `IRIS_ENV`: `development` (default) or `production`.
    pub environment: Environment,
    /// `DATABASE_URL`: the pooled URL for everyday work; no default. `postgresql+asyncpg://` is taken too.
    pub database_url: SecretString,
    /// `DATABASE_URL_DIRECT`: without a pooler, for migrations and session locks; default `DATABASE_URL`.
    pub database_url_direct: SecretString,
    /// `NATS_URL`: optional; without it nothing is fanned out by this process.
    pub nats_url: Option<SecretString>,
    /// `HTTP_ADDR`: address and port of the API; the default is the role's own, see [`Config::listen_addr`].
    pub http_addr: Option<SocketAddr>,
    /// `METRICS_ADDR`: another address for `/metrics`; optional, default: the API's own port.
    pub metrics_addr: Option<SocketAddr>,
    /// `AUTH_PROVIDER`: who vouches for callers; default `local`.
    pub auth_provider: AuthProvider,
    /// Of whom Clerk vouches for; there with `AUTH_PROVIDER=clerk` alone.
    pub clerk: Option<Clerk>,
    /// `APP_SECRET`: key of the local access tokens, and what `SECRETS_KEY` is derived from where that is not set;
    /// at least 32 bytes; no default.
    pub app_secret: SecretString,
    /// `DEV_USERS`: `email:$2b$hash,…`; default empty. E-mails are in lower case, each once.
    pub dev_users: Vec<DevUser>,
    /// `CORS_ORIGINS`: browser origins allowed with credentials, comma separated; default none.
    pub cors_origins: Vec<HeaderValue>,
    /// `PAGE_LIMIT_DEFAULT` (items, 50) and `MAX_PAGE_LIMIT` (items, 100).
    pub page_limits: PageLimits,
    /// How much callers may ask for, and behind which proxies they are.
    pub limits: Limits,
    /// `BLOB_DIR`: the folder of uploaded files, one for all processes; default `.iris/blobs`, required in
    /// production.
    pub blob_dir: PathBuf,
    /// `LOG_FORMAT`: `json` (default) or `pretty`.
    pub log_format: LogFormat,
    /// Seals over the log.
    pub audit: Audit,
    /// What wraps the keys that secrets are sealed under.
    pub key_encryption: KeyEncryption,
    /// How the program reaches out: webhooks, mail, push.
    pub outbound: Outbound,
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// The first missing or malformed variable, by name, in one line and without its value where secret.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads variables from `lookup`; an empty value counts as absent.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let vars = Lookup::new(&lookup);
        let environment = vars.one_of("IRIS_ENV", &Environment::CHOICES)?;
        let auth_provider = vars.one_of("AUTH_PROVIDER", &AuthProvider::CHOICES)?;
        refuse_provider(auth_provider, environment)?;
        let database_url = vars.database_url("DATABASE_URL")?.ok_or(ConfigError::missing("DATABASE_URL"))?;
        let database_url_direct = vars.database_url("DATABASE_URL_DIRECT")?;
        Ok(Self {
            environment,
            auth_provider,
            clerk: (auth_provider == AuthProvider::Clerk)
                .then(|| Clerk::read(&vars, environment))
                .transpose()?,
            database_url_direct: database_url_direct.unwrap_or_else(|| database_url.clone()),
            database_url,
            nats_url: vars.nats_url("NATS_URL")?,
            http_addr: vars.address("HTTP_ADDR")?,
            metrics_addr: vars.address("METRICS_ADDR")?,
            app_secret: vars.app_secret("APP_SECRET")?,
            dev_users: vars.dev_users("DEV_USERS")?,
            cors_origins: vars.origins("CORS_ORIGINS")?,
            page_limits: vars.page_limits()?,
            limits: Limits::read(&vars)?,
            blob_dir: blob_dir(&vars, environment)?,
            log_format: vars.one_of("LOG_FORMAT", &LogFormat::CHOICES)?,
            key_encryption: KeyEncryption::read(&vars, environment)?,
            outbound: Outbound::read(&vars, environment)?,
            audit: Audit::read(&vars)?,
        })
    }

    /// Where a role listens: `HTTP_ADDR`, else its own port on the loopback address.
    pub fn listen_addr(&self, default_port: u16) -> SocketAddr {
        // Loopback only: whoever wants to be reached from outside says so.
        self.http_addr.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, default_port).into())
    }
}

/// Where the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// A developer's machine or a test.
    Development,
    /// Real trade: development conveniences are refused.
    Production,
}

impl Environment {
    const CHOICES: [(&'static str, Self); 2] =
        [("development", Self::Development), ("production", Self::Production)];
}

/// Who vouches for callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthProvider {
    /// Accounts of `DEV_USERS`, tokens signed with `APP_SECRET`.
    Local,
    /// Clerk's session tokens.
    Clerk,
}

impl AuthProvider {
    const CHOICES: [(&'static str, Self); 2] = [("local", Self::Local), ("clerk", Self::Clerk)];
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line, for machines.
    Json,
    /// Coloured text, for people.
    Pretty,
}

impl LogFormat {
    const CHOICES: [(&'static str, Self); 2] = [("json", Self::Json), ("pretty", Self::Pretty)];
}

/// An account that may log in with a password.
#[derive(Debug, Clone)]
pub struct DevUser {
    /// Lower case.
    pub email: String,
    /// bcrypt, with its own salt and cost inside.
    pub password_hash: SecretString,
}

/// Invoices are to be kept for years: in production they must not land in whatever folder the program was started
/// from, which may go with a container.
fn blob_dir(vars: &Lookup<'_>, environment: Environment) -> Result<PathBuf, ConfigError> {
    match (vars.text("BLOB_DIR"), environment) {
        (Some(folder), _) => Ok(folder.into()),
        (None, Environment::Development) => Ok(".iris/blobs".into()),
        (None, Environment::Production) => Err(ConfigError::missing("BLOB_DIR")),
    }
}

fn refuse_provider(provider: AuthProvider, environment: Environment) -> Result<(), ConfigError> {
    match (provider, environment) {
        // Passwords from an environment variable are for development: production must not start with them.
        (AuthProvider::Local, Environment::Production) => {
            Err(ConfigError::malformed("AUTH_PROVIDER", "local is refused with IRIS_ENV=production"))
        }
        (AuthProvider::Local, Environment::Development) | (AuthProvider::Clerk, _) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
