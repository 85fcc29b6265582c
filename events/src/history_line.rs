//! History as lines: one JSON object per event, and a last one that says that this was all.
//!
//! A line holds every stored field of the event, so that whoever has it can compute its content hash
//! ([`crate::canonical`]) without us: `data` and `metadata` stand in it byte for byte as they were hashed.

use std::{borrow::Cow, io::Write as _};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    envelope::RecordedEvent,
    merkle::{Hash, MerkleRoot},
};

/// The content hash of an event is no SHA-256: its row has been altered.
#[derive(Debug, thiserror::Error)]
#[error("the content hash at position {position} has {bytes} bytes")]
pub struct NoHash {
    /// Where.
    pub position: i64,
    /// How many bytes there are instead of 32.
    pub bytes: usize,
}

/// Writes events as lines, and keeps what the last line says of them all.
#[derive(Clone, Debug)]
pub struct HistoryWriter {
    tree: MerkleRoot,
    position: i64,
}

impl HistoryWriter {
    /// A writer of what comes after that position.
    pub fn after(position: i64) -> Self {
        Self { tree: MerkleRoot::default(), position }
    }

    /// Appends the event's line, with its line feed.
    ///
    /// # Errors
    /// The row has been altered; nothing is written.
    pub fn write(&mut self, event: &RecordedEvent, out: &mut Vec<u8>) -> Result<(), NoHash> {
        self.add(event.global_position, &event.content_hash)?;
        write_line(event, out);
        Ok(())
    }

    /// Takes an event into account whose line is written already.
    ///
    /// # Errors
    /// It has no hash.
    pub fn add(&mut self, position: i64, content_hash: &[u8]) -> Result<(), NoHash> {
        let hash: &Hash =
            content_hash.try_into().map_err(|_| NoHash { position, bytes: content_hash.len() })?;
        self.tree.push(hash);
        self.position = position;
        Ok(())
    }

    /// Everything up to there has been looked at, wanted or not.
    pub fn reach(&mut self, position: i64) {
        self.position = self.position.max(position);
    }

    /// Where it stands: the last position looked at.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Events so far.
    pub fn count(&self) -> u64 {
        self.tree.count()
    }

    /// What the last line says.
    pub fn end(&self) -> HistoryEnd {
        HistoryEnd {
            end: true,
            position: self.position,
            count: self.tree.count(),
            root: hex::encode(self.tree.root()),
        }
    }
}

/// The last line of a history: without it, the history was cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryEnd {
    /// True.
    pub end: bool,
    /// The last position looked at; the next history goes on at the one after it.
    pub position: i64,
    /// Lines before this one.
    pub count: u64,
    /// Merkle root over their content hashes ([`crate::merkle`]), in hex.
    pub root: String,
}

impl HistoryEnd {
    /// Its line, with its line feed.
    pub fn line(&self) -> String {
        let text = serde_json::to_string(self).expect("plain members are JSON");
        format!("{text}\n")
    }
}

/// What of [`crate::envelope::Metadata`] a line repeats where it is easily found.
#[derive(Default, Deserialize)]
struct Traced<'a> {
    #[serde(borrow)]
    causation_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    correlation_id: Option<Cow<'a, str>>,
}

fn write_line(event: &RecordedEvent, out: &mut Vec<u8>) {
    let traced: Traced<'_> = serde_json::from_str(&event.metadata).unwrap_or_default();
    let mut id = Uuid::encode_buffer();
    out.extend_from_slice(b"{\"global_position\":");
    number(out, event.global_position);
    out.extend_from_slice(b",\"event_id\":\"");
    out.extend_from_slice(event.event_id.hyphenated().encode_lower(&mut id).as_bytes());
    out.extend_from_slice(b"\",\"stream_type\":");
    text(out, Some(&event.stream_kind));
    out.extend_from_slice(b",\"stream_id\":\"");
    out.extend_from_slice(event.stream_id.hyphenated().encode_lower(&mut id).as_bytes());
    out.extend_from_slice(b"\",\"sequence\":");
    number(out, event.sequence);
    out.extend_from_slice(b",\"type\":");
    text(out, Some(&event.event_type));
    out.extend_from_slice(b",\"version\":");
    text(out, Some(&event.event_version));
    out.extend_from_slice(b",\"recorded_at\":\"");
    out.extend_from_slice(event.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true).as_bytes());
    out.extend_from_slice(b"\",\"actor\":");
    text(out, Some(&event.actor));
    out.extend_from_slice(b",\"command_id\":\"");
    out.extend_from_slice(event.command_id.hyphenated().encode_lower(&mut id).as_bytes());
    out.extend_from_slice(b"\",\"causation_id\":");
    text(out, traced.causation_id.as_deref());
    out.extend_from_slice(b",\"correlation_id\":");
    text(out, traced.correlation_id.as_deref());
    out.extend_from_slice(b",\"data\":");
    json(out, &event.payload);
    out.extend_from_slice(b",\"metadata\":");
    json(out, &event.metadata);
    out.extend_from_slice(b",\"content_hash\":\"");
    let start = out.len();
    out.resize(start + 2 * event.content_hash.len(), 0);
    hex::encode_to_slice(&event.content_hash, &mut out[start..]).expect("two digits per byte");
    out.extend_from_slice(b"\"}\n");
}

fn number(out: &mut Vec<u8>, number: i64) {
    write!(out, "{number}").expect("a vector takes any bytes");
}

fn text(out: &mut Vec<u8>, text: Option<&str>) {
    serde_json::to_writer(out, &text).expect("a text is JSON");
}

/// Canonical JSON has no line feed: one that has was altered, and must not end the line that it stands in.
fn json(out: &mut Vec<u8>, stored: &str) {
    if stored.contains(['\n', '\r']) {
        out.extend(stored.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
    } else {
        out.extend_from_slice(stored.as_bytes());
    }
}

/// The organisations that an event was routed by: beside what is hashed, in archives alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Routing {
    /// The seller concerned.
    pub supplier_id: Option<Uuid>,
    /// The buyer concerned.
    pub restaurant_id: Option<Uuid>,
}

impl Routing {
    /// Puts it at the end of the line that was just written.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        for (name, id) in [("supplier_id", self.supplier_id), ("restaurant_id", self.restaurant_id)] {
            let Some(id) = id else { continue };
            out.truncate(out.len().saturating_sub(b"}\n".len()));
            writeln!(out, ",\"{name}\":\"{id}\"}}").expect("a vector takes any bytes");
        }
    }
}

/// A line as it is read.
#[derive(Clone, Debug)]
pub enum HistoryLine {
    /// An event.
    Event(Box<RecordedEvent>),
    /// The last one.
    End(HistoryEnd),
}

/// Why a line is none of a history.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableLine {
    /// Another form.
    #[error("the line has another form")]
    Form(#[from] serde_json::Error),
    /// The hash is not 32 bytes in hex.
    #[error("the content hash is not 64 hex digits")]
    Hash,
    /// What is repeated of the metadata is not what the metadata says, which is what was hashed.
    #[error("causation_id or correlation_id is not that of the metadata")]
    Contradiction,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventLine<'a> {
    global_position: i64,
    event_id: Uuid,
    #[serde(borrow)]
    stream_type: Cow<'a, str>,
    stream_id: Uuid,
    sequence: i64,
    #[serde(borrow, rename = "type")]
    event_type: Cow<'a, str>,
    #[serde(borrow)]
    version: Cow<'a, str>,
    recorded_at: DateTime<Utc>,
    #[serde(borrow)]
    actor: Cow<'a, str>,
    command_id: Uuid,
    #[serde(borrow)]
    causation_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    correlation_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: &'a RawValue,
    #[serde(borrow)]
    metadata: &'a RawValue,
    #[serde(borrow)]
    content_hash: Cow<'a, str>,
    supplier_id: Option<Uuid>,
    restaurant_id: Option<Uuid>,
}

/// Reads a line. Whether the event's hash fits is for the caller to ask ([`crate::canonical::recorded_hash`]).
///
/// # Errors
/// It is neither an event nor an end.
pub fn read_history_line(line: &str) -> Result<HistoryLine, UnreadableLine> {
    if line.starts_with("{\"end\":") {
        return Ok(HistoryLine::End(serde_json::from_str(line)?));
    }
    Ok(HistoryLine::Event(Box::new(read_event_line(line)?.0)))
}

/// Reads the line of an event, with what it was routed by where the line says.
pub(crate) fn read_event_line(line: &str) -> Result<(RecordedEvent, Routing), UnreadableLine> {
    let read: EventLine<'_> = serde_json::from_str(line)?;
    let traced: Traced<'_> = serde_json::from_str(read.metadata.get())?;
    if (&traced.causation_id, &traced.correlation_id) != (&read.causation_id, &read.correlation_id) {
        return Err(UnreadableLine::Contradiction);
    }
    let content_hash = hex::decode(&*read.content_hash).map_err(|_| UnreadableLine::Hash)?;
    if content_hash.len() != 32 {
        return Err(UnreadableLine::Hash);
    }
    let routing = Routing { supplier_id: read.supplier_id, restaurant_id: read.restaurant_id };
    let event = RecordedEvent {
        global_position: read.global_position,
        event_id: read.event_id,
        stream_kind: read.stream_type.into_owned(),
        stream_id: read.stream_id,
        sequence: read.sequence,
        event_type: read.event_type.into_owned(),
        event_version: read.version.into_owned(),
        payload: read.data.get().to_owned(),
        metadata: read.metadata.get().to_owned(),
        recorded_at: read.recorded_at,
        command_id: read.command_id,
        actor: read.actor.into_owned(),
        content_hash,
    };
    Ok((event, routing))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::canonical::{canonical_json, recorded_hash};

    fn event(texts: &[String; 3], payload: &str, metadata: &str, micros: i64) -> RecordedEvent {
        let [event_type, actor, version] = texts.clone();
        let mut event = RecordedEvent {
            global_position: 7,
            event_id: Uuid::from_u128(1),
            stream_kind: "order".to_owned(),
            stream_id: Uuid::from_u128(2),
            sequence: 3,
            event_type,
            event_version: version,
            payload: canonical_json(&serde_json::json!({ "b": payload, "a": [1, null] })),
            metadata: canonical_json(&serde_json::json!({ "correlation_id": metadata, "request_id": "r" })),
            recorded_at: DateTime::from_timestamp_micros(micros).unwrap(),
            command_id: Uuid::from_u128(4),
            actor,
            content_hash: Vec::new(),
        };
        event.content_hash = recorded_hash(&event).to_vec();
        event
    }

    proptest! {
        #[test]
        fn a_line_gives_back_the_event_and_the_bytes_that_were_hashed(
            texts in prop::array::uniform3(".*"), payload in ".*", metadata in ".*",
            micros in 0..4_102_444_800_000_000_i64,
        ) {
            let event = event(&texts, &payload, &metadata, micros);
            let mut line = Vec::new();
            HistoryWriter::after(0).write(&event, &mut line).unwrap();
            let line = String::from_utf8(line).unwrap();
            prop_assert_eq!(line.matches('\n').count(), 1);
            let HistoryLine::Event(read) = read_history_line(line.trim_end_matches('\n')).unwrap() else {
                panic!("no event: {line}")
            };
            prop_assert_eq!(recorded_hash(&read).to_vec(), event.content_hash.clone());
            prop_assert_eq!(*read, event);
        }
    }

    #[test]
    fn the_end_is_read_back_and_an_altered_line_is_not_an_event() {
        let mut writer = HistoryWriter::after(6);
        let mut out = Vec::new();
        let event = event(&["T".to_owned(), "system:seed".to_owned(), "1".to_owned()], "x", "c", 5);
        writer.write(&event, &mut out).unwrap();
        let HistoryLine::End(end) = read_history_line(writer.end().line().trim_end()).unwrap() else {
            panic!("no end")
        };
        assert_eq!((end.position, end.count), (7, 1));
        let line = String::from_utf8(out).unwrap();
        let other = line.replacen("\"correlation_id\":\"c\"", "\"correlation_id\":\"d\"", 1);
        assert!(matches!(read_history_line(other.trim_end()), Err(UnreadableLine::Contradiction)));
        assert!(read_history_line(&line[..line.len() / 2]).is_err());
    }

    #[test]
    fn an_altered_payload_with_a_line_feed_stays_in_its_line() {
        let mut event = event(&["T".to_owned(), "a".to_owned(), "1".to_owned()], "x", "c", 5);
        event.payload = "{\n}".to_owned();
        let mut out = Vec::new();
        HistoryWriter::after(0).write(&event, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap().matches('\n').count(), 1);
    }
}
