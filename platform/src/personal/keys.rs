//! `personal.keys`: which people have a key, and with it a text.

use std::{collections::HashMap, sync::Arc};

use sqlx::{PgPool, postgres::PgConnectOptions};
use uuid::Uuid;

use super::{FreshKey, PersonKey, PersonalError, Vault, envelope, key_id_of};
use crate::db;

/// Connections for sealing at the entry of commands: few commands hold anything personal.
const CONNECTIONS_MAX: u32 = 4;

/// The table, and what unwraps its rows. Cheap to clone.
///
/// Nothing is kept in memory: a key that was destroyed opens nothing from that commit on, in any process.
#[derive(Clone, Debug)]
pub struct PersonalKeys {
    pool: PgPool,
    vault: Arc<Vault>,
}

/// A key to seal with.
#[derive(Debug)]
pub enum Sealing {
    /// The subject's.
    Known(PersonKey),
    /// The subject has none. This one counts once its row is written, which must be in the transaction that
    /// records what it sealed.
    Fresh(FreshKey),
}

impl Sealing {
    /// The key.
    pub fn key(&self) -> &PersonKey {
        match self {
            Self::Known(key) | Self::Fresh(FreshKey { key, .. }) => key,
        }
    }
}

impl PersonalKeys {
    /// Over the connections of `pool`, whose login may read the table.
    pub fn new(pool: PgPool, vault: Arc<Vault>) -> Self {
        Self { pool, vault }
    }

    /// Over connections of their own, made when the first is needed.
    pub fn connecting(database: PgConnectOptions, vault: Arc<Vault>) -> Self {
        Self::new(db::connect_lazily(database, CONNECTIONS_MAX), vault)
    }

    /// See [`Vault::blind_index`].
    pub fn blind_index(&self, address: &str) -> String {
        self.vault.blind_index(address)
    }

    /// Fails where the keys in the table were wrapped under another secret than this process's: every text about a
    /// person would be an error, one request after the other. One is tried.
    ///
    /// # Errors
    /// [`PersonalError::OtherSecret`]; the database's.
    pub async fn expect_secret(&self) -> Result<(), PersonalError> {
        self.vault.expect_opens_one_of(&self.pool).await
    }

    /// The key to seal texts about `subject` with.
    ///
    /// # Errors
    /// The database's; the subject's key cannot be unwrapped.
    pub async fn sealing(&self, subject: Uuid) -> Result<Sealing, PersonalError> {
        let row: Option<(Uuid, Vec<u8>)> =
            sqlx::query_as("SELECT key_id, wrapped FROM personal.keys WHERE subject = $1")
                .bind(subject)
                .fetch_optional(&self.pool)
                .await?;
        match row {
            Some((key_id, wrapped)) => {
                Ok(Sealing::Known(self.vault.unwrap(key_id, subject, &wrapped).await?))
            }
            None => Ok(Sealing::Fresh(self.vault.fresh_key(subject))),
        }
    }

    /// A sealed text; `None` where its key was destroyed.
    ///
    /// # Errors
    /// As [`Self::open_json`].
    pub async fn open(&self, sealed: &str, subject: Uuid) -> Result<Option<String>, PersonalError> {
        let keys = self.keys(&[key_id_of(sealed)?]).await?;
        opened(&keys, sealed, subject)
    }

    /// The JSON with every envelope replaced by its text, or by `null` where its key was destroyed. One query
    /// for all of them.
    ///
    /// # Errors
    /// The database's. A key that is there and cannot be unwrapped, or does not open its text, is an error
    /// and no erasure: a process with the wrong `SECRETS_KEY` must not tell anybody that people are gone.
    pub async fn open_json(&self, json: &str) -> Result<String, PersonalError> {
        let ids = envelope::find(json)
            .iter()
            .map(|found| key_id_of(found.sealed))
            .collect::<Result<Vec<_>, _>>()?;
        let keys = self.keys(&ids).await?;
        envelope::replace(json, |found| opened(&keys, found.sealed, found.subject))
    }

    async fn keys(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, PersonKey>, PersonalError> {
        let rows: Vec<(Uuid, Uuid, Vec<u8>)> =
            sqlx::query_as("SELECT key_id, subject, wrapped FROM personal.keys WHERE key_id = ANY($1)")
                .bind(ids)
                .fetch_all(&self.pool)
                .await?;
        let mut keys = HashMap::with_capacity(rows.len());
        for (id, subject, wrapped) in rows {
            keys.insert(id, self.vault.unwrap(id, subject, &wrapped).await?);
        }
        Ok(keys)
    }
}

fn opened(
    keys: &HashMap<Uuid, PersonKey>,
    sealed: &str,
    subject: Uuid,
) -> Result<Option<String>, PersonalError> {
    let Some(key) = keys.get(&key_id_of(sealed)?) else { return Ok(None) };
    if key.subject() != subject {
        return Err(PersonalError::Altered);
    }
    key.open(sealed).map(Some)
}
