//! What every handler of this crate is given.

use std::{sync::Arc, time::Duration};

use platform::{blobs::BlobStore, clock::Clock};
use sqlx::PgPool;

/// How long a read waits for its read model, as the contract has it.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// The read side's surroundings; cheap to clone.
#[derive(Clone)]
pub struct QueryState {
    /// Where the read tables are.
    pub(crate) pool: PgPool,
    /// Which Swedish day it is: VAT rates and default windows depend on it.
    pub(crate) clock: Arc<dyn Clock>,
    /// Where the files of invoices are.
    pub(crate) blobs: BlobStore,
    /// How long a read waits for its read model before it answers 503.
    pub(crate) wait_max: Duration,
}

impl QueryState {
    /// Reads from `pool`, which needs no more than the rights of `iris_query`, and from the store of files.
    pub fn new(pool: PgPool, clock: Arc<dyn Clock>, blobs: BlobStore) -> Self {
        Self { pool, clock, blobs, wait_max: WAIT_MAX }
    }

    /// The same with another bound on waiting for a read model; the default is 2 s.
    #[must_use]
    pub fn with_wait_max(self, wait_max: Duration) -> Self {
        Self { wait_max, ..self }
    }
}
