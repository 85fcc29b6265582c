//! A batch on its own, under the head's lock: what another process or a lost connection came between.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use events::log::{
    Append, FeedWindow, Head, Retry, append, contains_event, find_answers, is_without_partition, lock_head,
    make_partitions, read_whole_feed, retry_of,
};
use platform::clock::{Clock, Ids};
use sqlx::{Connection, PgConnection};
use tokio::sync::{mpsc::Receiver, watch};

use super::{
    BATCH_MAX, BATCH_PATIENCE, Outcome, Queued, SubmitError,
    cache::StateCache,
    draft::{Decided, Draft, States, Verdict},
    lookups::decide_rest,
    metrics,
    session::{LookUps, Session},
};

/// A batch that conflicts so often has a command in it that always will.
const CONFLICTS_MAX: u32 = 8;

/// Beyond this many foreign events, loading what is needed is cheaper than reading them.
const CATCH_UP_MAX: i64 = 2_000;

/// What serves the queue.
pub struct Worker {
    pub session: Session,
    pub look_ups: LookUps,
    pub cache: StateCache,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub told: Arc<Told>,
    /// Others write as well: the last append that was sent without the lock, or the last look under it, found events
    /// of theirs.
    pub has_rivals: bool,
}

/// What those who follow the log hear of this process's appends.
pub struct Told {
    /// Where the log ends.
    pub head: watch::Sender<i64>,
    /// What was recorded.
    pub feed: FeedWindow,
}

impl Told {
    /// Tells what was recorded after `base`.
    pub fn of(&self, base: i64, recorded: &Append) {
        // Before anybody is woken: they find there what they are woken for.
        self.feed.recorded(base, &recorded.events);
        self.head.send_replace(base + i64::try_from(recorded.events.len()).expect("a batch is bounded"));
    }
}

/// How an attempt ended.
enum Attempt {
    /// Recorded, or nothing to record: answer from the head at which the batch began.
    Done(Vec<Verdict>, i64),
    /// The append that was looked for did not happen, and never will.
    Again,
}

/// Why an attempt failed, and what it was about to record.
pub struct Failed {
    pub error: sqlx::Error,
    pub sent: Sent,
}

/// Whether an append was on its way when something failed.
pub enum Sent {
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

impl Worker {
    pub fn new(
        session: Session,
        look_ups: LookUps,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        told: Told,
    ) -> Self {
        Self {
            session,
            look_ups,
            cache: StateCache::new(),
            clock,
            ids,
            told: Arc::new(told),
            has_rivals: false,
        }
    }

    /// Serves the batch, whatever it takes; `failed` is how it ended before.
    pub async fn serve(&mut self, batch: Vec<Queued>, began: Instant, failed: Option<Failed>) {
        self.serve_with(batch, began, failed, None).await;
    }

    /// As [`Self::serve`], with what waits in the queue once the head is locked: whoever has to wait for the lock has
    /// more to record when its turn comes.
    pub async fn serve_in_turn(&mut self, batch: Vec<Queued>, began: Instant, queue: &mut Receiver<Queued>) {
        self.serve_with(batch, began, None, Some(queue)).await;
    }

    async fn serve_with(
        &mut self,
        mut batch: Vec<Queued>,
        began: Instant,
        failed: Option<Failed>,
        queue: Option<&mut Receiver<Queued>>,
    ) {
        match self.try_until_done(&mut batch, began, failed, queue).await {
            Ok((verdicts, base)) => answer(batch, verdicts, base),
            // Only the culprit shall fail: one by one.
            Err(SubmitError::Internal) if batch.len() > 1 => {
                for queued in batch {
                    Box::pin(self.serve(vec![queued], Instant::now(), None)).await;
                }
            }
            Err(error) => refuse_all(batch, &error),
        }
    }

    /// Keeps states that the log is known to have.
    pub fn keep(&mut self, states: &States) {
        for (stream, state) in states {
            self.cache.insert(*stream, Arc::clone(state));
        }
    }

    async fn try_until_done(
        &mut self,
        batch: &mut Vec<Queued>,
        began: Instant,
        failed: Option<Failed>,
        mut queue: Option<&mut Receiver<Queued>>,
    ) -> Result<(Vec<Verdict>, i64), SubmitError> {
        let mut pending: Option<Box<Decided>> = None;
        let mut conflicts = 0;
        let mut backoff = Duration::from_millis(5);
        let mut result = match failed {
            Some(failed) => Err(failed),
            None => self.attempt(batch, began, queue.as_deref_mut()).await,
        };
        loop {
            match result {
                Ok(Attempt::Done(verdicts, base)) => return Ok((verdicts, base)),
                Ok(Attempt::Again) => {}
                Err(Failed { error, sent }) => {
                    self.session.disconnect();
                    self.cache.clear();
                    if let Sent::Append(decided) = &sent
                        && is_without_partition(&error)
                    {
                        self.make_partitions(decided.append.events.len()).await;
                    }
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
                    if began.elapsed() > BATCH_PATIENCE {
                        return Err(if pending.is_some() {
                            SubmitError::OutcomeUnknown
                        } else {
                            SubmitError::Unavailable
                        });
                    }
                    tokio::time::sleep(backoff).await;
                    backoff = (backoff * 2).min(Duration::from_millis(500));
                }
            }
            result = match pending.take() {
                Some(decided) => self.settle(decided).await,
                None => self.attempt(batch, began, queue.as_deref_mut()).await,
            };
        }
    }

    /// Nobody made the next partition in time: this process does, and the batch is tried again.
    async fn make_partitions(&mut self, events: usize) {
        let made = match self.session.connection().await {
            Ok(connection) => make_partitions(connection, events).await,
            Err(error) => Err(error),
        };
        match made {
            Ok(made) => tracing::warn!(made, "the log had no partition left: is the job upkeep running?"),
            Err(error) => tracing::error!(%error, "the log has no partition left, and none can be made"),
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
            Ok(None) => Ok(Attempt::Again),
            Err(error) => Err(Failed { error, sent: Sent::Unsettled(decided) }),
        }
    }

    /// Decides and records under the head's lock.
    async fn attempt(
        &mut self,
        batch: &mut Vec<Queued>,
        began: Instant,
        queue: Option<&mut Receiver<Queued>>,
    ) -> Result<Attempt, Failed> {
        // A new connection comes with a new head, and with no states: they went with the old one.
        self.session.connection().await?;
        let (mut decided, head) = self.decide_locked(batch, queue).await?;
        let loaded = std::mem::take(&mut decided.loaded);
        self.keep(&loaded);
        self.keep(&decided.written);
        let events = decided.append.events.len();
        let position = head.position + i64::try_from(events).expect("a batch is bounded");
        self.session.head = Head { position, ..head };
        if !decided.records_nothing() {
            self.told.of(head.position, &decided.append);
            metrics::committed(batch.len(), events, began.elapsed().as_secs_f64());
        }
        Ok(Attempt::Done(decided.verdicts, head.position))
    }

    /// Locks the head first: what is decided then is right until it is recorded. Gives the head that it found.
    async fn decide_locked(
        &mut self,
        batch: &mut Vec<Queued>,
        queue: Option<&mut Receiver<Queued>>,
    ) -> Result<(Box<Decided>, Head), Failed> {
        let known = self.session.head;
        let Self { session, cache, clock, ids, told, has_rivals, .. } = self;
        let mut transaction = session.connection().await?.begin().await?;
        let head = lock_head(&mut transaction).await?;
        if let Some(queue) = queue {
            batch.extend(
                std::iter::from_fn(|| queue.try_recv().ok()).take(BATCH_MAX.saturating_sub(batch.len())),
            );
        }
        *has_rivals = head.position > known.position;
        if *has_rivals {
            catch_up(&mut transaction, known, cache, &told.feed).await?;
        }
        let mut draft = Draft::at(head, clock.now());
        decide_rest(&mut draft, batch, &mut transaction, None, cache, &**ids).await?;
        let decided = Box::new(draft.finish());
        if !decided.records_nothing() {
            match append(&mut transaction, head, &decided.append).await {
                Ok(base) => debug_assert!(base.is_some(), "nobody moves a head that is locked"),
                Err(error) => return Err(Failed { error, sent: Sent::Append(decided) }),
            }
        }
        match transaction.commit().await {
            Ok(()) => Ok((decided, head)),
            Err(error) => Err(Failed { error, sent: Sent::Append(decided) }),
        }
    }
}

/// Takes into account what other processes wrote since this one looked; those who follow the log in this process
/// need not read it again.
async fn catch_up(
    connection: &mut PgConnection,
    known: Head,
    cache: &mut StateCache,
    feed: &FeedWindow,
) -> Result<(), sqlx::Error> {
    let read = read_whole_feed(connection, known.position, CATCH_UP_MAX).await?;
    if read.is_last() {
        read.events.iter().for_each(|event| cache.follow(event));
        feed.found(known.position, read);
    } else {
        cache.clear();
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

/// Tells every caller what its command came to, once the log's head was at `base` before the batch.
pub fn answer(batch: Vec<Queued>, mut verdicts: Vec<Verdict>, base: i64) {
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
