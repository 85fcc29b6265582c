//! Rows of `auth.api_keys`: what is kept of keys beside the log, changed with the events that say so.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::values::AccountId;

/// A key that can be called with, as its row will say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// Which.
    pub key_id: Uuid,
    /// In whose name.
    pub account_id: AccountId,
    /// SHA-256 of the secret that is right from now on.
    pub hash: [u8; 32],
    /// Until when the one before it is right, too; absent where there was none.
    pub former_valid_until: Option<DateTime<Utc>>,
    /// What it may do, separated by spaces.
    pub scopes: String,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// What becomes of rows of keys: one thing per key, so that one statement can do it.
#[derive(Debug, Default)]
pub struct ApiKeyChanges(BTreeMap<Uuid, Change>);

#[derive(Debug, PartialEq, Eq)]
enum Change {
    Put {
        row: ApiKeyRow,
        /// Where the batch itself put the one before it; else it is what the table has.
        former_hash: Option<[u8; 32]>,
    },
    Revoke,
}

impl ApiKeyChanges {
    /// The key is issued, or has another secret.
    pub fn put(&mut self, row: ApiKeyRow) {
        let former_hash = match self.0.get(&row.key_id) {
            Some(Change::Put { row: former, .. }) => Some(former.hash),
            _ => None,
        };
        self.0.insert(row.key_id, Change::Put { row, former_hash });
    }

    /// The key opens nothing any more.
    pub fn revoke(&mut self, key_id: Uuid) {
        self.0.insert(key_id, Change::Revoke);
    }

    /// Nothing changes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is put, and over which secret of the same batch.
    pub(super) fn puts(&self) -> Vec<(&ApiKeyRow, Option<&[u8]>)> {
        let puts = self.0.values().filter_map(|change| match change {
            Change::Put { row, former_hash } => Some((row, former_hash.as_ref().map(<[u8; 32]>::as_slice))),
            Change::Revoke => None,
        });
        puts.collect()
    }

    /// What is revoked.
    pub(super) fn revoked(&self) -> Vec<Uuid> {
        self.0.iter().filter(|(_, change)| **change == Change::Revoke).map(|(id, _)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: u128, secret: u8) -> ApiKeyRow {
        ApiKeyRow {
            key_id: Uuid::from_u128(key),
            account_id: AccountId(Uuid::nil()),
            hash: [secret; 32],
            former_valid_until: None,
            scopes: "orders:read".to_owned(),
            expires_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn of_two_rotations_in_one_batch_the_first_is_the_former() {
        let mut changes = ApiKeyChanges::default();
        assert!(changes.is_empty());
        changes.put(row(1, 1));
        changes.put(row(2, 9));
        changes.put(row(1, 2));
        assert_eq!(changes.puts(), [(&row(1, 2), Some([1; 32].as_slice())), (&row(2, 9), None)]);
        assert!(changes.revoked().is_empty());
    }

    #[test]
    fn a_key_that_is_revoked_in_the_batch_that_changed_it_is_revoked() {
        let mut changes = ApiKeyChanges::default();
        changes.put(row(1, 1));
        changes.revoke(Uuid::from_u128(1));
        assert_eq!((changes.puts(), changes.revoked()), (vec![], vec![Uuid::from_u128(1)]));
    }
}
