//! The log as the outside hears it.

use std::collections::HashMap;

use sqlx::PgConnection;
use uuid::Uuid;

use super::{PublicEvent, PublishError, needs_origin, publish};
use crate::{
    RecordedEvent, StreamKind,
    log::{FeedBatch, read_feed, read_origins},
};

/// The kinds of streams that have anything to say to the outside.
pub const PUBLIC_KINDS: [StreamKind; 8] = [
    StreamKind::Order,
    StreamKind::Product,
    StreamKind::Stock,
    StreamKind::Restaurant,
    StreamKind::Supplier,
    StreamKind::WebhookEndpoint,
    StreamKind::Invoice,
    StreamKind::Forecast,
];

/// What the outside hears of a stretch of the log.
#[derive(Debug)]
pub struct PublicBatch {
    /// In the order of their positions.
    pub events: Vec<PublicEvent>,
    /// All up to here has been read; at least `after`.
    pub upto: i64,
    /// Where the log ended.
    pub head: i64,
    /// Events that have no public form though their type has: left out of `events`.
    pub unreadable: Vec<(i64, PublishError)>,
}

/// Reads on after a position: at most `positions_max` positions, most of which say nothing.
///
/// # Errors
/// Whatever the database says; never a short batch in its place.
pub async fn read_public(
    connection: &mut PgConnection,
    after: i64,
    positions_max: i64,
) -> Result<PublicBatch, sqlx::Error> {
    let feed = read_feed(connection, after, positions_max, &PUBLIC_KINDS).await?;
    publish_feed(connection, feed).await
}

/// What the outside hears of a stretch that has been read; events of other kinds than [`PUBLIC_KINDS`] say nothing.
///
/// # Errors
/// Whatever the database says, which is asked for the first events of what leans on them.
pub async fn publish_feed(
    connection: &mut PgConnection,
    batch: FeedBatch,
) -> Result<PublicBatch, sqlx::Error> {
    let leaning: Vec<_> = batch.events.iter().filter(|event| needs_origin(event)).collect();
    let origins: HashMap<Uuid, RecordedEvent> =
        read_origins(connection, &leaning).await?.into_iter().map(|event| (event.stream_id, event)).collect();
    let mut public =
        PublicBatch { events: Vec::new(), upto: batch.upto, head: batch.head, unreadable: Vec::new() };
    for event in &batch.events {
        match publish(event, origins.get(&event.stream_id)) {
            Ok(said) => public.events.extend(said),
            Err(error) => public.unreadable.push((event.global_position, error)),
        }
    }
    Ok(public)
}
