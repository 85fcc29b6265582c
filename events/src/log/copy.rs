//! Reading a long stretch of the log at the speed of COPY, in memory that does not grow with it.

use chrono::{DateTime, TimeDelta, Utc};
use futures::{Stream, TryStreamExt, future, stream};
use sqlx::{PgConnection, error::BoxDynError};
use uuid::Uuid;

use crate::envelope::RecordedEvent;

/// Columns of [`RecordedEvent`] in the order in which [`Fields`] are taken.
const COLUMNS: &str = "global_position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, \
     payload::text, metadata::text, recorded_at, command_id, actor, content_hash";
const FIELDS: i16 = 13;
/// `PGCOPY`, its fixed signature, then flags and the length of a header extension.
const HEADER_BYTES: usize = 19;
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Events handed on at a time, but for the last ones.
const CHUNK: usize = 512;

/// A row that holds what no append ever wrote: somebody has changed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event at position {position} cannot be read: {reason}")]
pub(crate) struct Unreadable {
    /// Where it stands.
    pub(crate) position: i64,
    /// Its id, if that can be read.
    pub(crate) event_id: Option<Uuid>,
    /// What cannot be read.
    pub(crate) reason: &'static str,
}

/// A row of the log as it was found.
pub(crate) type Row = Result<RecordedEvent, Unreadable>;

/// What COPY sent is no row of the log, or breaks off.
#[derive(Debug, thiserror::Error)]
#[error("COPY sent what is no event: {0}")]
struct NotAnEvent(&'static str);

/// The events with `after < global_position <= upto`, by position, some hundreds at a time.
///
/// One statement, so one snapshot. The stream ends well only after the database has said that this was all: a
/// connection that dies on the way is an error, never a shorter history. Whoever drops it early must give up the
/// connection as well: it would first have to read the rest.
///
/// # Errors
/// Whatever the database says, also that events of the stretch are archived ([`super::archived`]); a row that is no
/// event, named by its position.
pub async fn copy_events(
    connection: &mut PgConnection,
    after: i64,
    upto: i64,
) -> Result<impl Stream<Item = Result<Vec<RecordedEvent>, sqlx::Error>> + Send + '_, sqlx::Error> {
    let rows = copy_rows(connection, after, upto).await?;
    Ok(rows.and_then(|some| {
        let events = some.into_iter().collect::<Result<Vec<_>, _>>();
        future::ready(events.map_err(|unreadable| sqlx::Error::Decode(unreadable.into())))
    }))
}

/// As [`copy_events`], for those who look for what was changed: a row that is no event does not end it.
///
/// # Errors
/// Whatever the database says.
pub(crate) async fn copy_rows(
    connection: &mut PgConnection,
    after: i64,
    upto: i64,
) -> Result<impl Stream<Item = Result<Vec<Row>, sqlx::Error>> + Send + '_, sqlx::Error> {
    // COPY takes no parameters; these are integers, and cannot be anything else.
    let statement = format!(
        "COPY (SELECT {COLUMNS} FROM public.events WHERE global_position > {after} AND global_position <= {upto} \
         AND (SELECT public.expect_events({after}, {upto})) ORDER BY global_position) TO STDOUT (FORMAT binary)"
    );
    let bytes = connection.copy_out_raw(&statement).await?;
    Ok(stream::try_unfold((bytes, Rows::default()), |(mut bytes, mut rows)| async move {
        let mut events = Vec::with_capacity(CHUNK);
        while events.len() < CHUNK && !rows.is_complete {
            match bytes.try_next().await? {
                Some(more) => rows.take(&more, &mut events)?,
                None => return Err(decode("it breaks off")),
            }
        }
        if events.is_empty() {
            // Behind the mark at the end comes the server's word that the statement has succeeded, or that it has not.
            return match bytes.try_next().await? {
                None => Ok(None),
                Some(_) => Err(decode("it goes on after its end")),
            };
        }
        Ok(Some((events, (bytes, rows))))
    }))
}

/// What has arrived and is not taken yet.
#[derive(Default)]
struct Rows {
    buffer: Vec<u8>,
    /// The header is behind us.
    has_begun: bool,
    /// The mark at the end has come.
    is_complete: bool,
}

impl Rows {
    /// Takes the rows that have arrived whole; Postgres sends one at a time, so next to nothing is left over.
    fn take(&mut self, more: &[u8], events: &mut Vec<Row>) -> Result<(), sqlx::Error> {
        self.buffer.extend_from_slice(more);
        let mut rest = self.buffer.as_slice();
        if !self.has_begun {
            let Some((header, behind)) = rest.split_at_checked(HEADER_BYTES) else { return Ok(()) };
            if !header.starts_with(SIGNATURE) {
                return Err(decode("it has another form"));
            }
            self.has_begun = true;
            rest = behind;
        }
        while !self.is_complete {
            let mut fields = Fields { rest };
            match fields.int16() {
                None => break,
                Some(-1) => self.is_complete = true,
                Some(FIELDS) => match fields.row()? {
                    None => break,
                    Some(event) => events.push(event),
                },
                Some(_) => return Err(decode("it has other columns")),
            }
            rest = fields.rest;
        }
        let taken = self.buffer.len() - rest.len();
        self.buffer.drain(..taken);
        Ok(())
    }
}

/// A reader over bytes; `None` where they end too early.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*bytes)
    }

    fn int16(&mut self) -> Option<i16> {
        self.bytes().map(i16::from_be_bytes)
    }

    /// The next field: its length, then so many bytes; the length of NULL, which no column may hold, is -1.
    #[expect(clippy::option_option, reason = "a field that has not arrived yet is not NULL")]
    fn field(&mut self) -> Option<Option<&'a [u8]>> {
        let Ok(length) = usize::try_from(i32::from_be_bytes(self.bytes()?)) else { return Some(None) };
        let (field, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(Some(field))
    }

    /// The next row, if all of it has arrived.
    fn row(&mut self) -> Result<Option<Row>, sqlx::Error> {
        let mut fields = [None; FIELDS as usize];
        for field in &mut fields {
            let Some(found) = self.field() else { return Ok(None) };
            *field = found;
        }
        let [position, id, ..] = fields;
        let position = position.and_then(int64).ok_or_else(|| decode("a position is no bigint"))?;
        let unreadable = |reason| Unreadable { position, event_id: id.and_then(uuid), reason };
        Ok(Some(event(position, fields).map_err(unreadable)))
    }
}

/// The event that stands at that position, or what of it cannot be read.
fn event(position: i64, fields: [Option<&[u8]>; FIELDS as usize]) -> Result<RecordedEvent, &'static str> {
    let [
        _,
        event_id,
        kind,
        stream_id,
        sequence,
        event_type,
        version,
        payload,
        metadata,
        at,
        command,
        actor,
        hash,
    ] = fields;
    Ok(RecordedEvent {
        global_position: position,
        event_id: event_id.and_then(uuid).ok_or("its id is none")?,
        stream_kind: kind.and_then(text).ok_or("its stream's type is no text")?,
        stream_id: stream_id.and_then(spelt_uuid).ok_or("its stream's id is none as they are written")?,
        sequence: sequence.and_then(int64).ok_or("its sequence is no number")?,
        event_type: event_type.and_then(text).ok_or("its type is no text")?,
        event_version: version.and_then(text).ok_or("its version is no text")?,
        payload: payload.and_then(text).ok_or("its payload is no text")?,
        metadata: metadata.and_then(text).ok_or("its metadata is no text")?,
        recorded_at: at.and_then(int64).and_then(moment).ok_or("its time is no moment")?,
        command_id: command.and_then(uuid).ok_or("its command's id is none")?,
        actor: actor.and_then(text).ok_or("its actor is no text")?,
        content_hash: hash.ok_or("it has no content hash")?.to_vec(),
    })
}

fn int64(field: &[u8]) -> Option<i64> {
    field.try_into().ok().map(i64::from_be_bytes)
}

fn uuid(field: &[u8]) -> Option<Uuid> {
    Uuid::from_slice(field).ok()
}

/// Of the ways in which an id can be written only the one in which appends write it: the hash is over the id and not
/// over its text, so another spelling, which no reader would find, would pass.
fn spelt_uuid(field: &[u8]) -> Option<Uuid> {
    let id = Uuid::try_parse_ascii(field).ok()?;
    (id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes() == field).then_some(id)
}

fn text(field: &[u8]) -> Option<String> {
    std::str::from_utf8(field).ok().map(ToOwned::to_owned)
}

/// `None` also for `infinity`.
///
/// # Source
/// PostgreSQL's documentation, "Date/Time Types": microseconds since 2000-01-01.
fn moment(micros: i64) -> Option<DateTime<Utc>> {
    const YEAR_2000_SECONDS: i64 = 946_684_800;
    let epoch = DateTime::from_timestamp(YEAR_2000_SECONDS, 0).expect("a moment that there was");
    epoch.checked_add_signed(TimeDelta::microseconds(micros))
}

fn decode(what: &'static str) -> sqlx::Error {
    let error: BoxDynError = NotAnEvent(what).into();
    sqlx::Error::Decode(error)
}
