//! The one short transaction in which tables change places.

use std::time::Duration;

use sqlx::{Executor as _, PgConnection};
use tokio::time::Instant;

use crate::{
    projection::ProjectError, schema::SchemaName, swap::Swap, swap_error::SwapError, twin::BOOKKEEPING,
};

/// How long locks are waited for that keep no reader and no fold waiting. Longer than Postgres's
/// `deadlock_timeout`, a second by default: only who waits so long has an autovacuum of the table ended.
const QUIET_WAIT: Duration = Duration::from_secs(5);
/// How long readers may be made to wait for us while we wait for readers, over all tables: whoever comes after
/// us queues behind us. Then the transaction gives up, and is tried again.
const TABLE_WAIT: Duration = Duration::from_millis(200);

impl Swap<'_> {
    /// Exchanges once. Returns the position of the rows that are live then.
    pub(crate) async fn exchange(&self) -> Result<i64, SwapError> {
        let mut tx = platform::db::begin(self.rebuilding.pool).await?;
        self.lock_quietly_in_tx(&mut tx).await?;
        let live = self.hold_still_in_tx(&mut tx).await?;
        self.drain(&live).await?;
        make_room_in_tx(&mut tx, &self.destination()).await?;
        self.move_tables_in_tx(&mut tx).await?;
        let position = self.move_rows_in_tx(&mut tx).await?;
        remove_in_tx(&mut tx, &self.source()).await?;
        tx.commit().await?;
        Ok(position)
    }

    async fn move_tables_in_tx(&self, tx: &mut PgConnection) -> Result<(), SwapError> {
        let (live, source, destination) = (SchemaName::live(), self.source(), self.destination());
        self.lock_in_tx(tx).await?;
        // Looked at long ago, before the rows were compared: a migration may have come in between. None can now.
        self.expect_alike(tx).await?;
        for table in self.family.tables() {
            // Indexes, constraints, comments and grants go with their table.
            execute(tx, &format!("ALTER TABLE {live}.{} SET SCHEMA {destination}", table.name)).await?;
            execute(tx, &format!("ALTER TABLE {source}.{} SET SCHEMA {live}", table.name)).await?;
        }
        Ok(())
    }

    /// Keeps vacuums and migrations from the tables, and nobody else: rows are read and folded on both sides.
    async fn lock_quietly_in_tx(&self, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        wait_at_most_in_tx(tx, QUIET_WAIT).await?;
        let tables = [self.qualified(&self.source()), self.qualified(&SchemaName::live())].concat();
        execute(tx, &format!("LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE", tables.join(", "))).await
    }

    /// Everything for itself, for the moment that is left.
    async fn lock_in_tx(&self, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        let began = Instant::now();
        for table in self.qualified(&self.source()).iter().chain(&self.qualified(&SchemaName::live())) {
            // Zero would be no limit at all.
            let left = TABLE_WAIT.saturating_sub(began.elapsed()).max(Duration::from_millis(1));
            wait_at_most_in_tx(tx, left).await?;
            execute(tx, &format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")).await?;
        }
        Ok(())
    }

    fn qualified(&self, schema: &SchemaName) -> Vec<String> {
        self.family.tables().iter().map(|table| format!("{schema}.{}", table.name)).collect()
    }

    /// Checkpoints and parked streams: these tables belong to all projections, so their rows move.
    async fn move_rows_in_tx(&self, tx: &mut PgConnection) -> Result<i64, SwapError> {
        let (live, source, destination) = (SchemaName::live(), self.source(), self.destination());
        let names = self.names();
        let columns = ["name, version, position, fence, updated_at", "name, key, position, error, parked_at"];
        for (table, columns) in BOOKKEEPING.iter().zip(columns) {
            let keep = format!(
                "INSERT INTO {destination}.{table} ({columns}) SELECT {columns} FROM {live}.{table} WHERE name = ANY($1)"
            );
            sqlx::query(&keep).bind(&names).execute(&mut *tx).await?;
        }
        let forget = format!("DELETE FROM {live}.parked WHERE name = ANY($1)");
        sqlx::query(&forget).bind(&names).execute(&mut *tx).await?;
        let park = format!(
            "INSERT INTO {live}.parked (name, key, position, error, parked_at) \
             SELECT name, key, position, error, parked_at FROM {source}.parked WHERE name = ANY($1)"
        );
        sqlx::query(&park).bind(&names).execute(&mut *tx).await?;
        // Followers of the same version keep their fence and go on at once. Those of another lose it, and so
        // leave rows alone that they cannot fold. Never back: what was shown stays shown.
        let moved = format!(
            "UPDATE {live}.checkpoints c \
             SET version = s.version, position = s.position, updated_at = $2, \
                 fence = c.fence + CASE WHEN c.version = s.version THEN 0 ELSE 1 END \
             FROM {source}.checkpoints s \
             WHERE c.name = ANY($1) AND s.name = c.name AND s.position >= c.position \
             RETURNING c.position"
        );
        let moved: Vec<i64> = sqlx::query_scalar(&moved)
            .bind(&names)
            .bind(self.rebuilding.clock.now())
            .fetch_all(&mut *tx)
            .await?;
        if moved.len() != names.len() {
            let (expected, written) = (names.len(), u64::try_from(moved.len()).unwrap_or_default());
            let source = ProjectError::RowsMissed { table: BOOKKEEPING[0], expected, written };
            let name = self.family.name();
            return Err(SwapError::Rebuild(crate::RebuildError::Project { name, source }));
        }
        Ok(moved.into_iter().min().unwrap_or_default())
    }
}

async fn make_room_in_tx(tx: &mut PgConnection, destination: &SchemaName) -> Result<(), sqlx::Error> {
    execute(tx, &format!("CREATE SCHEMA {destination}")).await?;
    for table in BOOKKEEPING {
        let live = SchemaName::live();
        execute(tx, &format!("CREATE TABLE {destination}.{table} (LIKE {live}.{table} INCLUDING ALL)"))
            .await?;
    }
    Ok(())
}

/// Without CASCADE: had somebody put something else there, nothing would be exchanged.
async fn remove_in_tx(tx: &mut PgConnection, source: &SchemaName) -> Result<(), sqlx::Error> {
    for table in BOOKKEEPING {
        execute(tx, &format!("DROP TABLE {source}.{table}")).await?;
    }
    execute(tx, &format!("DROP SCHEMA {source}")).await
}

async fn wait_at_most_in_tx(tx: &mut PgConnection, time: Duration) -> Result<(), sqlx::Error> {
    let time = format!("{}ms", time.as_millis());
    sqlx::query("SELECT set_config('lock_timeout', $1, true)").bind(time).execute(tx).await?;
    Ok(())
}

async fn execute(tx: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    tx.execute(sql).await?;
    Ok(())
}
