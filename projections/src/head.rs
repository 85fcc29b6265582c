//! Where the log ends, as soon as it is known.

use std::time::Duration;

use events::log::{FeedWindow, read_head};
use sqlx::PgPool;
use tokio::sync::watch;

/// Tells all projections of the process of new events. One task asks the database for all.
pub(crate) struct Watch {
    pub(crate) pool: PgPool,
    pub(crate) feed: FeedWindow,
    pub(crate) head: watch::Sender<i64>,
}

impl Watch {
    /// Tells at once where `wake` says so, else within `every`, for other processes write too; then not again for the
    /// time of `pace`. Runs until dropped.
    ///
    /// It tells of no error: whoever then reads the feed meets it too.
    pub(crate) async fn run(self, mut wake: watch::Receiver<i64>, every: Duration, pace: Duration) {
        let mut is_wakeable = true;
        loop {
            let is_news = tokio::select! {
                woken = wake.changed(), if is_wakeable => {
                    // An error: nobody can wake us any more. Polling goes on.
                    is_wakeable = woken.is_ok();
                    self.tell(*wake.borrow_and_update())
                }
                () = tokio::time::sleep(every) => self.look().await,
            };
            if is_news {
                tokio::time::sleep(pace).await;
            }
        }
    }

    async fn look(&self) -> bool {
        let Ok(mut connection) = self.pool.acquire().await else { return false };
        let Ok(found) = read_head(&mut connection).await else { return false };
        if found.position >= *self.head.borrow() {
            return self.tell(found.position);
        }
        // Positions do not go back: an older database stands in its place. What is remembered is not in it.
        self.feed.forget();
        self.head.send_replace(found.position);
        true
    }

    /// True if that is news.
    fn tell(&self, position: i64) -> bool {
        // Told before it is published: whoever is woken finds out that the window ends too early.
        self.feed.tell(position);
        self.head.send_if_modified(|known| {
            let is_news = position > *known;
            *known = position.max(*known);
            is_news
        })
    }
}
