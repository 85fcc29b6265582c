//! What commands were prepared on before they were queued, and whether it still stands where they are decided.
//!
//! Keys come and go, and contacts are said, with events alone: what is looked up here holds at the commit, for the
//! append succeeds only if the log's head has not moved since.

use std::collections::HashMap;

use events::log::{Append, NewPersonKey};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Queued, sealing::SealedWith};
use crate::{
    domain::unit::UnitResult,
    personal::{SAY_CONTACT, contact_said_after},
};

/// How things stand now that commands of a batch were prepared on.
#[derive(Default)]
pub struct Standing {
    /// The key of each subject that something is sealed for; those without one are absent.
    keys: HashMap<Uuid, Uuid>,
    /// Where an organisation last said whom to contact, behind what was looked through.
    contact_said: Option<i64>,
}

impl Standing {
    /// Looks up what these were prepared on; for most, that is nothing.
    pub async fn load(
        &mut self,
        connection: &mut PgConnection,
        arrived: &[Queued],
    ) -> Result<(), sqlx::Error> {
        let subjects: Vec<Uuid> =
            arrived.iter().flat_map(|queued| &queued.sealed_with).map(SealedWith::subject).collect();
        if !subjects.is_empty() {
            let sql = "SELECT subject, key_id FROM personal.keys WHERE subject = ANY($1)";
            let keys: Vec<(Uuid, Uuid)> =
                sqlx::query_as(sql).bind(subjects).fetch_all(&mut *connection).await?;
            self.keys.extend(keys);
        }
        let looked_through = arrived.iter().filter_map(|queued| queued.submission.command.looked_through());
        if let Some(earliest) = looked_through.min() {
            // Of several, the last one said is behind them all.
            let said = contact_said_after(connection, earliest).await?;
            self.contact_said = self.contact_said.max(said);
        }
        Ok(())
    }

    /// Whether what the command came to may be recorded behind what the batch has come to before it.
    pub fn holds_for(&self, queued: &Queued, unit: &UnitResult, before: &Append) -> bool {
        // A text under a key that is not there would be lost behind an answer that says it was taken.
        let are_keys_there = used(queued, unit).all(|with| self.is_there(with, before));
        // One statement cannot delete the key that it inserts: it would outlive its own erasure.
        let outlives = |subject: &Uuid| before.person_keys.iter().any(|key| key.subject == *subject);
        are_keys_there && !unit.destroyed.iter().any(outlives) && self.is_looked_through(queued, before)
    }

    fn is_there(&self, with: &SealedWith, before: &Append) -> bool {
        match with {
            SealedWith::Known { key_id, subject } => {
                self.keys.get(subject) == Some(key_id) && !before.destroyed_subjects.contains(subject)
            }
            // Another one came first: a subject has one key at a time.
            SealedWith::Fresh(NewPersonKey { subject, .. }) => {
                !self.keys.contains_key(subject)
                    && !before.person_keys.iter().any(|key| key.subject == *subject)
            }
        }
    }

    fn is_looked_through(&self, queued: &Queued, before: &Append) -> bool {
        let Some(upto) = queued.submission.command.looked_through() else { return true };
        self.contact_said.is_none_or(|said| said <= upto)
            && !before.events.iter().any(|event| SAY_CONTACT.contains(&event.event_type.as_str()))
    }
}

/// The keys that something of its events is sealed with: where an address turned out to be known, its fresh key
/// sealed nothing that is recorded.
pub fn used<'a>(queued: &'a Queued, unit: &'a UnitResult) -> impl Iterator<Item = &'a SealedWith> {
    let is_used = |with: &&SealedWith| {
        let subject = format!("\"subject\":\"{}\"", with.subject());
        unit.events.iter().any(|event| event.payload.contains(&subject))
    };
    queued.sealed_with.iter().filter(is_used)
}
