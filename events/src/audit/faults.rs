//! What can be wrong with the log.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// In which way the log is not what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The event is not the one that was recorded here.
    Altered,
    /// There is no event here, or the one that was sealed here is gone and those behind it moved up.
    Missing,
    /// An event that was put in afterwards: where others were sealed, or behind the end of the log.
    Inserted,
    /// The event was sealed at another position.
    Reordered,
    /// A seal, or the key that signed it, is not what it was.
    SealBroken,
    /// The head of the log is not where the log ends.
    Head,
    /// The event is not the next of its stream.
    OutOfSequence,
}

impl FaultKind {
    /// As in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Altered => "altered",
            Self::Missing => "missing",
            Self::Inserted => "inserted",
            Self::Reordered => "reordered",
            Self::SealBroken => "seal_broken",
            Self::Head => "head",
            Self::OutOfSequence => "out_of_sequence",
        }
    }
}

/// Something that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// The position concerned; of a seal the first that it covers or should cover.
    pub position: i64,
    /// In which way.
    pub kind: FaultKind,
    /// The event that stands there now, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<Uuid>,
    /// The seal concerned, by its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal: Option<i64>,
    /// What was found, in words.
    pub reason: String,
}

impl Fault {
    pub(super) fn new(position: i64, kind: FaultKind, reason: impl Into<String>) -> Self {
        Self { position, kind, event_id: None, seal: None, reason: reason.into() }
    }

    pub(super) fn of_event(self, event_id: impl Into<Option<Uuid>>) -> Self {
        Self { event_id: event_id.into(), ..self }
    }

    pub(super) fn of_seal(number: i64, position: i64, reason: impl Into<String>) -> Self {
        Self { seal: Some(number), ..Self::new(position, FaultKind::SealBroken, reason) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { position, kind, event_id, seal, reason } = self;
        write!(f, "position {position}: {}: {reason}", kind.name())?;
        if let Some(seal) = seal {
            write!(f, " (seal {seal})")?;
        }
        if let Some(event_id) = event_id {
            write!(f, " (event {event_id})")?;
        }
        Ok(())
    }
}
