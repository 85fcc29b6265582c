//! The reader of a replay: the log once, cut by who wants what.

use std::sync::Arc;

use events::{
    RecordedEvent, StreamKind,
    log::{FeedBatch, read_feed},
};
use sqlx::PgPool;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::rebuild::Progress;

/// What was read for all, cut by who wants what.
pub(crate) struct Shared {
    pub(crate) portions: Vec<Vec<Arc<RecordedEvent>>>,
    pub(crate) upto: i64,
    pub(crate) is_last: bool,
}

/// How far the reader came.
pub(crate) struct ReadUpto {
    /// Where the log or what was asked for ends.
    pub(crate) end: i64,
}

/// The task that reads ahead.
pub(crate) struct Reader {
    pub(crate) pool: PgPool,
    /// The kinds of each portion.
    pub(crate) portions: Vec<&'static [StreamKind]>,
    pub(crate) upto: i64,
    pub(crate) positions_max: i64,
    pub(crate) senders: Vec<mpsc::Sender<Arc<Shared>>>,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) stop: CancellationToken,
}

impl Reader {
    /// Reads from there until all is read, nobody receives, or it is told to stop.
    pub(crate) async fn read(self, mut after: i64) -> Result<ReadUpto, sqlx::Error> {
        let kinds: Vec<StreamKind> = self.portions.iter().flat_map(|kinds| kinds.iter()).copied().collect();
        let mut connection = self.pool.acquire().await?;
        while after < self.upto && !self.stop.is_cancelled() {
            let feed =
                read_feed(&mut connection, after, self.positions_max.min(self.upto - after), &kinds).await?;
            // The log is shorter than what was asked for, and does not shrink.
            if feed.upto == after {
                return Ok(ReadUpto { end: after });
            }
            after = feed.upto;
            let shared = Arc::new(self.cut(feed));
            for sender in &self.senders {
                // Nobody receives: a projection failed, and says so itself.
                let Ok(()) = sender.send(Arc::clone(&shared)).await else {
                    return Ok(ReadUpto { end: self.upto });
                };
            }
            self.progress.send_replace(Progress::Folding { position: after, upto: self.upto });
        }
        Ok(ReadUpto { end: self.upto })
    }

    fn cut(&self, feed: FeedBatch) -> Shared {
        let (upto, is_last) = (feed.upto, feed.is_last());
        let mut portions: Vec<Vec<Arc<RecordedEvent>>> = vec![Vec::new(); self.portions.len()];
        for event in feed.events.into_iter().map(Arc::new) {
            for (kinds, portion) in self.portions.iter().zip(&mut portions) {
                if kinds.iter().any(|kind| kind.name() == event.stream_kind) {
                    portion.push(Arc::clone(&event));
                }
            }
        }
        Shared { portions, upto, is_last }
    }
}
