//! Who a request turned out to be from, for those who look at its answer.

use std::sync::{Arc, OnceLock};

use super::{AuthFailure, Identity, RefusedKey};
use crate::access_log::Who;

/// Put into a request by the shell, filled where a route asks for an [`Identity`], read with the answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallerSlot(Arc<OnceLock<Result<Who, RefusedKey>>>);

impl CallerSlot {
    /// The route believes the caller to be this one.
    pub(crate) fn fill(&self, identity: &Identity) {
        // A route that asks twice gets the same identity twice.
        let _same = self.0.set(Ok(identity.into()));
    }

    /// The route does not believe it; if it showed a key, which one is worth knowing.
    pub(crate) fn fill_refused(&self, failure: AuthFailure) {
        if let AuthFailure::Key(key) = failure {
            let _same = self.0.set(Err(key));
        }
    }

    /// Whom the route believed it to be.
    pub(crate) fn who(&self) -> Who {
        self.0.get().and_then(|found| found.as_ref().ok()).cloned().unwrap_or(Who::Anonymous)
    }

    /// The key that was shown and is not believed.
    pub(crate) fn refused_key(&self) -> Option<RefusedKey> {
        self.0.get().and_then(|found| found.as_ref().err()).copied()
    }
}
