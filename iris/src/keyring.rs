//! The data keys of this process.

use std::sync::Arc;

use platform::{
    clock::{Clock, SystemClock, UuidV7Ids},
    config::Config,
    db,
    personal::Vault,
    secrets::{KeyProviders, Keyring},
};
use secrecy::SecretString;
use sqlx::PgPool;

/// What the key-encryption key is made from where no other is configured.
pub fn secrets_key(config: &Config) -> &SecretString {
    config.outbound.secrets_key.as_ref().unwrap_or(&config.app_secret)
}

/// The key providers that the environment names.
///
/// # Errors
/// TLS cannot be set up.
pub fn providers(config: &Config) -> anyhow::Result<KeyProviders> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Ok(KeyProviders::try_new(&config.key_encryption, secrets_key(config), &clock)?)
}

/// The data keys of the pool's database, which it goes on using to learn of new ones.
///
/// # Errors
/// They cannot be had; the line names what is missing.
pub async fn open(config: &Config, pool: &PgPool) -> anyhow::Result<Arc<Keyring>> {
    let keyring = Keyring::open(pool, &providers(config)?, secrets_key(config), &UuidV7Ids).await?;
    Ok(Arc::new(keyring))
}

/// What wraps keys of people, for a subcommand without a pool of its own.
///
/// # Errors
/// As [`open`].
pub async fn vault(config: &Config, application_name: &str) -> anyhow::Result<Arc<Vault>> {
    let options = db::DbOptions {
        max_connections: 1,
        application_name: application_name.to_owned(),
        statement_timeout_ms: None,
    };
    let pool = db::connect(&config.database_url, &options).await?;
    Ok(Arc::new(Vault::new(open(config, &pool).await?)))
}
