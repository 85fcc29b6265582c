//! Who a request turned out to be from, for those who look at its answer.

use std::sync::{Arc, OnceLock};

use super::Identity;
use crate::access_log::Who;

/// Put into a request by the shell, filled where a route asks for an [`Identity`], read with the answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallerSlot(Arc<OnceLock<Who>>);

impl CallerSlot {
    /// The route believes the caller to be this one.
    pub(crate) fn fill(&self, identity: &Identity) {
        // A route that asks twice gets the same identity twice.
        let _same = self.0.set(identity.into());
    }

    /// Whom the route believed it to be.
    pub(crate) fn who(&self) -> Who {
        self.0.get().cloned().unwrap_or(Who::Anonymous)
    }
}
