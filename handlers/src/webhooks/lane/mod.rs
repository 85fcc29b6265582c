//! One lane: everything that is sent to one endpoint, by one task, for as long as it is held.
//!
//! What a lane may send next is asked of the database: the head of each aggregate that is due. A delivery
//! leaves its place at the head only when its result is committed, so what comes after it is sent only then,
//! and no crash can turn the order around.

mod attempt;
mod heads;
mod held;
mod owner;
mod refill;
mod send;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use events::webhook_endpoint::EndpointStatus;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(super) use self::held::{HELD_COLUMNS, HeldLane};
use self::{
    attempt::Attempted,
    send::{PermitWait, wait_for},
};
use super::{
    bell::Listener, dispatcher::Running, handshake, health::Breaker, pace::Pace, request::DueDelivery,
    secrets::Secrets, writer::Written,
};

/// When a receiver is asked whether it agrees, if too many others are being asked.
const HANDSHAKE_LATER: TimeDelta = TimeDelta::seconds(1);
/// Deliveries that a lane fetches at first; doubles.
const REACH_FIRST: usize = 8;

/// Why a lane is no longer worked on.
#[derive(Debug)]
enum Ended {
    /// It was let go.
    Released,
    /// It is, or may be, in other hands.
    Lost,
}

/// A lane at work.
pub(super) struct Lane {
    running: Arc<Running>,
    listener: Listener,
    held: HeldLane,
    secrets: Secrets,
    pace: Arc<Pace>,
    queue: VecDeque<DueDelivery>,
    /// Fetched and not yet committed: not to be fetched again. True where one may wait for it.
    taken: HashMap<Uuid, bool>,
    /// The last fetch brought all that it asked for: there may be more.
    has_more: bool,
    /// As of when all that was due has been looked at; `None` where it has not.
    complete_at: Option<DateTime<Utc>>,
    /// Committed, and something may have waited for them.
    done: Vec<Uuid>,
    /// Some deliveries may be marked without need.
    marks_unsure: bool,
    in_flight: JoinSet<Attempted>,
    written: mpsc::UnboundedReceiver<Written>,
    tell: mpsc::UnboundedSender<Written>,
    permit: Option<OwnedSemaphorePermit>,
    permit_wait: Option<PermitWait>,
    /// Requests at once, as far as an endpoint that was away is trusted again.
    ramp: usize,
    /// Deliveries fetched at once: the more, the longer there is more. A dead endpoint's lane is let go after its
    /// first few, and what it fetched beyond them was for nothing.
    reach: usize,
    /// The database may have more than was fetched.
    is_stale: bool,
    looked_at: Instant,
    busy_at: Instant,
    claimed_at: Instant,
    paced_until: Option<Instant>,
    /// It is let go as soon as nothing is under way, and not due before then: after those that wait already.
    gives_way: Option<DateTime<Utc>>,
    /// The database did not answer; it is asked again then.
    rests_until: Option<Instant>,
    parting: Option<owner::Parting>,
}

impl Lane {
    /// Works on a lane that was claimed at that moment, until nothing is due, it is lost, or `shutdown`.
    pub(super) async fn run(
        running: Arc<Running>,
        held: HeldLane,
        listener: Listener,
        claimed_at: Instant,
        shutdown: CancellationToken,
    ) {
        let endpoint_id = held.endpoint_id;
        let secrets = loop {
            match load_secrets(&running, endpoint_id).await {
                Ok(secrets) => break secrets,
                // Its lease runs out, and whoever takes it up then goes on.
                Err(_) if shutdown.is_cancelled() || claimed_at.elapsed() > running.settings.lease / 2 => {
                    tracing::warn!(%endpoint_id, "lane not begun");
                    return;
                }
                Err(error) => tracing::warn!(%endpoint_id, %error, "lane waits for the database"),
            }
            tokio::time::sleep(running.settings.poll).await;
        };
        let ended = Self::begin(running, held, secrets, listener, claimed_at).work(shutdown).await;
        tracing::trace!(%endpoint_id, ?ended, "lane");
    }

    fn begin(
        running: Arc<Running>,
        held: HeldLane,
        secrets: Secrets,
        listener: Listener,
        claimed_at: Instant,
    ) -> Self {
        let pace = running.pace_of(&held);
        let marks_unsure = held.marked_revision != Some(held.revision);
        let (tell, written) = mpsc::unbounded_channel();
        let ramp = running.settings.in_flight_per_lane_max;
        Self {
            running,
            listener,
            held,
            secrets,
            pace,
            queue: VecDeque::new(),
            taken: HashMap::new(),
            has_more: false,
            complete_at: None,
            done: Vec::new(),
            marks_unsure,
            in_flight: JoinSet::new(),
            written,
            tell,
            permit: None,
            permit_wait: None,
            ramp,
            reach: REACH_FIRST,
            is_stale: true,
            looked_at: claimed_at,
            busy_at: claimed_at,
            claimed_at,
            paced_until: None,
            gives_way: None,
            rests_until: None,
            parting: None,
        }
    }

    async fn work(mut self, shutdown: CancellationToken) -> Ended {
        if self.held.endpoint.status == EndpointStatus::Unverified {
            self.shake_hands().await;
        }
        loop {
            if self.is_lost() {
                return Ended::Lost;
            }
            if self.gives_way.is_none() && self.has_had_its_turn() {
                self.gives_way = Some(self.running.clock.now());
            }
            let is_ending = shutdown.is_cancelled() || self.gives_way.is_some();
            if is_ending {
                self.stop();
            } else {
                if self.wants_refill() {
                    match self.refill().await {
                        Ok(true) => {}
                        Ok(false) => return Ended::Lost,
                        // Requests are under way: given up now, they would be made again.
                        Err(error) => self.rest(&error),
                    }
                } else if self.wants_look() {
                    match self.look().await {
                        Ok(true) => {}
                        Ok(false) => return Ended::Lost,
                        Err(error) => self.rest(&error),
                    }
                }
                self.part().await;
                self.send();
            }
            if self.is_idle() && (is_ending || self.has_lingered()) {
                match self.let_go().await {
                    Ok(Some(ended)) => return ended,
                    Ok(None) => continue,
                    // While a lane that is idle waits for the database, it may as well be kept.
                    Err(error) => self.rest(&error),
                }
            }
            if let Some(ended) = self.wait(&shutdown).await {
                return ended;
            }
        }
    }

    /// Lets the lane go; `None` where something has come.
    async fn let_go(&mut self) -> Result<Option<Ended>, sqlx::Error> {
        if self.release().await? {
            return Ok(Some(Ended::Released));
        }
        // Something came, or the lane is in other hands: looking again tells.
        if !self.look().await? {
            return Ok(Some(Ended::Lost));
        }
        self.is_stale = true;
        Ok(None)
    }

    /// Asks the receiver whether it agrees; later if many are being asked.
    async fn shake_hands(&mut self) {
        let Ok(_permit) = self.running.handshakes.clone().try_acquire_owned() else {
            self.gives_way = Some(self.running.clock.now() + HANDSHAKE_LATER);
            return;
        };
        if let Err(error) = handshake::attempt(&self.running, &mut self.held).await {
            // When to ask again was not written down, so it is asked again at once: but when the database is back.
            self.rest(&error);
        }
    }

    /// Others that are due have no lane to be sent in, and this one was held for long enough.
    fn has_had_its_turn(&self) -> bool {
        self.running.is_full.load(Ordering::Relaxed)
            && self.parting.is_none()
            && self.claimed_at.elapsed() >= self.running.settings.turn
    }

    /// Until something happens that changes what can be done.
    async fn wait(&mut self, shutdown: &CancellationToken) -> Option<Ended> {
        let until = self.next_look();
        tokio::select! {
            Some(attempted) = self.in_flight.join_next() => {
                // A request that panicked is a defect of ours: somebody goes on when the lease has run out.
                let Ok(attempted) = attempted else { return Some(Ended::Lost) };
                self.judge(attempted).await;
            }
            Some(written) = self.written.recv() => {
                if !self.is_written(written) {
                    return Some(Ended::Lost);
                }
            }
            permit = wait_for(&mut self.permit_wait) => {
                self.permit_wait = None;
                self.permit = permit;
            }
            () = self.listener.rung() => self.is_stale = true,
            () = tokio::time::sleep_until(until) => {
                self.is_stale |= self.looked_at.elapsed() >= self.running.settings.poll;
            }
            () = shutdown.cancelled(), if !shutdown.is_cancelled() => {}
        }
        None
    }

    fn is_written(&mut self, written: Written) -> bool {
        let Written::Committed(delivery_id) = written else { return false };
        // Only a commit that somebody waits for makes another look worth its while: one look per delivery would
        // cost more than the deliveries.
        if self.taken.remove(&delivery_id) == Some(true) {
            self.done.push(delivery_id);
            self.is_stale = true;
        }
        true
    }

    fn rest(&mut self, error: &sqlx::Error) {
        tracing::warn!(endpoint_id = %self.held.endpoint_id, %error, "lane waits for the database");
        self.rests_until = Some(Instant::now() + self.running.settings.poll);
        self.is_stale = true;
    }

    /// Begins nothing any more.
    fn stop(&mut self) {
        self.parting = None;
        self.is_stale = false;
        self.forget_queue();
    }

    fn is_open(&self) -> bool {
        let breaker = self.held.health.breaker(&self.running.settings, self.running.clock.now());
        matches!(breaker, Breaker::Open(_))
    }

    /// Nothing is under way, and nothing can be begun.
    fn is_idle(&self) -> bool {
        let nothing_queued = self.queue.is_empty() && !self.is_stale && !self.has_more || self.is_open();
        let nothing_under_way = self.in_flight.is_empty() && self.taken.len() == self.queue.len();
        nothing_queued && nothing_under_way && self.parting.is_none()
    }

    fn has_lingered(&self) -> bool {
        self.is_open() || self.busy_at.elapsed() >= self.running.settings.linger
    }

    /// Past three quarters of its lease without a renewal, a lane counts as lost: what is sent after the lease
    /// may be sent by somebody else, too.
    ///
    /// So does one whose results nobody writes any more: what it waits for will never be committed.
    fn is_lost(&self) -> bool {
        if self.running.writer.is_closed() {
            return true;
        }
        let renewed_at = *self.running.renewed.borrow();
        self.claimed_at.max(renewed_at).elapsed() > self.running.settings.lease * 3 / 4
    }

    fn next_look(&self) -> Instant {
        let settings = &self.running.settings;
        let pause =
            if self.is_idle() { settings.linger.max(Duration::from_millis(1)) } else { settings.poll };
        let look = Instant::now() + pause.min(settings.poll);
        self.paced_until.map_or(look, |until| until.min(look))
    }
}

async fn load_secrets(running: &Running, endpoint_id: Uuid) -> Result<Secrets, sqlx::Error> {
    let mut connection = running.pool.acquire().await?;
    Secrets::load(&mut connection, &running.seal, endpoint_id).await
}
