//! A row of the log as COPY reads it.

use std::fmt::Write as _;

use events::NewEvent;
use uuid::Uuid;

/// What [`write_row`] writes, in that order.
pub const COLUMNS: &str = "aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, \
     global_position, event_id, recorded_at, command_id, actor, content_hash, supplier_id, restaurant_id";

/// Adds the row of an event at that position.
pub fn write_row(text: &mut String, position: i64, hash: &[u8], event: &NewEvent) {
    write!(
        text,
        "{}\t{}\t{}\t{}\t{}\t",
        event.stream.kind.name(),
        event.stream.id,
        event.sequence,
        event.event_type,
        event.event_version,
    )
    .expect("a string takes any text");
    push_json(text, &event.payload);
    text.push('\t');
    push_json(text, &event.metadata);
    write!(
        text,
        "\t{position}\t{}\t{}\t{}\t{}\t\\\\x",
        event.event_id,
        event.recorded_at.to_rfc3339(),
        event.command_id,
        event.actor,
    )
    .expect("a string takes any text");
    text.push_str(&hex::encode(hash));
    push_id(text, event.supplier_id.map(Uuid::from));
    push_id(text, event.restaurant_id.map(Uuid::from));
    text.push('\n');
}

/// JSON holds no raw tabs or newlines; its backslashes would be read as COPY's.
fn push_json(text: &mut String, json: &str) {
    for (place, piece) in json.split('\\').enumerate() {
        if place > 0 {
            text.push_str("\\\\");
        }
        text.push_str(piece);
    }
}

fn push_id(text: &mut String, id: Option<Uuid>) {
    match id {
        Some(id) => write!(text, "\t{id}").expect("a string takes any text"),
        None => text.push_str("\t\\N"),
    }
}
