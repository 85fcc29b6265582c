//! Where the log ends, as soon as it is known.

use std::time::Duration;

use events::log::read_head;
use sqlx::PgPool;
use tokio::sync::watch;

/// Tells all projections of the process of new events: at once where `wake` says so, else within `every`,
/// for other processes write too. Runs until dropped.
///
/// One task asks the database for all. It tells of no error: whoever then reads the feed meets it too.
pub(crate) async fn watch_head(
    pool: PgPool,
    mut wake: watch::Receiver<i64>,
    every: Duration,
    head: watch::Sender<i64>,
) {
    let mut is_wakeable = true;
    loop {
        tokio::select! {
            woken = wake.changed(), if is_wakeable => {
                // An error: nobody can wake us any more. Polling goes on.
                is_wakeable = woken.is_ok();
                publish(&head, *wake.borrow_and_update());
            }
            () = tokio::time::sleep(every) => {
                let Ok(mut connection) = pool.acquire().await else { continue };
                if let Ok(found) = read_head(&mut connection).await {
                    publish(&head, found.position);
                }
            }
        }
    }
}

fn publish(head: &watch::Sender<i64>, position: i64) {
    head.send_if_modified(|known| {
        let is_news = position > *known;
        *known = position.max(*known);
        is_news
    });
}
