//! What would happen, without letting it: decides on the log as it is and throws the result away.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use events::{
    StreamRef,
    log::{Claim, holders_of, load_streams},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    Caller, Stop, Unit,
    unit::{AnyState, Known, Need},
};

/// What was looked up so far; grows as decisions ask for more, and is never written to.
#[derive(Default)]
pub struct Preview {
    states: HashMap<StreamRef, Arc<dyn AnyState>>,
    unreadable: HashSet<StreamRef>,
    holders: HashMap<Claim, Option<Uuid>>,
}

impl Preview {
    /// Decides each of the questions on its own unit; none sees what another would have recorded. Streams and
    /// claims that they need are looked up for all of them together.
    pub async fn ask<T>(
        &mut self,
        connection: &mut PgConnection,
        caller: &Caller,
        now: DateTime<Utc>,
        questions: &[impl Fn(&mut Unit<'_>) -> Result<T, Stop>],
    ) -> Result<Vec<Result<T, Stop>>, sqlx::Error> {
        loop {
            let mut streams: BTreeMap<StreamRef, Need> = BTreeMap::new();
            let mut claims: Vec<Claim> = Vec::new();
            let mut answers = Vec::with_capacity(questions.len());
            for question in questions {
                let mut unit = Unit::new(&*self, caller, now);
                answers.push(question(&mut unit));
                let left = unit.finish();
                streams.extend(left.missing.into_iter().map(|need| (need.stream, need)));
                claims.extend(left.missing_claims);
            }
            if streams.is_empty() && claims.is_empty() {
                return Ok(answers);
            }
            self.load(connection, streams, claims).await?;
        }
    }

    async fn load(
        &mut self,
        connection: &mut PgConnection,
        streams: BTreeMap<StreamRef, Need>,
        claims: Vec<Claim>,
    ) -> Result<(), sqlx::Error> {
        if !streams.is_empty() {
            let wanted: Vec<_> = streams.values().map(|need| (need.stream, need.state_version)).collect();
            let mut histories = load_streams(connection, &wanted).await?;
            for (stream, need) in streams {
                if let Ok(state) = (need.fold)(histories.remove(&stream).unwrap_or_default()) {
                    self.states.insert(stream, state);
                } else {
                    tracing::error!(%stream, "a stream cannot be read");
                    self.unreadable.insert(stream);
                }
            }
        }
        if !claims.is_empty() {
            let found = holders_of(connection, &claims).await?;
            self.holders.extend(claims.into_iter().zip(found));
        }
        Ok(())
    }
}

impl Known for Preview {
    fn state(&self, stream: StreamRef) -> Option<Arc<dyn AnyState>> {
        self.states.get(&stream).cloned()
    }

    fn is_unreadable(&self, stream: StreamRef) -> bool {
        self.unreadable.contains(&stream)
    }

    fn holder(&self, claim: &Claim) -> Option<Option<Uuid>> {
        self.holders.get(claim).copied()
    }
}
