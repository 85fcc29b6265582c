//! Rows of the log as COPY takes them in binary, which spares the server taking text apart.

use events::NewEvent;
use sqlx::{
    PgConnection, Postgres,
    encode::{Encode, IsNull},
    postgres::PgArgumentBuffer,
};
use uuid::Uuid;

const COLUMNS: &str = "aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, \
     global_position, event_id, recorded_at, command_id, actor, content_hash, supplier_id, restaurant_id";
const FIELDS: i16 = 15;
/// Its signature, then no flags and no extension, 32 bits each.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// In the place of a number of fields: there is no further row.
const END: i16 = -1;
/// In the place of a field's length.
const NULL: i32 = -1;

/// Rows that are sent at once.
pub struct LogRows {
    bytes: PgArgumentBuffer,
}

impl LogRows {
    /// Room for so many rows of the usual size.
    pub fn with_capacity(rows: usize) -> Self {
        let mut bytes = PgArgumentBuffer::default();
        bytes.reserve(rows * 1_500);
        bytes.extend_from_slice(HEADER);
        Self { bytes }
    }

    /// Adds the row of an event at that position.
    pub fn add(&mut self, position: i64, hash: &[u8], event: &NewEvent) {
        self.bytes.extend_from_slice(&FIELDS.to_be_bytes());
        self.field(event.stream.kind.name());
        self.field(event.stream.id.to_string());
        self.field(event.sequence);
        self.field(&event.event_type);
        self.field(&event.event_version);
        self.field(&event.payload);
        self.field(&event.metadata);
        self.field(position);
        self.field(event.event_id);
        self.field(event.recorded_at);
        self.field(event.command_id);
        self.field(&event.actor);
        self.field(hash);
        self.field(event.supplier_id.map(Uuid::from));
        self.field(event.restaurant_id.map(Uuid::from));
    }

    /// The field's length in bytes, then so many.
    fn field<'q>(&mut self, value: impl Encode<'q, Postgres>) {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(&NULL.to_be_bytes());
        if let IsNull::No = value.encode(&mut self.bytes).expect("each has a binary form") {
            let behind = begin + NULL.to_be_bytes().len();
            let length = i32::try_from(self.bytes.len() - behind).expect("a field is small");
            self.bytes[begin..behind].copy_from_slice(&length.to_be_bytes());
        }
    }

    /// Sends them into a table with the log's columns; how many it has taken.
    pub async fn copy_into(mut self, table: &str, connection: &mut PgConnection) -> Result<u64, sqlx::Error> {
        self.bytes.extend_from_slice(&END.to_be_bytes());
        let sql = format!("COPY {table} ({COLUMNS}) FROM STDIN (FORMAT binary)");
        let mut copy = connection.copy_in_raw(&sql).await?;
        copy.send(self.bytes.as_slice()).await?;
        copy.finish().await
    }
}
