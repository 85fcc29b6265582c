//! Who is to look again, within this process: the lanes that it holds, and the dispatcher for the others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Notify;
use uuid::Uuid;

/// The lanes of this process, and a bell for each. Other processes find what is due by looking.
#[derive(Default)]
pub(super) struct Bell {
    lanes: Mutex<HashMap<Uuid, Hung>>,
    dispatcher: Notify,
    replays: Notify,
}

struct Hung {
    fence: i64,
    lane: Arc<Notify>,
}

/// A lane's ear for the bell; hears no more when dropped.
pub(super) struct Listener {
    bell: Arc<Bell>,
    endpoint_id: Uuid,
    fence: i64,
    lane: Arc<Notify>,
}

impl Bell {
    /// Something was queued or changed for these endpoints. One look each, however many events it was: a lane
    /// that nothing was queued for does not look.
    pub(super) fn ring(&self, endpoint_ids: impl IntoIterator<Item = Uuid>) {
        let lanes = self.lock();
        let mut others = false;
        for endpoint_id in endpoint_ids {
            match lanes.get(&endpoint_id) {
                Some(hung) => hung.lane.notify_one(),
                None => others = true,
            }
        }
        if others {
            self.dispatcher.notify_one();
        }
    }

    /// A replay may have begun.
    pub(super) fn ring_replays(&self) {
        self.replays.notify_one();
    }

    /// Until a lane that this process does not hold may be due.
    pub(super) async fn others_rung(&self) {
        self.dispatcher.notified().await;
    }

    /// Until a replay may have begun.
    pub(super) async fn replays_rung(&self) {
        self.replays.notified().await;
    }

    /// The lanes that are worked on, with their fences.
    pub(super) fn held(&self) -> (Vec<Uuid>, Vec<i64>) {
        self.lock().iter().map(|(endpoint_id, hung)| (*endpoint_id, hung.fence)).unzip()
    }

    /// An ear for a lane that was claimed.
    pub(super) fn hang(self: &Arc<Self>, endpoint_id: Uuid, fence: i64) -> Listener {
        let lane = Arc::new(Notify::new());
        self.lock().insert(endpoint_id, Hung { fence, lane: lane.clone() });
        Listener { bell: self.clone(), endpoint_id, fence, lane }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Hung>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// Until something was queued or changed for this lane since it was last waited for.
    pub(super) async fn rung(&self) {
        self.lane.notified().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut lanes = self.bell.lock();
        // A later claim of the same lane may listen in its stead.
        if lanes.get(&self.endpoint_id).is_some_and(|hung| hung.fence == self.fence) {
            lanes.remove(&self.endpoint_id);
        }
        // What was rung for after this lane was let go has been heard by nobody.
        self.bell.dispatcher.notify_one();
    }
}
