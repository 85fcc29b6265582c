//! Following: what arrives becomes batches, and what does not arrive is looked for.

mod arrivals;
mod wait;

use platform::backoff::Backoff;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    Batch, HandleError, Hearing, Settings,
    commit::{Commit, Outcome},
    gathering::{Gathering, Source},
    line::{Line, Step},
    listener::Listener,
    metrics,
};
use crate::{Nats, followers::Hold, wire::Place};
use wait::Woken;

/// The lease is renewed so often while it lasts.
const RENEWALS_PER_LEASE: u32 = 3;

/// Why following ended.
pub(super) enum Ended {
    /// It was asked to.
    Stopped,
    /// Another process took over.
    Lost,
}

/// The holder's work.
pub(super) struct Follow {
    commit: Commit,
    gathering: Gathering,
    fence: i64,
    line: Line,
    /// What was gathered and not handled yet: it comes next, whatever else arrives.
    gathered: Option<Gathered>,
    /// The position in the row. What the line has passed beyond it held nothing for the consumer.
    saved: i64,
    /// When what was passed over is written down at the latest.
    save_at: Option<Instant>,
    listener: Option<Listener>,
    nats: Option<Nats>,
    wake: watch::Receiver<i64>,
    settings: Settings,
    /// How far the read models were when last asked.
    limit: i64,
    /// There is something to do as soon as they are further.
    is_limited: bool,
    /// Until then what comes is gathered, unless it is a batch already.
    paced_until: Instant,
    renew_at: Instant,
    sweep_at: Instant,
    /// The end of the line at the last sweep.
    swept_end: i64,
    /// What the relay says it sent and did not arrive yet, and until when that is in order.
    overdue: Option<(Place, Instant)>,
    /// A stretch without events is to be passed over, too.
    is_flushing: bool,
    is_unsure: bool,
}

struct Gathered {
    batch: Batch,
    /// Where its public events came from, as metrics name it.
    source: &'static str,
}

impl Follow {
    pub(super) fn new(
        commit: Commit,
        gathering: Gathering,
        hold: Hold,
        wake: watch::Receiver<i64>,
        nats: Option<Nats>,
        settings: Settings,
    ) -> Self {
        let now = Instant::now();
        // Who hears no public event has nothing to wait for there.
        let nats = nats.filter(|_| commit.consumer.hearing(hold.position) != Hearing::InnerAlone);
        Self {
            commit,
            gathering,
            fence: hold.fence,
            line: Line::new(hold.position),
            gathered: None,
            saved: hold.position,
            save_at: None,
            listener: nats.clone().map(|nats| Listener::start(nats, settings.poll)),
            nats,
            wake,
            limit: hold.position,
            is_limited: false,
            paced_until: now,
            renew_at: now + settings.lease / RENEWALS_PER_LEASE,
            // At once: there may be much to catch up on.
            sweep_at: now,
            swept_end: hold.position,
            overdue: None,
            is_flushing: false,
            is_unsure: false,
            settings,
        }
    }

    /// The position must be read before anything else is done.
    pub(super) const fn is_unsure(&mut self) {
        self.is_unsure = true;
    }

    /// Tells the row how far it is, and gives it back.
    pub(super) async fn release(&self) -> Result<(), sqlx::Error> {
        let claim = &self.commit.claim;
        if let Some(to) = self.position() {
            claim.pass(Hold { position: self.saved, fence: self.fence }, to).await?;
        }
        claim.release(self.fence, None).await
    }

    /// Up to here nothing is left to do, though the row may not say so yet. `None` where a batch may have been committed
    /// though its answer was lost: then the row alone knows, and must not be told otherwise.
    fn position(&self) -> Option<i64> {
        (!self.is_unsure).then(|| self.line.position())
    }

    /// Follows until `shutdown`, until the hold is lost, or until an error, after which it can go on.
    pub(super) async fn go_on(
        &mut self,
        shutdown: &CancellationToken,
        backoff: &mut Backoff,
    ) -> Result<Ended, HandleError> {
        while !shutdown.is_cancelled() {
            if self.must_renew() && !self.renew().await? {
                return Ok(Ended::Lost);
            }
            if Instant::now() >= self.sweep_at {
                self.sweep().await?;
            }
            self.drain().await?;
            if !self.advance().await?
                && let Woken::Stop = self.wait(shutdown).await?
            {
                break;
            }
            // Done, or nothing left to do; to wait for read models proves nothing about a batch that fails.
            if !backoff.is_fresh() && !self.is_unsure && !self.is_limited {
                backoff.succeeded();
                tracing::info!(consumer = self.name(), "going on");
            }
        }
        Ok(Ended::Stopped)
    }

    /// Gathers what there is, and handles it as far as it may be. False where there is nothing to do but to wait.
    async fn advance(&mut self) -> Result<bool, HandleError> {
        self.is_limited = false;
        let gathered = match self.gathered.take() {
            Some(gathered) => gathered,
            None => match self.gather().await? {
                Some(gathered) => gathered,
                None => return Ok(false),
            },
        };
        let Gathered { mut batch, source } = gathered;
        if !self.commit.consumer.concerns(&batch) {
            self.pass_over(&batch, source);
            return Ok(true);
        }
        let upto = batch.reach(self.settings.events_max).min(self.limit_of(&batch).await?);
        self.is_limited = upto <= batch.after;
        if self.is_limited {
            self.gathered = Some(Gathered { batch, source });
            return Ok(false);
        }
        self.gathered = batch.split_off(upto).map(|batch| Gathered { batch, source });
        batch.now = self.gathering.surroundings.clock.now();
        self.handle(&batch, source).await?;
        Ok(true)
    }

    /// How far the batch may be handled by what the read models hold.
    async fn limit_of(&mut self, batch: &Batch) -> Result<i64, HandleError> {
        if !self.commit.consumer.leans_on_read_models(batch) {
            return Ok(i64::MAX);
        }
        if self.limit < batch.upto {
            self.limit = self.commit.limit().await?;
        }
        Ok(self.limit)
    }

    async fn gather(&mut self) -> Result<Option<Gathered>, HandleError> {
        if self.rests() {
            return Ok(None);
        }
        // Inner events are not announced one by one: a stretch may hold some whatever it looks like.
        let has_inner = !self.commit.consumer.identity().inner_kinds.is_empty();
        let is_eager = has_inner || self.is_flushing;
        let reach = if has_inner { self.settings.positions_max } else { i64::MAX };
        let after = self.line.position();
        let (upto, source, name) = match self.line.step(self.settings.positions_max, reach, is_eager) {
            Step::Wait => {
                self.is_flushing = false;
                return Ok(None);
            }
            Step::Log { upto } => (upto, Source::Log, "log"),
            Step::Pending { upto } => (upto, Source::Nats(self.line.take(upto)), "nats"),
        };
        let gathered = self.gathering.batch(after, upto, source).await;
        self.paced_until = Instant::now() + self.commit.consumer.identity().pace;
        match gathered {
            Ok(Some(batch)) => Ok(Some(Gathered { batch, source: name })),
            Ok(None) => {
                self.begin_anew(upto);
                Ok(None)
            }
            Err(error) => {
                self.is_unsure = true;
                Err(error)
            }
        }
    }

    /// A batch was gathered a moment ago, and what has come since is less than another one.
    fn rests(&self) -> bool {
        let waiting = self.line.end() - self.line.position();
        let is_full = waiting >= self.settings.positions_max || !self.has_room();
        !is_full && Instant::now() < self.paced_until
    }

    /// NATS carries, or speaks of, what is not in this log.
    fn begin_anew(&mut self, upto: i64) {
        tracing::error!(
            consumer = self.name(),
            upto,
            "NATS carries what is not in this log; the log is read"
        );
        // All that was heard may be of that log: this one is asked how far it goes, at once.
        self.line = Line::new(self.line.position());
        self.swept_end = self.line.position();
        self.sweep_at = Instant::now();
    }

    /// Goes on without a transaction; the row is told with the next batch, or soon.
    fn pass_over(&mut self, batch: &Batch, source: &'static str) {
        self.line.moved(batch.upto);
        self.save_at.get_or_insert_with(|| Instant::now() + self.settings.save);
        self.count(batch, source);
    }

    async fn handle(&mut self, batch: &Batch, source: &'static str) -> Result<(), HandleError> {
        let hold = Hold { position: self.saved, fence: self.fence };
        match self.commit.batch(hold, batch).await {
            Ok(Outcome::Handled) => {
                self.line.moved(batch.upto);
                self.is_saved(batch.upto);
                self.count(batch, source);
            }
            Ok(Outcome::Missed) => self.is_unsure = true,
            Err(error) => {
                self.is_unsure = true;
                return Err(error);
            }
        }
        Ok(())
    }

    /// The row says so, and its lease was renewed with it.
    fn is_saved(&mut self, position: i64) {
        self.saved = position;
        self.save_at = None;
        self.renew_at = Instant::now() + self.settings.lease / RENEWALS_PER_LEASE;
    }

    fn count(&self, batch: &Batch, source: &'static str) {
        metrics::count_events(self.name(), source, batch.public.len());
        self.commit.consumer.handled(batch.upto);
    }

    fn is_live(&self) -> bool {
        self.listener.as_ref().is_some_and(Listener::is_live)
    }

    fn name(&self) -> &'static str {
        self.commit.consumer.identity().name
    }
}
