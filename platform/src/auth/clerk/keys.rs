//! The keys at hand: fetched beside the requests, which wait for them briefly or not at all.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rand::{TryRngCore, rngs::OsRng};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    super::AuthFailure,
    fetch::KeySource,
    jwks::{KeySet, VerifyingKey},
    metrics,
};
use crate::{backoff::Backoff, clock::Clock};

/// How keys are kept fresh.
#[derive(Clone, Copy, Debug)]
pub struct KeyTiming {
    /// Between two fetches that nobody asked for; a tenth more or less, so that processes that were started together do
    /// not ask together.
    pub refresh_every: Duration,
    /// After the first fetch that failed; the wait doubles, up to [`Self::retry_max`].
    pub retry_first: Duration,
    /// The longest wait after a failure.
    pub retry_max: Duration,
    /// Between two fetches because of a key that is not known: whoever makes up key ids makes nobody ask more often.
    pub demand_gap: Duration,
    /// How long a request waits for a fetch that is under way.
    pub wait_max: Duration,
    /// How long a fetch takes, from connecting to the last byte.
    pub fetch_max: Duration,
}

impl Default for KeyTiming {
    fn default() -> Self {
        Self {
            refresh_every: Duration::from_hours(1),
            retry_first: Duration::from_secs(1),
            retry_max: Duration::from_mins(1),
            demand_gap: Duration::from_mins(1),
            wait_max: Duration::from_secs(2),
            fetch_max: Duration::from_secs(5),
        }
    }
}

/// The keys of one issuer: never mixed with another's, whose tokens would then be believed here.
pub(super) struct Keys {
    source: KeySource,
    timing: KeyTiming,
    clock: Arc<dyn Clock>,
    state: watch::Sender<State>,
    /// When a key that is not known last caused a fetch.
    demanded_at: Mutex<Option<Instant>>,
    demand: Notify,
}

#[derive(Clone, Debug, Default)]
struct State {
    /// The last good set, for as long as there is none newer; absent before the first.
    set: Option<Arc<KeySet>>,
    /// Fetches that have ended, however they did.
    ended: u64,
    is_fetching: bool,
}

impl State {
    fn key(&self, kid: &str) -> Option<VerifyingKey> {
        self.set.as_ref()?.get(kid).cloned()
    }
}

impl Keys {
    pub(super) fn new(source: KeySource, timing: KeyTiming, clock: Arc<dyn Clock>) -> Self {
        metrics::describe();
        // Until the first fetch has ended one counts as under way: the first requests wait for it.
        let state = State { is_fetching: true, ..State::default() };
        Self {
            source,
            timing,
            clock,
            state: watch::Sender::new(state),
            demanded_at: Mutex::default(),
            demand: Notify::new(),
        }
    }

    /// The key of that id.
    ///
    /// One that is not known may be new: it causes a fetch, unless one did so a minute ago, and the request waits for
    /// it, or for one that is under way, two seconds at most.
    ///
    /// # Errors
    /// [`AuthFailure::UnknownKey`]; [`AuthFailure::ProviderUnavailable`] as long as there never was a set.
    pub(super) async fn find(&self, kid: &str) -> Result<VerifyingKey, AuthFailure> {
        let mut states = self.state.subscribe();
        let seen = states.borrow_and_update().clone();
        if let Some(key) = seen.key(kid) {
            return Ok(key);
        }
        if seen.is_fetching || (seen.set.is_some() && self.is_demand_taken()) {
            let ended = states.wait_for(|now| now.ended > seen.ended);
            // Whoever waited too long is told by what there is.
            let _waited = timeout(self.timing.wait_max, ended).await;
        }
        let now = self.state.borrow().clone();
        let unknown =
            if now.set.is_some() { AuthFailure::UnknownKey } else { AuthFailure::ProviderUnavailable };
        now.key(kid).ok_or(unknown)
    }

    /// Asks for a fetch; of any number of callers within the gap, one is heard.
    fn is_demand_taken(&self) -> bool {
        let mut demanded_at = self.demanded_at.lock().unwrap_or_else(PoisonError::into_inner);
        if demanded_at.is_some_and(|at| at.elapsed() < self.timing.demand_gap) {
            return false;
        }
        *demanded_at = Some(Instant::now());
        self.demand.notify_one();
        true
    }

    /// Fetches at once, then again and again until `stop`. One task: fetches never run beside each other.
    pub(super) async fn run(&self, stop: CancellationToken) {
        let mut backoff = Backoff::new(self.timing.retry_first, self.timing.retry_max);
        loop {
            self.state.send_modify(|state| state.is_fetching = true);
            let fetched = tokio::select! {
                () = stop.cancelled() => return,
                fetched = self.source.fetch() => fetched,
            };
            metrics::fetched(fetched.is_ok());
            let (set, wait) = match fetched {
                Ok(set) => {
                    metrics::fresh(self.clock.now());
                    if !backoff.is_fresh() || self.state.borrow().set.is_none() {
                        tracing::info!(keys = set.len(), "Clerk's keys are at hand");
                    }
                    backoff.succeeded();
                    (Some(Arc::new(set)), jittered(self.timing.refresh_every))
                }
                Err(error) => {
                    self.warn(&error);
                    (None, backoff.failed())
                }
            };
            self.state.send_modify(|state| {
                // As a whole: a key that is no longer published is no longer believed. After a failure the last set
                // stays, for as long as it takes: Clerk being down must not be everybody being locked out.
                if set.is_some() {
                    state.set = set;
                }
                state.ended += 1;
                state.is_fetching = false;
            });
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(wait) => {}
                () = self.demand.notified() => {}
            }
        }
    }

    fn warn(&self, error: &super::fetch::FetchError) {
        let error = error as &dyn std::error::Error;
        if self.state.borrow().set.is_some() {
            tracing::warn!(error, "Clerk's keys cannot be fetched; the last ones are kept");
        } else {
            tracing::error!(error, "Clerk's keys cannot be fetched; until they are, nobody is let in");
        }
    }
}

/// A tenth less to a tenth more.
fn jittered(wait: Duration) -> Duration {
    // Without randomness, which is for spreading alone, it is the same wait for all.
    let thousandths = OsRng.try_next_u32().map_or(1_000, |number| 900 + number % 201);
    wait * thousandths / 1_000
}
