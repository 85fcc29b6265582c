//! A batch as it is decided: pure, each command on what the ones before it left.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use events::{
    NewEvent, StreamRef,
    log::{Append, Claim, ClaimChange, Head, IdempotencyKey, StateSnapshot, StoredAnswer},
    values::plain_texts,
};
use platform::clock::Ids;
use uuid::Uuid;

use super::{
    Outcome, Queued, SubmitError,
    cache::StateCache,
    flight::UnderWay,
    sealing::SealedWith,
    standing::{Standing, used},
};
use crate::domain::{
    Answer, Stop, Unit,
    refusal::Refusal,
    unit::{AnyState, Known, Need, UnitEvent, UnitResult},
};

/// A stream's state is stored whenever its revision passes a multiple of this, so that loading a
/// stream never costs more than this many events.
const SNAPSHOT_EVERY: i64 = 200;

/// What each command of the batch comes to, if the append succeeds. Positions count from the head.
pub enum Verdict {
    /// Accepted.
    Accepted(Outcome),
    /// The same request was answered before; nothing happens.
    Replayed(Outcome),
    /// As the command of that place in the batch, which carries the same key and request.
    SameAs(usize),
    /// Turned down.
    Refused(Refusal),
    /// The key stands for another request.
    KeyReused,
    /// What it was prepared on has changed.
    Outdated,
    /// It cannot be decided; logged.
    Failed,
}

/// States by stream, as events that are not in the cache yet leave them.
pub type States = HashMap<StreamRef, Arc<dyn AnyState>>;

/// A batch decided.
pub struct Decided {
    /// In the batch's order.
    pub verdicts: Vec<Verdict>,
    /// What to record.
    pub append: Arc<Append>,
    /// Where the answer of each key stands in it.
    pub keys: Arc<HashMap<IdempotencyKey, usize>>,
    /// States to keep once it is recorded.
    pub written: Arc<States>,
    /// States as they were before: to be kept, whatever becomes of the append.
    pub loaded: States,
}

impl Decided {
    /// Nothing is to be recorded: refusals and replays alone.
    pub fn records_nothing(&self) -> bool {
        self.append.events.is_empty() && self.append.answers.is_empty()
    }
}

/// What must be looked up before all of the batch can be decided.
#[derive(Default)]
pub struct Missing {
    /// Streams.
    pub streams: BTreeMap<StreamRef, Need>,
    /// Claims.
    pub claims: Vec<Claim>,
}

impl Missing {
    /// All that there is to decide was decided.
    pub fn is_nothing(&self) -> bool {
        self.streams.is_empty() && self.claims.is_empty()
    }
}

/// What the database said, beside what the process knows.
#[derive(Default)]
pub struct Found {
    /// Earlier answers, by their keys.
    pub answered: HashMap<IdempotencyKey, StoredAnswer>,
    /// What commands were prepared on.
    pub standing: Standing,
    /// Streams.
    pub loaded: States,
    /// Streams that cannot be read.
    pub unreadable: HashSet<StreamRef>,
    /// Who holds what.
    pub holders: HashMap<Claim, Option<Uuid>>,
}

/// Decisions on the commands of a batch, which may grow while they are made.
pub struct Draft {
    /// Where the log must end for them to be right.
    pub head: Head,
    /// What they rest on.
    pub found: Found,
    now: DateTime<Utc>,
    /// In the batch's order; nothing where something must be looked up first.
    verdicts: Vec<Option<Verdict>>,
    append: Append,
    /// The place in the batch of each key that was accepted, and in the append of its answer.
    keys: HashMap<IdempotencyKey, (usize, usize)>,
    written: States,
    claimed: HashMap<Claim, Option<Uuid>>,
}

impl Draft {
    /// Nothing decided yet.
    pub fn at(head: Head, now: DateTime<Utc>) -> Self {
        Self {
            head,
            found: Found::default(),
            now,
            verdicts: Vec::new(),
            append: Append { recorded_at: now, ..Append::default() },
            keys: HashMap::new(),
            written: States::new(),
            claimed: HashMap::new(),
        }
    }

    /// How many commands it has seen.
    pub fn len(&self) -> usize {
        self.verdicts.len()
    }

    /// Decides on every command of the batch that is not yet decided and lacks nothing; says what the others lack.
    ///
    /// In the order of arrival but for those: of commands with one key, the first is decided first.
    pub fn decide(
        &mut self,
        batch: &[Queued],
        under_way: Option<&UnderWay>,
        cache: &StateCache,
        ids: &dyn Ids,
    ) -> Missing {
        self.verdicts.resize_with(batch.len(), || None);
        let mut missing = Missing::default();
        let mut waiting: HashSet<&IdempotencyKey> = HashSet::new();
        for (place, queued) in batch.iter().enumerate() {
            let key = queued.submission.key.as_ref().map(|request| &request.key);
            if self.verdicts[place].is_some() || key.is_some_and(|key| waiting.contains(key)) {
                continue;
            }
            self.verdicts[place] = match self.by_key(queued, batch) {
                Some(verdict) => Some(verdict),
                None => self.decide_one(place, queued, under_way, cache, ids, &mut missing),
            };
            if self.verdicts[place].is_none() {
                waiting.extend(key);
            }
        }
        missing
    }

    /// What to record and to answer.
    pub fn finish(mut self) -> Decided {
        self.append.snapshots = self.due_snapshots();
        self.append.claims = std::mem::take(&mut self.claimed)
            .into_iter()
            .map(|(claim, holder)| ClaimChange { claim, holder })
            .collect();
        let keys = self.keys.into_iter().map(|(key, (_, answer))| (key, answer)).collect();
        let decided = |verdict: Option<Verdict>| verdict.expect("nothing is missing any more");
        Decided {
            verdicts: self.verdicts.into_iter().map(decided).collect(),
            append: Arc::new(self.append),
            keys: Arc::new(keys),
            written: Arc::new(self.written),
            loaded: self.found.loaded,
        }
    }

    fn by_key(&self, queued: &Queued, batch: &[Queued]) -> Option<Verdict> {
        let request = queued.submission.key.as_ref()?;
        if let Some(stored) = self.found.answered.get(&request.key) {
            if stored.request_hash != request.request_hash {
                return Some(Verdict::KeyReused);
            }
            return Some(Verdict::Replayed(Outcome {
                // A replay is 200 whatever the first answer was, as the contract has it.
                status: 200,
                body: stored.response.clone(),
                revision: None,
                position: stored.position,
                replayed: true,
            }));
        }
        let &(first, _) = self.keys.get(&request.key)?;
        let same =
            batch[first].submission.key.as_ref().is_some_and(|key| key.request_hash == request.request_hash);
        Some(if same { Verdict::SameAs(first) } else { Verdict::KeyReused })
    }

    fn decide_one(
        &mut self,
        place: usize,
        queued: &Queued,
        under_way: Option<&UnderWay>,
        cache: &StateCache,
        ids: &dyn Ids,
        missing: &mut Missing,
    ) -> Option<Verdict> {
        let known = WorkingSet { draft: self, under_way, cache };
        let (result, mut unit) = decide_on(queued, &known, self.now);
        if !unit.missing.is_empty() || !unit.missing_claims.is_empty() {
            missing.streams.extend(unit.missing.iter().map(|need| (need.stream, *need)));
            missing.claims.append(&mut unit.missing_claims);
            return None;
        }
        Some(match result {
            // Whatever a future command forgets to name as personal fails here, loudly, and is not recorded.
            Ok(_) if unit.events.iter().any(|event| brings_plain(event, &known)) => {
                let operation = queued.submission.command.operation();
                tracing::error!(operation, "an event would hold personal text that is not sealed");
                Verdict::Failed
            }
            Ok(_) if !self.found.standing.holds_for(queued, &unit, &self.append) => Verdict::Outdated,
            Ok(answer) => Verdict::Accepted(self.accept(place, queued, answer, unit, ids)),
            Err(Stop::Refused(refusal)) => Verdict::Refused(*refusal),
            Err(Stop::Missing | Stop::Unreadable(_)) => Verdict::Failed,
            Err(Stop::Outdated) => Verdict::Outdated,
        })
    }

    fn accept(
        &mut self,
        place: usize,
        queued: &Queued,
        answer: Answer,
        unit: UnitResult,
        ids: &dyn Ids,
    ) -> Outcome {
        let append = &mut self.append;
        append.person_keys.extend(used(queued, &unit).filter_map(|with| match with {
            SealedWith::Fresh(key) => Some(key.clone()),
            SealedWith::Known { .. } => None,
        }));
        append.destroyed_subjects.extend(unit.destroyed);
        append.ended_logins.extend(unit.ended_logins);
        unit.api_keys.into_iter().for_each(|change| change.note_in(&mut append.api_keys));
        record(append, queued, unit.events, self.now, ids);
        let outcome = outcome(answer, append);
        if let Some(request) = &queued.submission.key {
            self.keys.insert(request.key.clone(), (place, append.answers.len()));
            append.answers.push(StoredAnswer {
                key: request.key.clone(),
                request_hash: request.request_hash.to_vec(),
                command_id: queued.submission.command_id,
                status: i16::try_from(outcome.status).expect("an HTTP status"),
                response: outcome.body.clone(),
                position: outcome.position,
            });
        }
        self.written.extend(unit.written);
        self.claimed.extend(unit.claimed);
        outcome
    }

    /// The states of streams that passed a multiple of [`SNAPSHOT_EVERY`] in this batch.
    fn due_snapshots(&self) -> Vec<StateSnapshot> {
        // The first event of a stream in the batch has its lowest sequence, the last one its highest.
        let mut passed: HashMap<StreamRef, (i64, i64)> = HashMap::new();
        for NewEvent { stream, sequence, .. } in &self.append.events {
            passed.entry(*stream).or_insert((*sequence, *sequence)).1 = *sequence;
        }
        let is_due = |(_, (first, last)): &(StreamRef, (i64, i64))| {
            (first - 1) / SNAPSHOT_EVERY < last / SNAPSHOT_EVERY
        };
        passed
            .into_iter()
            .filter(is_due)
            .filter_map(|(stream, (_, sequence))| {
                let (state_version, state) = self.written.get(&stream)?.snapshot();
                Some(StateSnapshot { stream, sequence, state_version, state })
            })
            .collect()
    }
}

/// What a command sees: what the batch came to before it, then what the append under way leaves, then what was
/// looked up, then what the process knows.
struct WorkingSet<'a> {
    draft: &'a Draft,
    under_way: Option<&'a UnderWay>,
    cache: &'a StateCache,
}

impl Known for WorkingSet<'_> {
    fn state(&self, stream: StreamRef) -> Option<Arc<dyn AnyState>> {
        let Draft { written, found, .. } = self.draft;
        let before = || self.under_way.and_then(|under_way| under_way.written.get(&stream));
        let at_hand = written.get(&stream).or_else(before).or_else(|| found.loaded.get(&stream));
        at_hand.cloned().or_else(|| self.cache.get(stream))
    }

    fn is_unreadable(&self, stream: StreamRef) -> bool {
        self.draft.found.unreadable.contains(&stream)
    }

    fn holder(&self, claim: &Claim) -> Option<Option<Uuid>> {
        // Appends that take or release claims let nothing be decided meanwhile: `UnderWay::allows`.
        self.draft.claimed.get(claim).or_else(|| self.draft.found.holders.get(claim)).copied()
    }
}

fn decide_on(queued: &Queued, known: &dyn Known, now: DateTime<Utc>) -> (Result<Answer, Stop>, UnitResult) {
    let submission = &queued.submission;
    let mut unit = Unit::new(known, &submission.caller, now);
    // A fault in one decision must not take down the task that all commands go through.
    let decided = catch_unwind(AssertUnwindSafe(|| submission.command.decide(&mut unit)));
    let result = decided.unwrap_or_else(|_| {
        let operation = submission.command.operation();
        tracing::error!(operation, command_id = %submission.command_id, "a decision panicked; the command is failed");
        Err(Stop::Unreadable(StreamRef { kind: events::StreamKind::Account, id: submission.command_id }))
    });
    (result, unit.finish())
}

fn record(append: &mut Append, queued: &Queued, events: Vec<UnitEvent>, now: DateTime<Utc>, ids: &dyn Ids) {
    let actor = queued.submission.caller.actor.to_string();
    append.events.extend(events.into_iter().map(|event| NewEvent {
        event_id: ids.next(),
        stream: event.stream,
        sequence: event.sequence,
        event_type: event.event_type,
        event_version: event.event_version,
        payload: event.payload,
        metadata: queued.submission.metadata.clone(),
        recorded_at: now,
        command_id: queued.submission.command_id,
        actor: actor.clone(),
        supplier_id: event.concerns.supplier_id,
        restaurant_id: event.concerns.restaurant_id,
    }));
}

/// Whether an event would record a plain text that its stream does not hold already. What was recorded before
/// there were keys stands plain in its state, and a revision says all of it again.
fn brings_plain(event: &UnitEvent, known: &dyn Known) -> bool {
    let plain = plain_texts(&event.payload);
    if plain.is_empty() {
        return false;
    }
    let held = known.state(event.stream).map(|state| plain_texts(&state.snapshot().1)).unwrap_or_default();
    plain.iter().any(|text| !held.contains(text))
}

fn outcome(answer: Answer, append: &Append) -> Outcome {
    Outcome {
        status: answer.status,
        body: answer.body,
        revision: answer.revision,
        position: i64::try_from(append.events.len()).expect("a batch is bounded"),
        replayed: false,
    }
}

impl Verdict {
    /// What the caller is told, once the log's head was at `base` before the batch.
    pub fn into_reply(self, base: i64) -> Result<Outcome, SubmitError> {
        match self {
            Self::Accepted(outcome) => Ok(Outcome { position: base + outcome.position, ..outcome }),
            Self::Replayed(outcome) => Ok(outcome),
            Self::Refused(refusal) => Err(SubmitError::Refused(refusal)),
            Self::KeyReused => Err(SubmitError::KeyReused),
            Self::Outdated => Err(SubmitError::Outdated),
            Self::SameAs(_) | Self::Failed => Err(SubmitError::Internal),
        }
    }

    /// For `iris_commands_total`.
    pub fn result(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Replayed(_) | Self::SameAs(_) => "replayed",
            Self::Refused(_) | Self::KeyReused | Self::Outdated => "refused",
            Self::Failed => "failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use events::{log::StreamHistory, stock::Stock};
    use platform::clock::CountingIds;
    use tokio::sync::oneshot;

    use super::*;
    use crate::{
        committer::{RequestKey, Submission},
        domain::{Caller, Command},
    };

    /// Needs a stream that is not at hand.
    struct Reading;

    impl Command for Reading {
        fn operation(&self) -> &'static str {
            "reading"
        }

        fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
            unit.get::<Stock>(Uuid::from_u128(1)).map(|stock| Answer::ok(&"read", stock.revision))
        }
    }

    /// Needs nothing.
    struct Knowing;

    impl Command for Knowing {
        fn operation(&self) -> &'static str {
            "knowing"
        }

        fn decide(&self, _unit: &mut Unit<'_>) -> Result<Answer, Stop> {
            Ok(Answer::ok(&"known", 1))
        }
    }

    fn queued(command: impl Command, key: Option<&str>) -> Queued {
        let request = |key: &str| RequestKey {
            key: IdempotencyKey { scope: "test".to_owned(), key: key.to_owned() },
            request_hash: [7; 32],
        };
        let submission = Submission {
            command: Box::new(command),
            caller: Caller::system("test"),
            key: key.map(request),
            command_id: Uuid::from_u128(2),
            metadata: "{}".to_owned(),
        };
        Queued { submission, sealed_with: Vec::new(), reply: oneshot::channel().0 }
    }

    fn read(draft: &mut Draft, missing: Missing) {
        let read =
            |(stream, need): (StreamRef, Need)| (stream, (need.fold)(StreamHistory::default()).unwrap());
        draft.found.loaded.extend(missing.streams.into_iter().map(read));
    }

    #[test]
    fn one_key_twice_is_decided_once_whatever_must_be_loaded_first() {
        let batches = [
            [queued(Reading, None), queued(Knowing, Some("key")), queued(Knowing, Some("key"))],
            [queued(Knowing, None), queued(Reading, Some("key")), queued(Reading, Some("key"))],
        ];
        for batch in batches {
            let (cache, ids) = (StateCache::new(), CountingIds::default());
            let mut draft = Draft::at(Head::default(), DateTime::UNIX_EPOCH);
            let missing = draft.decide(&batch, None, &cache, &ids);
            assert!(!missing.is_nothing(), "a stream is missing");
            read(&mut draft, missing);

            assert!(draft.decide(&batch, None, &cache, &ids).is_nothing(), "everything is at hand");

            let decided = draft.finish();
            let [Verdict::Accepted(_), Verdict::Accepted(_), Verdict::SameAs(1)] = *decided.verdicts else {
                panic!("{:?}", decided.verdicts.iter().map(Verdict::result).collect::<Vec<_>>());
            };
            assert_eq!(decided.append.answers.len(), 1);
        }
    }
}
