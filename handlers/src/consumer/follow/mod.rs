//! Following: what arrives becomes batches, and what does not arrive is looked for.

mod wait;

use platform::backoff::Backoff;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    HandleError, Settings,
    commit::{Commit, Outcome, Source},
    line::{Fit, Line, Step},
    listener::{Arrival, Listener},
    metrics,
};
use crate::{
    Nats,
    followers::{Distance, Hold},
    wire::Place,
};
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
    fence: i64,
    line: Line,
    listener: Option<Listener>,
    nats: Option<Nats>,
    wake: watch::Receiver<i64>,
    settings: Settings,
    /// No batch beyond this position: how far the read models were when last asked.
    limit: i64,
    /// There is something to do as soon as they are further.
    is_limited: bool,
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

impl Follow {
    pub(super) fn new(
        commit: Commit,
        hold: Hold,
        wake: watch::Receiver<i64>,
        nats: Option<Nats>,
        settings: Settings,
    ) -> Self {
        let now = Instant::now();
        Self {
            commit,
            fence: hold.fence,
            line: Line::new(hold.position),
            listener: nats.clone().map(|nats| Listener::start(nats, settings.poll)),
            nats,
            wake,
            limit: hold.position,
            is_limited: false,
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

    /// Follows until `shutdown`, until the hold is lost, or until an error, after which it can go on.
    pub(super) async fn go_on(
        &mut self,
        shutdown: &CancellationToken,
        backoff: &mut Backoff,
    ) -> Result<Ended, HandleError> {
        while !shutdown.is_cancelled() {
            if (self.is_unsure || Instant::now() >= self.renew_at) && !self.renew().await? {
                return Ok(Ended::Lost);
            }
            if Instant::now() >= self.sweep_at {
                self.sweep().await?;
            }
            self.drain().await?;
            let step = self.step().await?;
            match step {
                Step::Wait => {
                    if let Woken::Stop = self.wait(shutdown).await? {
                        break;
                    }
                }
                Step::Log { upto } => self.handle(upto, Source::Log).await?,
                Step::Pending { upto } => {
                    let events = self.line.take(upto);
                    self.handle(upto, Source::Nats(events)).await?;
                }
            }
            // Done, or nothing left to do; to wait for read models proves nothing about a batch that fails.
            if !backoff.is_fresh() && !self.is_unsure && !self.is_limited {
                backoff.succeeded();
                tracing::info!(consumer = self.name(), "going on");
            }
        }
        Ok(Ended::Stopped)
    }

    async fn step(&mut self) -> Result<Step, HandleError> {
        // Inner events are not announced one by one: a stretch may hold some whatever it looks like.
        let has_inner = !self.commit.consumer.identity().inner_kinds.is_empty();
        let is_eager = has_inner || self.is_flushing;
        let reach = if has_inner { self.settings.batch_max } else { i64::MAX };
        let next = |line: &Line, limit| line.step(self.settings.batch_max, reach, limit, is_eager);
        if self.limit < self.line.end() && next(&self.line, i64::MAX) != Step::Wait {
            self.limit = self.commit.limit().await?;
        }
        let step = next(&self.line, self.limit);
        self.is_limited = step == Step::Wait && next(&self.line, i64::MAX) != Step::Wait;
        if step == Step::Wait && !self.is_limited {
            self.is_flushing = false;
        }
        Ok(step)
    }

    async fn handle(&mut self, upto: i64, source: Source) -> Result<(), HandleError> {
        let hold = Hold { position: self.line.position(), fence: self.fence };
        match self.commit.batch(hold, upto, source).await {
            Ok(Outcome::Handled) => {
                self.line.moved(upto);
                // The batch renewed the lease.
                self.renew_at = Instant::now() + self.settings.lease / RENEWALS_PER_LEASE;
            }
            Ok(Outcome::Missed) => self.is_unsure = true,
            Ok(Outcome::NotOurs) => {
                tracing::error!(
                    consumer = self.name(),
                    upto,
                    "NATS carries what is not in this log; the log is read"
                );
                // All that was heard may be of that log: this one is asked how far it goes, at once.
                self.line = Line::new(hold.position);
                self.swept_end = hold.position;
                self.sweep_at = Instant::now();
            }
            Err(error) => {
                self.is_unsure = true;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes what has arrived, as much as a batch may hold.
    async fn drain(&mut self) -> Result<(), HandleError> {
        while self.has_room()
            && let Some(arrival) = self.listener.as_mut().and_then(Listener::try_next)
        {
            self.arrived(arrival).await?;
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        i64::try_from(self.line.pending()).is_ok_and(|pending| pending < self.settings.batch_max)
    }

    async fn arrived(&mut self, arrival: Arrival) -> Result<(), HandleError> {
        match arrival {
            // Attached first, the head asked then: what is in neither cannot be.
            Arrival::Attached => {
                let distance = Distance::from(&self.commit.pool, self.line.position()).await?;
                self.line.read_log(distance.head);
            }
            Arrival::Event(place, event) => {
                if self.line.event(place, *event) == Fit::Hole {
                    metrics::count_hole(self.name());
                }
            }
            Arrival::Unreadable(place) => self.line.read_log(place.position),
            Arrival::Head(place) => {
                // It travels beside the messages and may overtake them.
                if self.line.head(place) == Fit::Hole && self.overdue.is_none() {
                    self.overdue = Some((place, Instant::now() + self.settings.grace));
                }
            }
        }
        if self.overdue.is_some_and(|(place, _)| place.previous <= self.line.end()) {
            self.overdue = None;
        }
        Ok(())
    }

    /// What was sent did not come in time: it is read from the log. The subscription may be waiting for
    /// sequences that its stream no longer counts up to, which nats-server does in silence, so it is made anew.
    fn give_up_waiting(&mut self) {
        let Some((place, _)) = self.overdue.take_if(|(_, until)| Instant::now() >= *until) else { return };
        metrics::count_hole(self.name());
        self.line.read_log(place.position);
        self.listener = self.nats.clone().map(|nats| Listener::start(nats, self.settings.poll));
    }

    fn is_live(&self) -> bool {
        self.listener.as_ref().is_some_and(Listener::is_live)
    }

    fn name(&self) -> &'static str {
        self.commit.consumer.identity().name
    }
}
