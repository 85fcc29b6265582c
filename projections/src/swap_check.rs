//! Do the rows that are to be live agree with those that are?

use std::collections::BTreeMap;

use sqlx::PgConnection;

use crate::{
    checkpoint::{Sighting, sight_all},
    compare::{Difference, RowCount, compare_in_tx, count_in_tx},
    schema::SchemaName,
    swap::{Check, PAUSE, Swap},
    swap_error::SwapError,
};

/// How often the live rows are looked at before they count as left behind.
const LOOKS_MAX: usize = 100;

impl Swap<'_> {
    /// Compares both sides as of one position, in one snapshot that the live rows do not wait for.
    pub(crate) async fn agree(&self) -> Result<(Vec<RowCount>, Vec<Difference>), SwapError> {
        if self.check == Check::Nothing {
            return Ok((Vec::new(), Vec::new()));
        }
        let mut last_seen = 0;
        for _ in 0..LOOKS_MAX {
            match self.compare_at_standstill().await {
                Ok(Some(found)) => return Ok(found),
                // The live rows are behind: whoever follows the log for them will bring them here.
                Ok(None) => last_seen = self.live_position().await?,
                Err(error) if error.is_momentary() => {}
                Err(error) => return Err(error),
            }
            tokio::time::sleep(PAUSE).await;
        }
        let (name, schema) = (self.family.name(), self.source().as_str().to_owned());
        Err(SwapError::LiveBehind { name, live: last_seen, schema })
    }

    /// `None` where the live rows are behind.
    async fn compare_at_standstill(&self) -> Result<Option<(Vec<RowCount>, Vec<Difference>)>, SwapError> {
        let pool = self.rebuilding.pool;
        let mut still = platform::db::begin(pool).await?;
        let live = self.hold_still_in_tx(&mut still).await?;
        self.drain(&live).await?;
        let mut snapshot = platform::db::begin(pool).await?;
        let read_only = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
        sqlx::query(read_only).execute(&mut *snapshot).await?;
        // The first query takes the snapshot; from there on the live rows may go on.
        let built = sight_all(&mut snapshot, &self.source(), &self.names()).await?;
        still.rollback().await?;
        let position =
            |found: &BTreeMap<String, Sighting>, name: &str| found.get(name).map(|s| s.hold.position);
        if self.names().iter().any(|name| position(&live, name) != position(&built, name)) {
            return Ok(None);
        }
        self.compare_in_tx(&mut snapshot, &live).await.map(Some)
    }

    async fn compare_in_tx(
        &self,
        snapshot: &mut PgConnection,
        live: &BTreeMap<String, Sighting>,
    ) -> Result<(Vec<RowCount>, Vec<Difference>), SwapError> {
        let (from, to) = (SchemaName::live(), self.source());
        let may_differ = self.may_differ_in_tx(snapshot, live).await?;
        let counts = count_in_tx(snapshot, &from, &to, &self.family.tables()).await?;
        if !may_differ && counts.iter().any(|count| count.live != count.built) {
            return Err(SwapError::CountsDiffer(counts));
        }
        if self.check == Check::Counts {
            return Ok((counts, Vec::new()));
        }
        let differences = compare_in_tx(snapshot, &from, &to, self.family.projections()).await?;
        if !may_differ && !differences.is_empty() {
            return Err(SwapError::Differ(differences));
        }
        Ok((counts, differences))
    }

    /// Another version folds other rows, and a stream that live rows leave out is none that a rebuild does:
    /// then what differs is told, and is no reason to stop.
    async fn may_differ_in_tx(
        &self,
        snapshot: &mut PgConnection,
        live: &BTreeMap<String, Sighting>,
    ) -> Result<bool, SwapError> {
        let is_other = self.family.projections().iter().any(|projection| {
            let identity = projection.identity();
            live.get(identity.name).is_some_and(|seen| seen.version != identity.version)
        });
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {}.parked WHERE name = ANY($1))", SchemaName::live());
        let has_parked: bool = sqlx::query_scalar(&sql).bind(self.names()).fetch_one(snapshot).await?;
        Ok(is_other || has_parked)
    }

    async fn live_position(&self) -> Result<i64, SwapError> {
        let mut connection = self.rebuilding.pool.acquire().await?;
        let live = sight_all(&mut connection, &SchemaName::live(), &self.names()).await?;
        Ok(live.values().map(|seen| seen.hold.position).min().unwrap_or_default())
    }
}
