//! What runs beside the requests, for as long as the process does.

use anyhow::{Context as _, bail};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Ends with an error where its work failed, panicked, or ended too early.
pub type Task = JoinHandle<anyhow::Result<()>>;

/// Two ends of a process.
#[derive(Clone, Debug)]
pub struct Ends {
    /// Asks the process to end.
    pub shutdown: CancellationToken,
    /// Ends what runs beside the requests, once there are no more of those.
    pub stop: CancellationToken,
}

/// Starts work that goes on until `stop`.
///
/// However it ends, the process ends with it: half a process would look alive, and whoever watches over it
/// would never start another.
pub fn start(
    name: &'static str,
    ends: &Ends,
    work: impl Future<Output = anyhow::Result<()>> + Send + 'static,
) -> Task {
    let Ends { shutdown, stop } = ends.clone();
    tokio::spawn(async move {
        // Dropped also by a panic.
        let _process = shutdown.drop_guard();
        work.await.context(name)?;
        if !stop.is_cancelled() {
            bail!("{name}: ended although nobody asked for it");
        }
        Ok(())
    })
}

/// The same, of work that cannot fail.
pub fn start_sure(name: &'static str, ends: &Ends, work: impl Future<Output = ()> + Send + 'static) -> Task {
    start(name, ends, async move {
        work.await;
        Ok(())
    })
}

/// Watches over the committer: should it end before everybody who commands, the process ends with it too. Alive, it
/// would refuse every command from then on.
pub fn start_committer(ends: &Ends, committer: JoinHandle<()>) -> JoinHandle<()> {
    let shutdown = ends.shutdown.clone();
    tokio::spawn(async move {
        let _process = shutdown.drop_guard();
        committer.await.expect("the committer does not panic; where it did, whoever waits for it is told");
    })
}

/// Waits for all of them, whatever becomes of each; says what went wrong first.
pub async fn finish(
    tasks: impl IntoIterator<Item = Task>,
    committer: Option<JoinHandle<()>>,
) -> anyhow::Result<()> {
    let mut outcome = Ok(());
    for task in tasks {
        let ended = task.await.context("a task died").flatten();
        outcome = outcome.and(ended);
    }
    // What was accepted is recorded, also where something else went wrong.
    if let Some(committer) = committer {
        outcome = outcome.and(committer.await.context("the committer died"));
    }
    outcome
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    fn ends() -> Ends {
        Ends { shutdown: CancellationToken::new(), stop: CancellationToken::new() }
    }

    #[tokio::test]
    async fn a_panic_ends_the_process() {
        let ends = ends();
        let task = start("dying", &ends, async { panic!("as in a test") });
        ends.shutdown.cancelled().await;
        assert_eq!(finish([task], None).await.unwrap_err().to_string(), "a task died");
    }

    #[tokio::test]
    async fn a_committer_that_dies_ends_the_process() {
        let ends = ends();
        let committer = start_committer(&ends, tokio::spawn(async { panic!("as in a test") }));
        ends.shutdown.cancelled().await;
        let said = finish([], Some(committer)).await.unwrap_err().to_string();
        assert_eq!(said, "the committer died");
    }

    #[tokio::test]
    async fn work_that_ends_by_itself_ends_the_process_and_says_so() {
        let ends = ends();
        let task = start("idle", &ends, async { Ok(()) });
        ends.shutdown.cancelled().await;
        let said = finish([task], None).await.unwrap_err().to_string();
        assert_eq!(said, "idle: ended although nobody asked for it");
    }

    #[tokio::test]
    async fn work_that_was_asked_to_end_ended_well() {
        let ends = ends();
        let stop = ends.stop.clone();
        let task = start("working", &ends, async move {
            stop.cancelled().await;
            Ok(())
        });
        ends.stop.cancel();
        finish([task], None).await.unwrap();
    }

    #[tokio::test]
    async fn where_one_died_the_others_and_the_committer_are_waited_for() {
        let ends = ends();
        let ended = Arc::new(AtomicUsize::new(0));
        let ending = |ended: &Arc<AtomicUsize>| {
            let (ended, stop) = (Arc::clone(ended), ends.stop.clone());
            async move {
                stop.cancelled().await;
                tokio::task::yield_now().await;
                ended.fetch_add(1, Ordering::SeqCst);
            }
        };
        let dying = start("dying", &ends, async { panic!("as in a test") });
        let work = ending(&ended);
        let working = start("working", &ends, async move {
            work.await;
            Ok(())
        });
        let committer = tokio::spawn(ending(&ended));
        ends.shutdown.cancelled().await;
        ends.stop.cancel();
        finish([dying, working], Some(committer)).await.unwrap_err();
        assert_eq!(ended.load(Ordering::SeqCst), 2);
    }
}
