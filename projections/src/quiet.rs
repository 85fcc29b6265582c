//! Checkpoints of projections that a stretch holds nothing for: moved together.
//!
//! Most stretches concern few projections, and yet all move, for readers wait for positions. One statement moves
//! those that ask at the same time; one that asks alone waits for nobody.

use std::{collections::BTreeMap, sync::Arc};

use platform::clock::Clock;
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};

use crate::{
    checkpoint::{Goal, Hold, Move, move_together},
    schema::SchemaName,
};

/// More can ask: they wait until there is room.
const ASKED_MAX: usize = 64;

/// Where to ask.
#[derive(Clone, Debug)]
pub(crate) struct QuietMoves {
    asking: mpsc::Sender<Asked>,
}

/// One who waits for its checkpoint to be moved.
#[derive(Debug)]
struct Asked {
    name: &'static str,
    from: Hold,
    to: Goal,
    answer: oneshot::Sender<Move>,
}

/// The task that moves.
pub(crate) struct Mover {
    pool: PgPool,
    schema: SchemaName,
    clock: Arc<dyn Clock>,
    asked: mpsc::Receiver<Asked>,
}

/// A mover of checkpoints of that schema, and where to ask it.
pub(crate) fn quiet_moves(pool: PgPool, schema: SchemaName, clock: Arc<dyn Clock>) -> (QuietMoves, Mover) {
    let (asking, asked) = mpsc::channel(ASKED_MAX);
    (QuietMoves { asking }, Mover { pool, schema, clock, asked })
}

impl QuietMoves {
    /// Moves the checkpoint, if it is where `from` says. `None` where that failed, or may have: who asked does it
    /// by itself then, and finds out why.
    pub(crate) async fn ask(&self, name: &'static str, from: Hold, to: Goal) -> Option<Move> {
        let (answer, answered) = oneshot::channel();
        self.asking.send(Asked { name, from, to, answer }).await.ok()?;
        answered.await.ok()
    }
}

impl Mover {
    /// Moves what is asked for until nobody can ask any more.
    pub(crate) async fn run(mut self) {
        let mut asked = Vec::new();
        while self.asked.recv_many(&mut asked, ASKED_MAX).await > 0 {
            // Those whom the same news has woken are about to ask, too.
            tokio::task::yield_now().await;
            while let Ok(another) = self.asked.try_recv() {
                asked.push(another);
            }
            self.move_all(asked.drain(..)).await;
        }
    }

    /// One statement for each place that anybody goes to: one, as a rule.
    async fn move_all(&self, asked: impl Iterator<Item = Asked>) {
        let mut by_goal: BTreeMap<Goal, Vec<Asked>> = BTreeMap::new();
        for one in asked {
            by_goal.entry(one.to).or_default().push(one);
        }
        for (to, asked) in by_goal {
            let from: Vec<_> = asked.iter().map(|one| (one.name, one.from)).collect();
            // An error is told by whoever asked: without an answer it tries by itself.
            let Ok(mut connection) = self.pool.acquire().await else { continue };
            let moved = move_together(&mut connection, &self.schema, &from, to, self.clock.now()).await;
            for (one, moved) in asked.into_iter().zip(moved.into_iter().flatten()) {
                // Who has gone meanwhile wants no answer.
                let _gone = one.answer.send(moved);
            }
        }
    }
}
