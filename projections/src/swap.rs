//! Putting rebuilt rows in the place of the live ones, while both are read and written.
//!
//! The live rows stand still only for moments: while the last events are folded into the twin, and while the
//! tables change places. Readers are never refused. A statement that waits for a table during the exchange
//! looks its name up again afterwards and reads the new one; so do prepared statements.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use sqlx::{Executor as _, PgConnection};

use crate::{
    checkpoint::{Sighting, hold_still_in_tx, sight_all},
    compare::{Difference, RowCount},
    family::Family,
    rebuild::Rebuilding,
    replay::Target,
    schema::SchemaName,
    swap_error::SwapError,
};

/// Positions that may be left to fold while the live rows stand still.
const NEAR_POSITIONS: i64 = 2_000;
/// How often it is tried to catch up that far, to find live rows that are not behind, and to find the tables free.
const TRIES_MAX: usize = 100;
pub(crate) const PAUSE: Duration = Duration::from_millis(100);
/// How long a live batch that is under way is waited for.
const BATCH_WAIT: &str = "5s";
/// Whoever froze in the middle is ended by the server, and everybody else goes on.
const IDLE_MAX: &str = "30s";

/// Which rows take the live ones' place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Those that were built beside them; the live ones are kept.
    Forward,
    /// Those that were kept; the live ones stay as if built beside them.
    Back,
}

/// What must agree before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The number of rows of each table.
    Counts,
    /// Every row.
    Rows,
    /// Nothing: for live rows that nobody keeps up with the log.
    Nothing,
}

/// An exchange to be made.
pub struct Swap<'a> {
    /// Pool, clock, progress and shutdown.
    pub rebuilding: &'a Rebuilding<'a>,
    /// Which projections.
    pub family: &'a Family,
    /// Which way.
    pub direction: Direction,
    /// What must agree before.
    pub check: Check,
}

/// An exchange that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swapped {
    /// The position of the rows that are live now; the lowest of the family's.
    pub position: i64,
    /// Rows on both sides, at one and the same position; empty where nothing was checked.
    pub counts: Vec<RowCount>,
    /// What differed although it may: the rows are of another version, or streams were parked.
    pub differences: Vec<Difference>,
}

impl Swap<'_> {
    /// Catches up, checks, and exchanges.
    ///
    /// # Errors
    /// [`SwapError`]: nothing was exchanged. Only where the connection is lost in the very commit, it may have
    /// been: the list of projections tells.
    pub async fn run(&self) -> Result<Swapped, SwapError> {
        self.expect_exchangeable().await?;
        let mut connection = self.rebuilding.pool.acquire().await?;
        for table in self.family.tables() {
            // Plans made from here on know the rows, not only once somebody comes by to count.
            let sql = format!("ANALYZE {}.{}", self.source(), table.name);
            connection.execute(sql.as_str()).await?;
        }
        drop(connection);
        self.catch_up().await?;
        let (counts, differences) = self.agree().await?;
        for _ in 0..TRIES_MAX {
            self.catch_up().await?;
            match self.exchange().await {
                Ok(position) => return Ok(Swapped { position, counts, differences }),
                Err(error) if error.is_momentary() => {
                    tracing::debug!(%error, "the tables are in use");
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        }
        Err(SwapError::NeverFree(self.family.name()))
    }

    /// Where the rows come from that are to be live.
    pub(crate) fn source(&self) -> SchemaName {
        match self.direction {
            Direction::Forward => self.family.next_schema(),
            Direction::Back => self.family.old_schema(),
        }
    }

    /// Where the rows go that are live.
    pub(crate) fn destination(&self) -> SchemaName {
        match self.direction {
            Direction::Forward => self.family.old_schema(),
            Direction::Back => self.family.next_schema(),
        }
    }

    /// Folds the source on until little is missing of what the live rows have.
    pub(crate) async fn catch_up(&self) -> Result<(), SwapError> {
        let mut folded: BTreeMap<String, i64> = BTreeMap::new();
        for _ in 0..TRIES_MAX {
            let mut connection = self.rebuilding.pool.acquire().await?;
            let live = sight_all(&mut connection, &SchemaName::live(), &self.names()).await?;
            drop(connection);
            let is_near = |(name, seen): (&String, &Sighting)| {
                folded.get(name).is_some_and(|folded| seen.hold.position - folded <= NEAR_POSITIONS)
            };
            if !live.is_empty() && live.iter().all(is_near) {
                return Ok(());
            }
            self.drain(&live).await?;
            folded = live.into_iter().map(|(name, seen)| (name, seen.hold.position)).collect();
        }
        // Folding goes on under the lock, where nothing is added any more.
        Ok(())
    }

    /// Stops the live rows until the transaction ends.
    pub(crate) async fn hold_still_in_tx(
        &self,
        tx: &mut PgConnection,
    ) -> Result<BTreeMap<String, Sighting>, SwapError> {
        sqlx::query(
            "SELECT set_config('lock_timeout', $1, true), \
                    set_config('idle_in_transaction_session_timeout', $2, true)",
        )
        .bind(BATCH_WAIT)
        .bind(IDLE_MAX)
        .execute(&mut *tx)
        .await?;
        let names = self.family.names();
        let live = hold_still_in_tx(tx, &SchemaName::live(), &names).await?;
        match names.iter().find(|name| !live.contains_key(**name)) {
            Some(missing) => Err(SwapError::NeverStarted((*missing).to_owned())),
            None => Ok(live),
        }
    }

    /// Folds the source up to where the live rows are.
    pub(crate) async fn drain(&self, live: &BTreeMap<String, Sighting>) -> Result<(), SwapError> {
        let targets: Vec<Target> = self
            .family
            .projections()
            .iter()
            .map(|projection| {
                let name = projection.identity().name;
                let seen = live.get(name).ok_or_else(|| SwapError::NeverStarted(name.to_owned()))?;
                let (schema, projection) = (self.source(), Arc::clone(projection));
                Ok(Target { schema, projection, upto: seen.hold.position })
            })
            .collect::<Result<_, SwapError>>()?;
        Ok(self.rebuilding.replay().run(&targets).await?)
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.family.names().into_iter().collect()
    }
}
