//! Which part of the log is asked for.

use chrono::{DateTime, Utc};
use deserr::Deserr;
use events::{
    StreamKind,
    log::{EventFilter, position_at},
};
use platform::body::{Faults, FromText, Invalid, Parsed, Text};
use sqlx::PgConnection;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::failure::ReadFailure;

/// Which events.
#[derive(Clone, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryFilter {
    /// Of streams of this kind: `order`, `stock`, `invoice`, …
    #[deserr(default)]
    #[param(value_type = Option<String>, example = "order")]
    stream_type: Option<Parsed<Kind>>,
    /// Of streams of this id.
    #[deserr(default)]
    stream_id: Option<Uuid>,
    /// Of this type.
    #[deserr(default, rename = "type")]
    #[param(rename = "type", value_type = Option<String>, min_length = 1, max_length = 100,
        pattern = "^[^\\x00-\\x08\\x0B-\\x1F\\x7F-\\x9F]*$", example = "OrderPlaced")]
    event_type: Option<Text<1, 100>>,
    /// By this actor: `account:<id>:<ROLE>` or `system:<name>`.
    #[deserr(default)]
    #[param(value_type = Option<String>, min_length = 1, max_length = 200,
        pattern = "^[^\\x00-\\x08\\x0B-\\x1F\\x7F-\\x9F]*$")]
    actor: Option<Text<1, 200>>,
    /// Recorded at this time or later.
    #[deserr(default)]
    #[param(example = "2026-11-01T00:00:00Z")]
    from: Option<DateTime<Utc>>,
    /// Recorded before this time.
    #[deserr(default)]
    #[param(example = "2026-12-01T00:00:00Z")]
    to: Option<DateTime<Utc>>,
    /// At this position or later; where an export is to go on, the `position` of the last one's end plus one.
    #[deserr(default)]
    #[param(value_type = Option<i64>, minimum = 1)]
    from_position: Option<Parsed<Position>>,
    /// At this position or before.
    #[deserr(default)]
    #[param(value_type = Option<i64>, minimum = 1)]
    to_position: Option<Parsed<Position>>,
}

/// A stretch of the log: `after < position <= upto`. Empty where `upto` is not above `after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) after: i64,
    pub(super) upto: i64,
}

impl HistoryFilter {
    /// What of an event decides whether it is wanted.
    pub(super) fn events(&self) -> EventFilter {
        EventFilter {
            stream_kind: self.stream_type.map(|kind| kind.0.0),
            stream_id: self.stream_id,
            event_type: self.event_type.as_ref().map(|text| text.as_str().to_owned()),
            actor: self.actor.as_ref().map(|text| text.as_str().to_owned()),
        }
    }

    /// The positions that are asked for, in a log that ends at `head`.
    pub(super) async fn span(&self, connection: &mut PgConnection, head: i64) -> Result<Span, ReadFailure> {
        let mut after = self.from_position.map_or(0, |position| position.0.0 - 1);
        let mut upto = self.to_position.map_or(head, |position| position.0.0.min(head));
        if let Some(from) = self.from {
            let first = position_at(&mut *connection, from).await?;
            after = after.max(first.map_or(head, |first| first - 1));
        }
        if let Some(to) = self.to {
            let first = position_at(connection, to).await?;
            upto = upto.min(first.map_or(head, |first| first - 1));
        }
        Ok(Span { after, upto })
    }
}

/// A kind of stream as a parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind(pub(super) StreamKind);

impl FromText for Kind {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let names = || StreamKind::ALL.map(StreamKind::name).join(", ");
        let unknown = || Invalid::new("unknown_value", format!("Must be one of {}.", names()));
        StreamKind::named(text).map(Self).ok_or_else(unknown)
    }
}

/// A position of the log as a parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position(pub(super) i64);

impl FromText for Position {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let position = i64::from_text(text).ok().filter(|position| *position >= 1);
        position.map(Self).ok_or_else(|| Invalid::new("invalid_number", "Must be a whole number from 1 up."))
    }
}
