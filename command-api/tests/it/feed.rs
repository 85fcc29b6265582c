//! What the committer recorded, as those who follow it find it.

use std::sync::Arc;

use events::{RecordedEvent, StreamKind, log::read_feed, values::Role};
use sqlx::postgres::PgPoolOptions;

use crate::world::in_world;

#[tokio::test]
async fn what_was_recorded_is_in_the_window_as_the_log_has_it() {
    in_world(async |world| {
        let feed = world.feed();
        let before = world.head().await;
        feed.follow(&world.pool, before, 10, &StreamKind::ALL).await.unwrap();
        for name in ["ada", "bo", "cai"] {
            world.account(&format!("{name}@iris.test"), Role::Restaurant).await;
        }
        let mut connection = world.pool.acquire().await.unwrap();
        let read = read_feed(&mut connection, before, 100, &StreamKind::ALL).await.unwrap();
        assert!(read.upto >= before + 3);
        // On no connection: what it says is from memory.
        let closed = PgPoolOptions::new().connect_lazy_with((*world.pool.connect_options()).clone());
        closed.close().await;
        let known = feed.follow(&closed, before, 100, &StreamKind::ALL).await.unwrap();
        let events: Vec<RecordedEvent> = known.events.into_iter().map(Arc::unwrap_or_clone).collect();
        assert_eq!((events, known.upto), (read.events, read.upto));
    })
    .await;
}
