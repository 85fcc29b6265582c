//! Reading a long stretch of the log at the speed of COPY, in memory that does not grow with it.

use chrono::{DateTime, TimeDelta, Utc};
use futures::{Stream, TryStreamExt, stream};
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
/// Whatever the database says; a row that is no event.
pub async fn copy_events(
    connection: &mut PgConnection,
    after: i64,
    upto: i64,
) -> Result<impl Stream<Item = Result<Vec<RecordedEvent>, sqlx::Error>> + Send + '_, sqlx::Error> {
    // COPY takes no parameters; these are integers, and cannot be anything else.
    let statement = format!(
        "COPY (SELECT {COLUMNS} FROM public.events WHERE global_position > {after} AND global_position <= {upto} \
         ORDER BY global_position) TO STDOUT (FORMAT binary)"
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
    fn take(&mut self, more: &[u8], events: &mut Vec<RecordedEvent>) -> Result<(), sqlx::Error> {
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
                Some(FIELDS) => match fields.event()? {
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

    /// The next field: its length, then so many bytes. None of these columns can be NULL, whose length is -1.
    fn field(&mut self) -> Result<Option<&'a [u8]>, sqlx::Error> {
        let Some(length) = self.bytes().map(i32::from_be_bytes) else { return Ok(None) };
        let length = usize::try_from(length).map_err(|_| decode("a column is empty"))?;
        let Some((field, rest)) = self.rest.split_at_checked(length) else { return Ok(None) };
        self.rest = rest;
        Ok(Some(field))
    }

    /// The next row, if all of it has arrived.
    fn event(&mut self) -> Result<Option<RecordedEvent>, sqlx::Error> {
        let mut fields: [&[u8]; FIELDS as usize] = [&[]; FIELDS as usize];
        for field in &mut fields {
            let Some(found) = self.field()? else { return Ok(None) };
            *field = found;
        }
        let [
            position,
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
        Ok(Some(RecordedEvent {
            global_position: int64(position)?,
            event_id: uuid(event_id)?,
            stream_kind: text(kind)?,
            stream_id: Uuid::try_parse_ascii(stream_id).map_err(|error| sqlx::Error::Decode(error.into()))?,
            sequence: int64(sequence)?,
            event_type: text(event_type)?,
            event_version: text(version)?,
            payload: text(payload)?,
            metadata: text(metadata)?,
            recorded_at: moment(int64(at)?)?,
            command_id: uuid(command)?,
            actor: text(actor)?,
            content_hash: hash.to_vec(),
        }))
    }
}

fn int64(field: &[u8]) -> Result<i64, sqlx::Error> {
    field.try_into().map(i64::from_be_bytes).map_err(|_| decode("a number is no bigint"))
}

fn uuid(field: &[u8]) -> Result<Uuid, sqlx::Error> {
    Uuid::from_slice(field).map_err(|error| sqlx::Error::Decode(error.into()))
}

fn text(field: &[u8]) -> Result<String, sqlx::Error> {
    // The server refuses to store a text that is not of its encoding; a client of another one would be told here.
    std::str::from_utf8(field).map(ToOwned::to_owned).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// # Source
/// PostgreSQL's documentation, "Date/Time Types": microseconds since 2000-01-01.
fn moment(micros: i64) -> Result<DateTime<Utc>, sqlx::Error> {
    const YEAR_2000_SECONDS: i64 = 946_684_800;
    let epoch = DateTime::from_timestamp(YEAR_2000_SECONDS, 0).expect("a moment that there was");
    epoch
        .checked_add_signed(TimeDelta::microseconds(micros))
        .ok_or_else(|| decode("a moment is out of range"))
}

fn decode(what: &'static str) -> sqlx::Error {
    let error: BoxDynError = NotAnEvent(what).into();
    sqlx::Error::Decode(error)
}
