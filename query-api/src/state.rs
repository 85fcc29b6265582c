//! What every handler of this crate is given.

use std::{sync::Arc, time::Duration};

use events::audit::PublicKey;
use platform::{
    access_log::AccessLog,
    blobs::BlobStore,
    clock::{Clock, Ids},
    personal::PersonalKeys,
};
use sqlx::PgPool;
use tokio::sync::Semaphore;

use crate::audit::{Exports, STORIES_MAX};

/// How long a view is kept, unless told otherwise.
const VIEW_KEPT: Duration = Duration::from_hours(1);
/// How long a read waits for its read model, as the contract has it.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// What reads are answered from.
#[derive(Clone)]
pub struct Sources {
    /// Where the read tables are; needs no more than the rights of `iris_query`.
    pub pool: PgPool,
    /// Which Swedish day it is: VAT rates and default windows depend on it.
    pub clock: Arc<dyn Clock>,
    /// Ids of views.
    pub ids: Arc<dyn Ids>,
    /// Where the files of invoices are.
    pub blobs: BlobStore,
    /// What opens texts about people in answers.
    pub personal: PersonalKeys,
    /// Where reads of what is personal, secret or history are recorded.
    pub access_log: AccessLog,
}

/// The read side's surroundings; cheap to clone.
#[derive(Clone)]
pub struct QueryState {
    pub(crate) pool: PgPool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) blobs: BlobStore,
    pub(crate) personal: PersonalKeys,
    pub(crate) access_log: AccessLog,
    /// How many exports of history may run at once.
    pub(crate) exports: Exports,
    /// How long a view is kept after it was last read.
    pub(crate) view_kept: Duration,
    /// How long a read waits for its read model before it answers 503.
    pub(crate) wait_max: Duration,
    /// One verification of the log at a time.
    pub(crate) verifying: Arc<Semaphore>,
    /// A few stories of orders at a time.
    pub(crate) telling: Arc<Semaphore>,
    /// Keys of seals that are known from elsewhere than the database.
    pub(crate) trusted_keys: Arc<[PublicKey]>,
    /// Whether code checks whose rows a caller may see; only a test of the database's own walls says no.
    pub(crate) checks_ownership: bool,
}

impl QueryState {
    /// Reads from these.
    pub fn new(sources: Sources) -> Self {
        let Sources { pool, clock, ids, blobs, personal, access_log } = sources;
        Self {
            pool,
            clock,
            ids,
            blobs,
            personal,
            access_log,
            exports: Exports::default(),
            view_kept: VIEW_KEPT,
            wait_max: WAIT_MAX,
            verifying: Arc::new(Semaphore::new(1)),
            telling: Arc::new(Semaphore::new(STORIES_MAX)),
            trusted_keys: Arc::new([]),
            checks_ownership: true,
        }
    }

    /// The same with another time that views are kept; the default is an hour.
    #[must_use]
    pub fn with_view_kept(self, view_kept: Duration) -> Self {
        Self { view_kept, ..self }
    }

    /// The same with another bound on waiting for a read model; the default is 2 s.
    #[must_use]
    pub fn with_wait_max(self, wait_max: Duration) -> Self {
        Self { wait_max, ..self }
    }

    /// The same, believing seals only of keys that these lead to; the default is to believe the database.
    #[must_use]
    pub fn with_trusted_keys(self, trusted_keys: Vec<PublicKey>) -> Self {
        Self { trusted_keys: trusted_keys.into(), ..self }
    }

    /// The same with every ownership check in code switched off, as if each of them were forgotten: what a caller
    /// then still does not get, row-level security keeps from it. For the tests of row-level security alone.
    #[doc(hidden)]
    #[must_use]
    pub fn with_ownership_checks_switched_off_for_tests(self) -> Self {
        Self { checks_ownership: false, ..self }
    }
}
