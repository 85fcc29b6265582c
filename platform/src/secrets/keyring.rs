//! The data keys of a process.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sqlx::PgPool;
use thiserror::Error;
use tokio::{sync::Mutex, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    KeyProviders, ProviderError, Purpose, answer,
    data_keys::{self, DataKey},
    first_keys,
};
use crate::{
    backoff::Backoff,
    clock::Ids,
    personal::PersonalError,
    seal::{self, CannotOpen, KEY_BYTES, SealKey},
};

/// How often a process looks whether another data key seals by now.
pub const REFRESH_EVERY: Duration = Duration::from_secs(5);
/// By then every process seals under a data key that was made, if its provider answered the first time it was asked.
pub const LEARNED_WITHIN: Duration = REFRESH_EVERY.saturating_add(answer::TOTAL_TIMEOUT);

/// Before a nonce and ciphertext stand this byte and the data key's id.
const FORMAT: u8 = 2;
const HEADER_BYTES: usize = 17;
/// How often a provider that does not answer is asked at the start: with the waits between, some 20 seconds, and with
/// its time-outs at most a minute and a half.
const START_ATTEMPTS_MAX: u32 = 7;
/// A key that could not be had is not asked for again before: what needs it may be many requests.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Seals and opens what is secret in tables. Shows nothing in `Debug`.
///
/// Keys are kept for as long as the process lives: a provider that goes away is missed by nobody but data keys that the
/// process has not had yet.
pub struct Keyring {
    root: SecretString,
    /// What sealed before there were data keys.
    old: Vec<SealKey>,
    known: RwLock<Known>,
    source: Option<Source>,
}

#[derive(Default)]
struct Known {
    keys: HashMap<Uuid, Arc<SealKey>>,
    current: Option<Uuid>,
}

struct Source {
    pool: PgPool,
    providers: KeyProviders,
    /// One asks at a time; when it last failed.
    failed_at: Mutex<Option<Instant>>,
}

/// Why a process cannot have its data keys.
#[derive(Debug, Error)]
pub enum StartError {
    /// A provider's.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The database's.
    #[error("the data keys cannot be read")]
    Database(#[from] sqlx::Error),
    /// There are none, and this login may not make them.
    #[error(
        "there are no data keys yet, and this login may not make them: a process that takes commands does"
    )]
    NoKeysYet,
    /// What is there was sealed under another secret.
    #[error(transparent)]
    Personal(#[from] PersonalError),
    /// A key is not what it should be.
    #[error("the data key {0} is none: its provider unwraps something else")]
    NoKey(Uuid),
}

/// Why sealed bytes are not opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// They were sealed by another key, for another row, or altered.
    #[error(transparent)]
    CannotOpen(#[from] CannotOpen),
    /// This process has not had their data key yet, and it cannot be had at present. Never to be taken for a loss.
    #[error("a data key cannot be had at present: {0}")]
    NotNow(String),
}

impl StartError {
    fn may_pass(&self) -> bool {
        match self {
            Self::Provider(error) => error.may_pass(),
            Self::NoKeysYet => true,
            _ => false,
        }
    }
}

/// The data key that sealed the bytes; `None` where they are of the form before there were any.
pub fn data_key_of(sealed: &[u8]) -> Option<Uuid> {
    let (header, _) = sealed.split_at_checked(HEADER_BYTES)?;
    let [FORMAT, id @ ..] = header else { return None };
    Uuid::from_slice(id).ok()
}

impl Keyring {
    /// The data keys of a database, made where it has none. `secret` is `SECRETS_KEY`, else `APP_SECRET`.
    ///
    /// A provider that does not answer is asked again, a bounded time; one that refuses is not.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn open(
        pool: &PgPool,
        providers: &KeyProviders,
        secret: &SecretString,
        ids: &dyn Ids,
    ) -> Result<Self, StartError> {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(5));
        let mut attempts = 0;
        loop {
            attempts += 1;
            match Self::try_open(pool, providers, secret, ids).await {
                Err(error) if error.may_pass() && attempts < START_ATTEMPTS_MAX => {
                    let wait = backoff.failed();
                    tracing::warn!(%error, attempts, attempts_max = START_ATTEMPTS_MAX, "no data keys; trying again");
                    tokio::time::sleep(wait).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn try_open(
        pool: &PgPool,
        providers: &KeyProviders,
        secret: &SecretString,
        ids: &dyn Ids,
    ) -> Result<Self, StartError> {
        let mut rows = data_keys::all(pool).await?;
        if rows.is_empty() {
            first_keys::make(pool, providers, secret, ids).await?;
            rows = data_keys::all(pool).await?;
        }
        let root =
            rows.iter().find(|row| row.context.purpose == Purpose::Root).ok_or(StartError::NoKeysYet)?;
        let root_bytes = providers.unwrap(&root.wrapped, root.context).await?;
        let root = std::str::from_utf8(root_bytes.expose_secret())
            .map_err(|_| StartError::NoKey(root.context.data_key_id))?;
        let root = SecretString::from(root.to_owned());
        let mut known = Known::default();
        for row in rows.iter().filter(|row| is_in_use(row)) {
            known.keys.insert(row.context.data_key_id, unwrapped(providers, row).await?);
            known.current = Some(row.context.data_key_id);
        }
        if known.current.is_none() {
            tracing::warn!("secrets are sealed under SECRETS_KEY itself: run `iris secrets rotate`");
        }
        // Of a database that came to this one with its people, the secret may be another than the root.
        let old = [&root, secret].map(SealKey::derive).into_iter().collect();
        let source = Source { pool: pool.clone(), providers: providers.clone(), failed_at: Mutex::default() };
        Ok(Self { root, old, known: RwLock::new(known), source: Some(source) })
    }

    /// A ring without a table: seals under a key derived from the secret, as it was before there were data keys.
    pub fn derive(secret: &SecretString) -> Self {
        Self {
            root: secret.clone(),
            old: vec![SealKey::derive(secret)],
            known: RwLock::default(),
            source: None,
        }
    }

    /// What everything is derived from that never changes: blind indexes, links, marks.
    pub fn root(&self) -> &SecretString {
        &self.root
    }

    /// The data key that seals at present; `None` before the first.
    pub fn current(&self) -> Option<Uuid> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).current
    }

    /// Seals `plain`. `about` names the row that it is for: sealed bytes that are moved to another row do not open
    /// there.
    ///
    /// # Panics
    /// If the operating system has no randomness to give.
    pub fn seal(&self, plain: &[u8], about: &[u8]) -> Vec<u8> {
        let current = self.current().and_then(|id| Some((id, self.known_key(id)?)));
        let Some((id, key)) = current else {
            return self.old.first().expect("there is one at least").seal(plain, about);
        };
        let header = [&[FORMAT], id.as_bytes().as_slice()].concat();
        key.seal_behind(&header, plain, about)
    }

    /// Opens what [`Self::seal`] made for the same `about`, in any process on this database.
    ///
    /// Waits for nobody where this process has the data key: those in use are there from the start. One that was made
    /// since, or was retired before the start and still has rows, is had from the database and its provider once.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open_sealed(&self, sealed: &[u8], about: &[u8]) -> Result<SecretSlice<u8>, OpenError> {
        if sealed.first() == Some(&seal::FORMAT) {
            let opened = self.old.iter().find_map(|key| key.open(sealed, about).ok());
            return opened.ok_or(OpenError::CannotOpen(CannotOpen));
        }
        let id = data_key_of(sealed).ok_or(CannotOpen)?;
        let key = match self.known_key(id) {
            Some(key) => key,
            None => self.learn(id).await?.ok_or(CannotOpen)?,
        };
        Ok(key.open_bare(&sealed[HEADER_BYTES..], about)?)
    }

    fn known_key(&self, id: Uuid) -> Option<Arc<SealKey>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).keys.get(&id).map(Arc::clone)
    }

    /// A data key that this process has not seen; `None` where there is no such key.
    async fn learn(&self, id: Uuid) -> Result<Option<Arc<SealKey>>, OpenError> {
        let Some(source) = &self.source else { return Ok(None) };
        let mut failed_at = source.failed_at.lock().await;
        if let Some(key) = self.known_key(id) {
            return Ok(Some(key));
        }
        if failed_at.is_some_and(|at| at.elapsed() < AGAIN_AFTER) {
            return Err(OpenError::NotNow("it was asked for a moment ago".to_owned()));
        }
        let learned = self.fetch(source, id).await;
        *failed_at = learned.is_err().then(Instant::now);
        learned.map_err(|error| OpenError::NotNow(error.to_string()))
    }

    async fn fetch(&self, source: &Source, id: Uuid) -> Result<Option<Arc<SealKey>>, StartError> {
        let row = data_keys::one(&source.pool, id).await?;
        let Some(row) = row.filter(|row| row.context.purpose == Purpose::Seal) else { return Ok(None) };
        let key = unwrapped(&source.providers, &row).await?;
        self.known.write().unwrap_or_else(PoisonError::into_inner).keys.insert(id, Arc::clone(&key));
        Ok(Some(key))
    }

    /// Learns of data keys that were made since; seals under the newest that it could unwrap.
    ///
    /// # Errors
    /// The database's, or that the newest cannot be unwrapped: what was known is still used.
    pub async fn refresh(&self) -> Result<(), StartError> {
        let Some(source) = &self.source else { return Ok(()) };
        let rows = data_keys::all(&source.pool).await?;
        let Some(newest) = rows.iter().rfind(|row| is_in_use(row)) else { return Ok(()) };
        let id = newest.context.data_key_id;
        if self.current() == Some(id) {
            return Ok(());
        }
        if self.known_key(id).is_none() {
            self.fetch(source, id).await?;
        }
        self.known.write().unwrap_or_else(PoisonError::into_inner).current = Some(id);
        tracing::info!(data_key = %id, "another data key seals from now on");
        Ok(())
    }

    /// Makes a data key, under the current key-encryption key, that seals from now on; other processes learn of it
    /// within [`LEARNED_WITHIN`].
    ///
    /// # Errors
    /// [`StartError`]; nothing changed then.
    pub async fn add_key(&self, ids: &dyn Ids) -> Result<Option<Uuid>, StartError> {
        let Some(source) = &self.source else { return Ok(None) };
        let made = first_keys::add_seal_key(&source.pool, &source.providers, ids).await?;
        self.refresh().await?;
        Ok(Some(made.data_key_id))
    }

    /// Looks for new data keys until `stop`.
    pub async fn keep_fresh(self: Arc<Self>, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(REFRESH_EVERY)).await.is_some() {
            if let Err(error) = self.refresh().await {
                tracing::warn!(%error, "new data keys cannot be had; sealing under the one that is known");
            }
        }
    }
}

fn is_in_use(row: &DataKey) -> bool {
    row.context.purpose == Purpose::Seal && row.retired_at.is_none()
}

async fn unwrapped(providers: &KeyProviders, row: &DataKey) -> Result<Arc<SealKey>, StartError> {
    let key = providers.unwrap(&row.wrapped, row.context).await?;
    let key: &[u8; KEY_BYTES] =
        key.expose_secret().try_into().map_err(|_| StartError::NoKey(row.context.data_key_id))?;
    Ok(Arc::new(SealKey::new(key)))
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring(…)")
    }
}
