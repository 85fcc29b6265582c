//! Where buckets are kept: a map that a hostile caller cannot grow.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use governor::{
    nanos::Nanos,
    state::{StateStore, keyed::ShrinkableKeyedStateStore},
};

/// When each caller's bucket is full again, for at most so many callers; clones share it.
///
/// A caller that is not remembered has a full bucket. So forgetting must never be in a caller's power: once there
/// is no room, nobody is forgotten who has used any of theirs, and whoever is new shares one bucket with all others
/// that are. That refuses strangers while somebody uses very many addresses, and lets nobody through uncounted.
#[derive(Debug)]
pub(super) struct BoundedStore<K>(Arc<Inner<K>>);

#[derive(Debug)]
struct Inner<K> {
    scope: &'static str,
    keys_max: usize,
    state: Mutex<State<K>>,
}

#[derive(Debug)]
struct State<K> {
    full_at: HashMap<K, Nanos>,
    newcomers_full_at: Option<Nanos>,
}

impl<K> Clone for BoundedStore<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Hash + Eq + Clone> BoundedStore<K> {
    pub(super) fn new(scope: &'static str, keys_max: usize) -> Self {
        let state = Mutex::new(State { full_at: HashMap::new(), newcomers_full_at: None });
        Self(Arc::new(Inner { scope, keys_max, state }))
    }

    pub(super) fn is_full(&self) -> bool {
        self.state().full_at.len() >= self.0.keys_max
    }

    /// Puts back what one request had taken, which is worth so much time.
    pub(super) fn give_back(&self, key: &K, worth: Nanos) {
        let mut state = self.state();
        if let Some(full_at) = state.full_at.get_mut(key) {
            *full_at = Nanos::new(full_at.as_u64().saturating_sub(worth.as_u64()));
        }
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        // Numbers alone are behind the lock: whoever panicked with it has left them usable.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone> StateStore for BoundedStore<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut state = self.state();
        if let Some(full_at) = state.full_at.get_mut(key) {
            let (outcome, new_full_at) = decide(Some(*full_at))?;
            *full_at = new_full_at;
            return Ok(outcome);
        }
        if state.full_at.len() < self.0.keys_max {
            let (outcome, full_at) = decide(None)?;
            state.full_at.insert(key.clone(), full_at);
            return Ok(outcome);
        }
        metrics::counter!(super::OVERFLOW, "scope" => self.0.scope).increment(1);
        let (outcome, full_at) = decide(state.newcomers_full_at)?;
        state.newcomers_full_at = Some(full_at);
        Ok(outcome)
    }
}

impl<K: Hash + Eq + Clone> ShrinkableKeyedStateStore<K> for BoundedStore<K> {
    fn retain_recent(&self, drop_below: Nanos) {
        let mut state = self.state();
        state.full_at.retain(|_, full_at| *full_at > drop_below);
        // A flood that is over must not keep its memory.
        if state.full_at.capacity() > 4 * state.full_at.len() {
            state.full_at.shrink_to_fit();
        }
    }

    fn len(&self) -> usize {
        self.state().full_at.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
