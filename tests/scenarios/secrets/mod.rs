//! Secrets at rest: data keys, who wraps them, exchanging both while Iris runs, and what must show nowhere.

mod fake_vault;
mod keyring;
mod kms;
mod leaks;
mod places;
mod rotation;
mod starting;
mod vault;

use std::sync::Arc;

use harness::TestDatabase;
use platform::{
    clock::{Clock, SystemClock, UuidV7Ids},
    config::{KeyEncryption, KeyProviderKind, LocalKey},
    secrets::{KeyProviders, Keyring, StartError},
};

/// What everything was derived from before there were data keys.
const SECRET: &str = "one secret of thirty-two bytes !";

/// Nothing but the secret.
fn plain() -> KeyEncryption {
    KeyEncryption { provider: KeyProviderKind::Local, local_keys: Vec::new(), vault: None, aws_kms: None }
}

/// Those local keys, the first of which wraps.
fn local(keys: &[(&str, u8)]) -> KeyEncryption {
    let key = |(id, byte): &(&str, u8)| LocalKey { id: (*id).to_owned(), key: vec![*byte; 32].into() };
    KeyEncryption { local_keys: keys.iter().map(key).collect(), ..plain() }
}

fn providers(settings: &KeyEncryption) -> KeyProviders {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    KeyProviders::try_new(settings, &SECRET.into(), &clock).unwrap()
}

/// A process's data keys.
async fn open(database: &TestDatabase, settings: &KeyEncryption) -> Result<Keyring, StartError> {
    Keyring::open(&database.pool, &providers(settings), &SECRET.into(), &UuidV7Ids).await
}
