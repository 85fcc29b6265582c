//! What a run leaves of itself in its record.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// The first day that is forecast.
    pub(super) origin_day: NaiveDate,
    /// The half of `forecast.series` that it writes.
    pub(super) slot: i16,
    /// Its demand is that of the log up to here.
    pub(super) input_position: i64,
    /// All up to that supplier's product is written.
    pub(super) after: Option<(Uuid, Uuid)>,
    /// Series so far.
    pub(super) done: u64,
    /// Suppliers up to this one have been told.
    pub(super) told: Option<Uuid>,
    /// When it was whole, the run of a later day was shown: it is on record, and neither shown nor told.
    #[serde(default)]
    pub(super) is_superseded: bool,
}

impl Checkpoint {
    /// `None` where another program wrote it: then the run begins anew.
    pub(super) fn read(saved: Option<&Value>) -> Option<Self> {
        Self::deserialize(saved?).ok()
    }
}

impl From<&Checkpoint> for Value {
    fn from(checkpoint: &Checkpoint) -> Self {
        serde_json::to_value(checkpoint).expect("dates, numbers and ids are JSON")
    }
}
