//! Deciding a batch: pure, in the order of arrival, each command on what the ones before it left.

use std::{
    collections::{BTreeMap, HashMap},
    panic::{AssertUnwindSafe, catch_unwind},
};

use chrono::{DateTime, Utc};
use events::{
    NewEvent, StreamRef,
    log::{Append, Claim, ClaimChange, IdempotencyKey, StateSnapshot, StoredAnswer},
    values::plain_texts,
};
use platform::clock::Ids;

use super::{
    Outcome, Queued, SubmitError,
    cache::{WorkingSet, Written},
    sealing::SealedWith,
    standing::{Standing, used},
};
use crate::domain::{
    Answer, Stop, Unit,
    refusal::Refusal,
    unit::{Known as _, Need, UnitEvent, UnitResult},
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

/// A batch decided.
pub struct Decided {
    /// In the batch's order.
    pub verdicts: Vec<Verdict>,
    /// What to record.
    pub append: Append,
    /// What to keep once it is recorded.
    pub written: Written,
}

/// What must be looked up before the batch can be decided.
#[derive(Default)]
pub struct Missing {
    /// Streams.
    pub streams: BTreeMap<StreamRef, Need>,
    /// Claims.
    pub claims: Vec<Claim>,
}

/// Decides the batch, or says what is missing.
pub fn decide_batch(
    batch: &[Queued],
    answered: &HashMap<IdempotencyKey, StoredAnswer>,
    standing: &Standing,
    mut working: WorkingSet<'_>,
    now: DateTime<Utc>,
    ids: &dyn Ids,
) -> Result<Decided, Missing> {
    let mut missing = Missing::default();
    let mut append = Append { recorded_at: now, ..Append::default() };
    let mut seen: HashMap<&IdempotencyKey, usize> = HashMap::new();
    let mut verdicts: Vec<Verdict> = Vec::with_capacity(batch.len());
    for (place, queued) in batch.iter().enumerate() {
        if let Some(verdict) = by_key(queued, answered, &seen, batch, &verdicts) {
            verdicts.push(verdict);
            continue;
        }
        let (result, mut unit) = decide_one(queued, &working, now);
        if !unit.missing.is_empty() || !unit.missing_claims.is_empty() {
            missing.streams.extend(unit.missing.iter().map(|need| (need.stream, *need)));
            missing.claims.append(&mut unit.missing_claims);
        }
        let verdict = match result {
            // Whatever a future command forgets to name as personal fails here, loudly, and is not recorded.
            Ok(_) if unit.events.iter().any(|event| brings_plain(event, &working)) => {
                let operation = queued.submission.command.operation();
                tracing::error!(operation, "an event would hold personal text that is not sealed");
                Verdict::Failed
            }
            Ok(_) if !standing.holds_for(queued, &unit, &append) => Verdict::Outdated,
            Ok(answer) => {
                append.person_keys.extend(used(queued, &unit).filter_map(|with| match with {
                    SealedWith::Fresh(key) => Some(key.clone()),
                    SealedWith::Known { .. } => None,
                }));
                append.destroyed_subjects.extend(unit.destroyed);
                append.ended_logins.extend(unit.ended_logins);
                unit.api_keys.into_iter().for_each(|change| change.note_in(&mut append.api_keys));
                record(&mut append, queued, unit.events, now, ids);
                working.take_over(unit.written, unit.claimed);
                let outcome = outcome(answer, &append);
                store_answer(&mut append, queued, &outcome);
                if let Some(key) = &queued.submission.key {
                    seen.insert(&key.key, place);
                }
                Verdict::Accepted(outcome)
            }
            Err(Stop::Refused(refusal)) => Verdict::Refused(*refusal),
            Err(Stop::Missing) => continue,
            Err(Stop::Unreadable(_)) => Verdict::Failed,
            Err(Stop::Outdated) => Verdict::Outdated,
        };
        verdicts.push(verdict);
    }
    if !missing.streams.is_empty() || !missing.claims.is_empty() {
        return Err(missing);
    }
    append.snapshots = due_snapshots(&working, &append);
    let written = working.into_written();
    append.claims = changes(&written);
    Ok(Decided { verdicts, append, written })
}

fn by_key(
    queued: &Queued,
    answered: &HashMap<IdempotencyKey, StoredAnswer>,
    seen: &HashMap<&IdempotencyKey, usize>,
    batch: &[Queued],
    verdicts: &[Verdict],
) -> Option<Verdict> {
    let request = queued.submission.key.as_ref()?;
    if let Some(stored) = answered.get(&request.key) {
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
    let &first = seen.get(&request.key)?;
    let same =
        batch[first].submission.key.as_ref().is_some_and(|key| key.request_hash == request.request_hash);
    debug_assert!(matches!(verdicts[first], Verdict::Accepted(_)), "only accepted commands are remembered");
    Some(if same { Verdict::SameAs(first) } else { Verdict::KeyReused })
}

fn decide_one(
    queued: &Queued,
    working: &WorkingSet<'_>,
    now: DateTime<Utc>,
) -> (Result<Answer, Stop>, UnitResult) {
    let submission = &queued.submission;
    let mut unit = Unit::new(working, &submission.caller, now);
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
fn brings_plain(event: &UnitEvent, working: &WorkingSet<'_>) -> bool {
    let plain = plain_texts(&event.payload);
    if plain.is_empty() {
        return false;
    }
    let held = working.state(event.stream).map(|state| plain_texts(&state.snapshot().1)).unwrap_or_default();
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

fn store_answer(append: &mut Append, queued: &Queued, outcome: &Outcome) {
    if let Some(request) = &queued.submission.key {
        append.answers.push(StoredAnswer {
            key: request.key.clone(),
            request_hash: request.request_hash.to_vec(),
            command_id: queued.submission.command_id,
            status: i16::try_from(outcome.status).expect("an HTTP status"),
            response: outcome.body.clone(),
            position: outcome.position,
        });
    }
}

fn due_snapshots(working: &WorkingSet<'_>, append: &Append) -> Vec<StateSnapshot> {
    // The last event of a stream in the batch has its highest sequence.
    let last: HashMap<StreamRef, i64> =
        append.events.iter().map(|event| (event.stream, event.sequence)).collect();
    let is_due = |(stream, sequence): &(StreamRef, i64)| {
        working.committed_revision(*stream) / SNAPSHOT_EVERY < sequence / SNAPSHOT_EVERY
    };
    last.into_iter()
        .filter(is_due)
        .filter_map(|(stream, sequence)| {
            let (state_version, state) = crate::domain::unit::Known::state(working, stream)?.snapshot();
            Some(StateSnapshot { stream, sequence, state_version, state })
        })
        .collect()
}

fn changes(written: &Written) -> Vec<ClaimChange> {
    written
        .claims
        .iter()
        .map(|(claim, holder)| ClaimChange { claim: claim.clone(), holder: *holder })
        .collect()
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
