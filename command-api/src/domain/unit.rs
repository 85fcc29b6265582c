//! The unit of work that one command decides in: streams to read, events to record, all or none.

use std::{any::Any, collections::HashMap, sync::Arc};

use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::DomainEvent;
use events::{
    Fold, Folded, StreamRef,
    canonical::canonical_json,
    envelope::RecordedEvent,
    fold::UnreadableEvent,
    log::{ApiKeyChanges, ApiKeyRow, Claim, StreamHistory},
    values::{ApiKeyId, RestaurantId, SupplierId, swedish_day},
};
use uuid::Uuid;

use super::{Decide, answer::json, caller::Caller, refusal::Refusal};

/// Why deciding ended without an answer.
#[derive(Debug)]
pub enum Stop {
    /// The command is turned down.
    Refused(Box<Refusal>),
    /// Something must be loaded first; then it is decided again.
    Missing,
    /// A stream that it needs cannot be read.
    Unreadable(StreamRef),
    /// What it was prepared on has changed: [`crate::SubmitError::Outdated`].
    Outdated,
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

/// A folded stream of whatever kind.
pub trait AnyState: Any + Send + Sync {
    /// Sequence of the last event applied.
    fn revision(&self) -> i64;
    /// JSON for a snapshot, and its version.
    fn snapshot(&self) -> (i32, String);
    /// As the stream's next event leaves it.
    ///
    /// # Errors
    /// It cannot be read, or is not the next one.
    fn followed_by(&self, event: &RecordedEvent) -> Result<Arc<dyn AnyState>, UnreadableEvent>;
}

impl<S: Fold> AnyState for Folded<S> {
    fn revision(&self) -> i64 {
        self.revision
    }

    fn snapshot(&self) -> (i32, String) {
        (S::STATE_VERSION, json(self))
    }

    fn followed_by(&self, event: &RecordedEvent) -> Result<Arc<dyn AnyState>, UnreadableEvent> {
        let mut folded = self.clone();
        folded.apply_recorded(event)?;
        Ok(Arc::new(folded))
    }
}

/// A stream that must be loaded before deciding can go on.
#[derive(Clone, Copy)]
pub struct Need {
    /// Which.
    pub stream: StreamRef,
    /// The snapshots that it can use.
    pub state_version: i32,
    /// Folds what was found.
    pub fold: fn(StreamHistory) -> Result<Arc<dyn AnyState>, UnreadableEvent>,
}

fn fold<S: Fold>(history: StreamHistory) -> Result<Arc<dyn AnyState>, UnreadableEvent> {
    let mut folded: Folded<S> = match history.snapshot {
        // A snapshot that cannot be read is a fault of this program, not of the log; as its version
        // matched, say so rather than fold a stream from its middle.
        Some((position, state)) => {
            serde_json::from_str(&state).map_err(|reason| UnreadableEvent::Payload {
                position,
                event_type: "snapshot".to_owned(),
                into: std::any::type_name::<S>(),
                reason,
            })?
        }
        None => Folded::default(),
    };
    for event in &history.events {
        folded.apply_recorded(event)?;
    }
    Ok(Arc::new(folded))
}

/// What is known without asking the database; later sources win over earlier ones.
pub trait Known {
    /// The stream's state, if it is at hand.
    fn state(&self, stream: StreamRef) -> Option<Arc<dyn AnyState>>;
    /// True if loading it failed.
    fn is_unreadable(&self, stream: StreamRef) -> bool;
    /// The claim's holder, if that is at hand.
    fn holder(&self, claim: &Claim) -> Option<Option<Uuid>>;
}

/// An event of the unit, before the batch gives it its id.
#[derive(Clone, Debug)]
pub struct UnitEvent {
    /// Its stream.
    pub stream: StreamRef,
    /// Its place there.
    pub sequence: i64,
    /// Its name.
    pub event_type: String,
    /// Its shape's version.
    pub event_version: String,
    /// Canonical JSON.
    pub payload: String,
    /// Whom it concerns.
    pub concerns: Concerns,
}

/// The organisations that an event concerns, for routing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Concerns {
    /// The seller.
    pub supplier_id: Option<SupplierId>,
    /// The buyer.
    pub restaurant_id: Option<RestaurantId>,
}

impl Concerns {
    /// Nobody in particular.
    pub const NOBODY: Self = Self { supplier_id: None, restaurant_id: None };

    /// A seller.
    pub fn supplier(id: SupplierId) -> Self {
        Self { supplier_id: Some(id), restaurant_id: None }
    }

    /// A buyer.
    pub fn restaurant(id: RestaurantId) -> Self {
        Self { supplier_id: None, restaurant_id: Some(id) }
    }

    /// Both.
    pub fn both(supplier_id: SupplierId, restaurant_id: RestaurantId) -> Self {
        Self { supplier_id: Some(supplier_id), restaurant_id: Some(restaurant_id) }
    }
}

/// One command's view of the streams, and what it records. Dropped when the command is refused.
pub struct Unit<'a> {
    known: &'a dyn Known,
    caller: &'a Caller,
    now: DateTime<Utc>,
    written: HashMap<StreamRef, Arc<dyn AnyState>>,
    claimed: HashMap<Claim, Option<Uuid>>,
    events: Vec<UnitEvent>,
    destroyed: Vec<Uuid>,
    ended_logins: Vec<Uuid>,
    api_keys: Vec<ApiKeyChange>,
    missing: Vec<Need>,
    missing_claims: Vec<Claim>,
}

/// What becomes of the row of an API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiKeyChange {
    /// It is issued, or has another secret.
    Put(ApiKeyRow),
    /// It opens nothing any more.
    Revoke(ApiKeyId),
}

impl ApiKeyChange {
    /// Adds it to those of the batch.
    pub fn note_in(self, changes: &mut ApiKeyChanges) {
        match self {
            Self::Put(row) => changes.put(row),
            Self::Revoke(id) => changes.revoke(id.0),
        }
    }
}

/// What a unit leaves behind.
pub struct UnitResult {
    /// States after its events.
    pub written: HashMap<StreamRef, Arc<dyn AnyState>>,
    /// Claims taken and released.
    pub claimed: HashMap<Claim, Option<Uuid>>,
    /// What to record, in order.
    pub events: Vec<UnitEvent>,
    /// Whose keys are to be destroyed.
    pub destroyed: Vec<Uuid>,
    /// Accounts whose logins are to end.
    pub ended_logins: Vec<Uuid>,
    /// What becomes of rows of API keys, in order.
    pub api_keys: Vec<ApiKeyChange>,
    /// Streams to load before deciding again.
    pub missing: Vec<Need>,
    /// Claims to look up before deciding again.
    pub missing_claims: Vec<Claim>,
}

impl<'a> Unit<'a> {
    /// A unit on what is known, for that caller, at that moment.
    pub fn new(known: &'a dyn Known, caller: &'a Caller, now: DateTime<Utc>) -> Self {
        Self {
            known,
            caller,
            now,
            written: HashMap::new(),
            claimed: HashMap::new(),
            events: Vec::new(),
            destroyed: Vec::new(),
            ended_logins: Vec::new(),
            api_keys: Vec::new(),
            missing: Vec::new(),
            missing_claims: Vec::new(),
        }
    }

    /// Who asks.
    pub fn caller(&self) -> &'a Caller {
        self.caller
    }

    /// When this is decided; recorded with every event.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The Swedish day at that moment.
    pub fn today(&self) -> NaiveDate {
        swedish_day(self.now)
    }

    /// The stream's state; of a stream without events, the default at revision 0.
    ///
    /// # Errors
    /// [`Stop::Missing`] if it must be loaded first.
    pub fn get<S: Fold>(&mut self, id: impl Into<Uuid>) -> Result<Arc<Folded<S>>, Stop> {
        let stream = S::stream(id);
        let state = match self.written.get(&stream) {
            Some(state) => Some(Arc::clone(state)),
            None => self.known.state(stream),
        };
        if let Some(state) = state {
            let state: Arc<dyn Any + Send + Sync> = state;
            return Ok(state.downcast().expect("a kind of stream has one kind of state"));
        }
        if self.known.is_unreadable(stream) {
            return Err(Stop::Unreadable(stream));
        }
        self.missing.push(Need { stream, state_version: S::STATE_VERSION, fold: fold::<S> });
        Err(Stop::Missing)
    }

    /// Asks for a stream that will be needed, so that all of them are loaded in one round trip;
    /// [`Self::wanted`] ends the list.
    pub fn want<S: Fold>(&mut self, id: impl Into<Uuid>) {
        // What is missing is noted; a fault shows where the stream is used.
        let _noted = self.get::<S>(id);
    }

    /// Ends a list of [`Self::want`].
    ///
    /// # Errors
    /// [`Stop::Missing`] if any must be loaded first.
    pub fn wanted(&self) -> Result<(), Stop> {
        if self.missing.is_empty() && self.missing_claims.is_empty() { Ok(()) } else { Err(Stop::Missing) }
    }

    /// The stream's state, which must have events.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] if it has none.
    pub fn existing<S: Fold>(
        &mut self,
        what: &'static str,
        id: impl Into<Uuid>,
    ) -> Result<Arc<Folded<S>>, Stop> {
        let id = id.into();
        let folded = self.get::<S>(id)?;
        if folded.exists() { Ok(folded) } else { Err(Refusal::not_found(what, id).into()) }
    }

    /// Refuses a caller that has seen another revision than this one.
    ///
    /// # Errors
    /// [`Refusal::StaleRevision`].
    pub fn match_revision(&self, revision: i64) -> Result<(), Stop> {
        match self.caller.if_match {
            Some(seen) if seen != revision => Err(Refusal::StaleRevision { actual: revision }.into()),
            _ => Ok(()),
        }
    }

    /// Decides on one stream and records what happens there. Returns the state that it leaves.
    ///
    /// # Errors
    /// The decision's refusal.
    pub fn decide<S: Decide>(
        &mut self,
        id: impl Into<Uuid>,
        concerns: Concerns,
        command: S::Command,
    ) -> Result<Arc<Folded<S>>, Stop> {
        let id = id.into();
        let folded = self.get::<S>(id)?;
        let events = folded.state.decide(command)?;
        Ok(self.record(id, concerns, folded, &events))
    }

    /// As [`Self::decide`], on a stream whose id was made for this command and so has no events yet.
    /// Should it have some after all, the append's primary key refuses the batch.
    ///
    /// # Errors
    /// The decision's refusal.
    pub fn decide_on_fresh<S: Decide>(
        &mut self,
        id: impl Into<Uuid>,
        concerns: Concerns,
        command: S::Command,
    ) -> Result<Arc<Folded<S>>, Stop> {
        let folded = Arc::new(Folded::<S>::default());
        let events = folded.state.decide(command)?;
        Ok(self.record(id.into(), concerns, folded, &events))
    }

    fn record<S: Fold>(
        &mut self,
        id: Uuid,
        concerns: Concerns,
        folded: Arc<Folded<S>>,
        events: &[S::Event],
    ) -> Arc<Folded<S>> {
        if events.is_empty() {
            return folded;
        }
        let mut folded = Arc::unwrap_or_clone(folded);
        for event in events {
            folded.apply(event, self.now);
            self.events.push(UnitEvent {
                stream: S::stream(id),
                sequence: folded.revision,
                event_type: event.event_type(),
                event_version: event.event_version(),
                payload: canonical_json(event),
                concerns,
            });
        }
        let folded = Arc::new(folded);
        self.written.insert(S::stream(id), Arc::clone(&folded) as Arc<dyn AnyState>);
        folded
    }

    /// Who holds the claim.
    ///
    /// # Errors
    /// [`Stop::Missing`] if it must be looked up first.
    pub fn holder(&mut self, claim: &Claim) -> Result<Option<Uuid>, Stop> {
        if let Some(holder) = self.claimed.get(claim) {
            return Ok(*holder);
        }
        if let Some(holder) = self.known.holder(claim) {
            return Ok(holder);
        }
        self.missing_claims.push(claim.clone());
        Err(Stop::Missing)
    }

    /// Claims a free value, or gives one back; the caller has asked for its [`Self::holder`].
    pub fn set_holder(&mut self, claim: Claim, holder: Option<Uuid>) {
        self.claimed.insert(claim, holder);
    }

    /// Destroys the key of that account's or organisation's texts, in the transaction of the unit's events.
    pub fn destroy_key(&mut self, subject: impl Into<Uuid>) {
        self.destroyed.push(subject.into());
    }

    /// Ends every login of that account, in the transaction of the unit's events.
    pub fn end_logins(&mut self, account_id: impl Into<Uuid>) {
        self.ended_logins.push(account_id.into());
    }

    /// Writes the row that an API key is recognised by, in the transaction of the unit's events.
    pub fn put_api_key(&mut self, row: ApiKeyRow) {
        self.api_keys.push(ApiKeyChange::Put(row));
    }

    /// Ends a key for every process, in the transaction of the unit's events.
    pub fn revoke_api_key(&mut self, id: ApiKeyId) {
        self.api_keys.push(ApiKeyChange::Revoke(id));
    }

    /// What the command read, wrote and lacked.
    pub fn finish(self) -> UnitResult {
        UnitResult {
            written: self.written,
            claimed: self.claimed,
            events: self.events,
            destroyed: self.destroyed,
            ended_logins: self.ended_logins,
            api_keys: self.api_keys,
            missing: self.missing,
            missing_claims: self.missing_claims,
        }
    }
}
