//! The loop: take what waits, look up, decide, append, answer; and again, when it must be.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Instant,
};

use events::{
    StreamRef,
    log::{
        Append, Claim, Head, IdempotencyKey, Retry, StoredAnswer, append, contains_event, find_answers,
        holders_of, load_streams, lock_head, read_head, retry_of, touched_between,
    },
};
use platform::clock::{Clock, Ids};
use sqlx::{Connection, PgConnection};
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::{
    BATCH_MAX, BATCH_PATIENCE, Outcome, Queued, SubmitError,
    cache::{StateCache, WorkingSet},
    decide::{Decided, Missing, Verdict, decide_batch},
    metrics,
    session::Session,
    standing::Standing,
};
use crate::domain::unit::AnyState;

/// A batch that conflicts so often has a command in it that always will.
const CONFLICTS_MAX: u32 = 8;

/// Beyond this many foreign events, forgetting everything is cheaper than forgetting one by one.
const CATCH_UP_MAX: i64 = 20_000;

struct Worker {
    session: Session,
    cache: StateCache,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    head: watch::Sender<i64>,
}

/// How an attempt ended.
enum Attempt {
    /// Recorded, or nothing to record: answer from the head at which the batch began.
    Done(Vec<Verdict>, i64),
    /// Another process wrote first; nothing happened.
    HeadMoved,
}

/// Why an attempt failed, and what it was about to record.
struct Failed {
    error: sqlx::Error,
    sent: Sent,
}

/// Whether an append was on its way when something failed.
enum Sent {
    /// It was not.
    Nothing,
    /// This one was, and the error is the database's answer to it, or the loss of that answer.
    Append(Box<Decided>),
    /// This one was sent over an earlier connection and its outcome is still not known; the error is
    /// about looking for it, and says nothing of it.
    Unsettled(Box<Decided>),
}

/// What follows from a failure.
enum Next {
    /// Nothing was recorded, and trying again would end the same way.
    GiveUp,
    /// Nothing was recorded; decide again.
    Again,
    /// Connect again; an append whose outcome is not known is looked for before anything else.
    Reconnect(Option<Box<Decided>>),
}

/// An append of unknown outcome stays one until the log itself has told: whatever the error is that kept
/// us from asking, deciding again could do everything twice.
fn verdict_on(error: &sqlx::Error, sent: Sent) -> Next {
    match (retry_of(error), sent) {
        (_, Sent::Unsettled(decided)) | (Retry::OutcomeUnknown, Sent::Append(decided)) => {
            Next::Reconnect(Some(decided))
        }
        // Only what the database says is an answer; anything else leaves open what it did.
        (_, Sent::Append(decided)) if error.as_database_error().is_none() => Next::Reconnect(Some(decided)),
        (Retry::OutcomeUnknown, Sent::Nothing) => Next::Reconnect(None),
        (Retry::Now, _) => Next::Again,
        (Retry::Never, _) => Next::GiveUp,
    }
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self { error, sent: Sent::Nothing }
    }
}

/// Serves the queue until it is closed and empty.
pub async fn run(
    mut queue: mpsc::Receiver<Queued>,
    session: Session,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    head: watch::Sender<i64>,
) {
    let mut worker = Worker { session, cache: StateCache::new(), clock, ids, head };
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while queue.recv_many(&mut batch, BATCH_MAX).await > 0 {
        // Nobody waits for these any more, and nothing of them has begun: leave them out.
        batch.retain(|queued| !queued.reply.is_closed());
        worker.serve(std::mem::take(&mut batch)).await;
    }
}

impl Worker {
    async fn serve(&mut self, batch: Vec<Queued>) {
        if batch.is_empty() {
            return;
        }
        let began = Instant::now();
        match self.try_until_done(&batch, began).await {
            Ok((verdicts, base)) => answer(batch, verdicts, base),
            // Only the culprit shall fail: one by one.
            Err(SubmitError::Internal) if batch.len() > 1 => {
                for queued in batch {
                    Box::pin(self.serve(vec![queued])).await;
                }
            }
            Err(error) => refuse_all(batch, &error),
        }
    }

    async fn try_until_done(
        &mut self,
        batch: &[Queued],
        began: Instant,
    ) -> Result<(Vec<Verdict>, i64), SubmitError> {
        let mut locked = false;
        let mut pending: Option<Box<Decided>> = None;
        let mut conflicts = 0;
        let mut backoff = std::time::Duration::from_millis(5);
        loop {
            let result = match pending.take() {
                Some(decided) => self.settle(decided).await,
                None => self.attempt(batch, locked, began).await,
            };
            match result {
                Ok(Attempt::Done(verdicts, base)) => return Ok((verdicts, base)),
                Ok(Attempt::HeadMoved) => {
                    metrics::retried("head_moved");
                    locked = true;
                    continue;
                }
                Err(Failed { error, sent }) => {
                    self.session.disconnect();
                    self.cache.clear();
                    locked = true;
                    match verdict_on(&error, sent) {
                        Next::GiveUp => {
                            tracing::error!(
                                error = &error as &dyn std::error::Error,
                                "an append was refused"
                            );
                            return Err(SubmitError::Internal);
                        }
                        Next::Again if conflicts == CONFLICTS_MAX => {
                            tracing::error!(
                                error = &error as &dyn std::error::Error,
                                "an append conflicts for good"
                            );
                            return Err(SubmitError::Internal);
                        }
                        Next::Again => {
                            conflicts += 1;
                            metrics::retried("conflict");
                        }
                        Next::Reconnect(sent) => {
                            metrics::retried("connection");
                            tracing::warn!(
                                error = &error as &dyn std::error::Error,
                                "the log's connection failed"
                            );
                            pending = sent;
                        }
                    }
                }
            }
            if began.elapsed() > BATCH_PATIENCE {
                return Err(if pending.is_some() {
                    SubmitError::OutcomeUnknown
                } else {
                    SubmitError::Unavailable
                });
            }
            tokio::time::sleep(backoff).await;
            backoff = (backoff * 2).min(std::time::Duration::from_millis(500));
        }
    }

    /// The connection died while an append was under way. A new connection fences the log: from then
    /// on the append either is in it or never will be, and the log says which.
    async fn settle(&mut self, decided: Box<Decided>) -> Result<Attempt, Failed> {
        let found = match self.session.connection().await {
            Ok(connection) => find_append(connection, &decided.append).await,
            Err(error) => Err(error),
        };
        match found {
            Ok(Some(base)) => {
                tracing::info!(position = base, "the append had happened");
                Ok(Attempt::Done(decided.verdicts, base))
            }
            Ok(None) => Ok(Attempt::HeadMoved),
            Err(error) => Err(Failed { error, sent: Sent::Unsettled(decided) }),
        }
    }

    /// On the first try nobody is locked out: the append finds out whether somebody else wrote. After
    /// that, the head is locked first, so that the second try is the last.
    async fn attempt(&mut self, batch: &[Queued], locked: bool, began: Instant) -> Result<Attempt, Failed> {
        // A new connection comes with a new head, and with no states: they went with the old one.
        self.session.connection().await?;
        let known = self.session.head;
        let connection = self.session.connection().await?;
        if !locked {
            let tried =
                run_attempt(batch, connection, known, &mut self.cache, &*self.clock, &*self.ids).await?;
            return Ok(self.conclude(tried, known, began));
        }
        let mut transaction = connection.begin().await?;
        let head = lock_head(&mut transaction).await?;
        catch_up(&mut transaction, known, head, &mut self.cache).await?;
        let tried =
            run_attempt(batch, &mut transaction, head, &mut self.cache, &*self.clock, &*self.ids).await?;
        if let Err(error) = transaction.commit().await {
            let sent = if let Tried::Appended { decided, .. } = tried {
                Sent::Append(decided)
            } else {
                Sent::Nothing
            };
            return Err(Failed { error, sent });
        }
        self.session.head = head;
        Ok(self.conclude(tried, head, began))
    }

    fn conclude(&mut self, tried: Tried, head: Head, began: Instant) -> Attempt {
        let (decided, base) = match tried {
            Tried::HeadMoved => return Attempt::HeadMoved,
            Tried::Nothing(verdicts) => return Attempt::Done(verdicts, head.position),
            Tried::Appended { decided, base } => (decided, base),
        };
        let Decided { verdicts, append, written } = *decided;
        for (stream, state) in written.states {
            self.cache.insert(stream, state);
        }
        let position = base + i64::try_from(append.events.len()).expect("a batch is bounded");
        self.session.head.position = position;
        self.head.send_replace(position);
        metrics::committed(verdicts.len(), append.events.len(), began.elapsed().as_secs_f64());
        Attempt::Done(verdicts, base)
    }
}

enum Tried {
    Appended { decided: Box<Decided>, base: i64 },
    Nothing(Vec<Verdict>),
    HeadMoved,
}

/// Looks up, decides, appends; on a connection that holds the head's lock or hopes that nobody moves it.
async fn run_attempt(
    batch: &[Queued],
    connection: &mut PgConnection,
    head: Head,
    cache: &mut StateCache,
    clock: &dyn Clock,
    ids: &dyn Ids,
) -> Result<Tried, Failed> {
    let answered = stored_answers(batch, connection).await?;
    let standing = Standing::load(connection, batch).await?;
    let mut loaded: HashMap<StreamRef, Arc<dyn AnyState>> = HashMap::new();
    let mut unreadable = HashSet::new();
    let mut holders: HashMap<Claim, Option<Uuid>> = HashMap::new();
    let now = clock.now();
    let decided = loop {
        let working = WorkingSet::new(cache, &loaded, &unreadable, &holders);
        match decide_batch(batch, &answered, &standing, working, now, ids) {
            Ok(decided) => break Box::new(decided),
            Err(missing) => {
                load(connection, missing, &mut loaded, &mut unreadable, &mut holders).await?;
            }
        }
    };
    for (stream, state) in loaded {
        cache.insert(stream, state);
    }
    if decided.append.events.is_empty() && decided.append.answers.is_empty() {
        // Refusals and replays rest on the log as well: had another process written meanwhile, what
        // was refused might be right by now.
        let same = read_head(connection).await? == head;
        return Ok(if same { Tried::Nothing(decided.verdicts) } else { Tried::HeadMoved });
    }
    match append(connection, head, &decided.append).await {
        Ok(Some(base)) => Ok(Tried::Appended { decided, base }),
        Ok(None) => Ok(Tried::HeadMoved),
        Err(error) => Err(Failed { error, sent: Sent::Append(decided) }),
    }
}

async fn stored_answers(
    batch: &[Queued],
    connection: &mut PgConnection,
) -> Result<HashMap<IdempotencyKey, StoredAnswer>, sqlx::Error> {
    let keys: Vec<IdempotencyKey> = batch
        .iter()
        .filter_map(|queued| queued.submission.key.as_ref())
        .map(|request| request.key.clone())
        .collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let answers = find_answers(connection, &keys).await?;
    Ok(answers.into_iter().map(|answer| (answer.key.clone(), answer)).collect())
}

async fn load(
    connection: &mut PgConnection,
    missing: Missing,
    loaded: &mut HashMap<StreamRef, Arc<dyn AnyState>>,
    unreadable: &mut HashSet<StreamRef>,
    holders: &mut HashMap<Claim, Option<Uuid>>,
) -> Result<(), sqlx::Error> {
    if !missing.streams.is_empty() {
        let wanted: Vec<_> = missing.streams.values().map(|need| (need.stream, need.state_version)).collect();
        let mut histories = load_streams(connection, &wanted).await?;
        for (stream, need) in missing.streams {
            match (need.fold)(histories.remove(&stream).unwrap_or_default()) {
                Ok(state) => {
                    loaded.insert(stream, state);
                }
                Err(error) => {
                    tracing::error!(%stream, error = &error as &dyn std::error::Error, "a stream cannot be read");
                    unreadable.insert(stream);
                }
            }
        }
    }
    if !missing.claims.is_empty() {
        let found = holders_of(connection, &missing.claims).await?;
        holders.extend(missing.claims.into_iter().zip(found));
    }
    Ok(())
}

/// Forgets what other processes wrote since this one looked.
async fn catch_up(
    connection: &mut PgConnection,
    known: Head,
    head: Head,
    cache: &mut StateCache,
) -> Result<(), sqlx::Error> {
    match head.position - known.position {
        0 => {}
        1..=CATCH_UP_MAX => {
            for touched in touched_between(connection, known.position, head.position).await? {
                if let Some(stream) = touched.stream {
                    cache.forget(stream);
                }
            }
        }
        _ => cache.clear(),
    }
    Ok(())
}

/// The position before the append's first event, if it is in the log. Call only after a fence.
async fn find_append(connection: &mut PgConnection, unit: &Append) -> Result<Option<i64>, sqlx::Error> {
    if let Some(first) = unit.events.first() {
        return Ok(contains_event(connection, first).await?.map(|position| position - 1));
    }
    // Nothing but answers: they are in the log's transaction just as well.
    let Some(first) = unit.answers.first() else { return Ok(None) };
    let stored = find_answers(connection, std::slice::from_ref(&first.key)).await?;
    let same = stored.into_iter().find(|answer| answer.command_id == first.command_id);
    Ok(same.map(|answer| answer.position - first.position))
}

fn answer(batch: Vec<Queued>, mut verdicts: Vec<Verdict>, base: i64) {
    let copies: Vec<(usize, Outcome)> = verdicts
        .iter()
        .enumerate()
        .filter_map(|(place, verdict)| match verdict {
            Verdict::SameAs(first) => match &verdicts[*first] {
                Verdict::Accepted(outcome) => Some((
                    place,
                    Outcome {
                        status: 200,
                        replayed: true,
                        position: base + outcome.position,
                        ..outcome.clone()
                    },
                )),
                _ => None,
            },
            _ => None,
        })
        .collect();
    for (place, outcome) in copies {
        verdicts[place] = Verdict::Replayed(outcome);
    }
    for (queued, verdict) in std::iter::zip(batch, verdicts) {
        metrics::answered(queued.submission.command.operation(), verdict.result());
        // A caller that went away in the meantime finds the answer under its key.
        let _gone = queued.reply.send(verdict.into_reply(base));
    }
}

fn refuse_all(batch: Vec<Queued>, error: &SubmitError) {
    for queued in batch {
        metrics::answered(queued.submission.command.operation(), "failed");
        let same = match error {
            SubmitError::OutcomeUnknown => SubmitError::OutcomeUnknown,
            SubmitError::Unavailable => SubmitError::Unavailable,
            _ => SubmitError::Internal,
        };
        let _gone = queued.reply.send(Err(same));
    }
}
