//! Folding demand again, beside the live rows.

use events::{StreamKind, log::read_feed};
use sqlx::{Connection as _, PgConnection};
use tokio_util::sync::CancellationToken;

use super::{
    CONSUMER, Changes, Differences, FOLD_VERSION,
    consumer::changes_of,
    exchange,
    write::{self, Rows},
};

/// Positions of one transaction, and what may be left to fold while the consumer waits.
pub const STRETCH: i64 = 5_000;

/// Why a rebuild ended early; what is folded stays, and the next goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// It was asked to stop.
    #[error("stopped; the same command goes on where it was")]
    Stopped,
    /// Another one moved the rows that it folds.
    #[error("another rebuild of demand is under way")]
    Another,
    /// The consumer has never run, so there are no rows to speak of.
    #[error("the consumer of demand has not run yet")]
    NoConsumer,
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Folds the log into `demand.months_anew` up to where the consumer is. Resumable: rows and position of each stretch
/// are one transaction.
pub struct Rebuild<'a> {
    /// As `iris_handler` or the owner.
    pub connection: &'a mut PgConnection,
    /// Ends it between two stretches.
    pub stop: &'a CancellationToken,
    /// Positions of one transaction: [`STRETCH`].
    pub stretch: i64,
    /// Told the position, and where it goes to.
    pub progress: &'a (dyn Fn(i64, i64) + Send + Sync),
}

impl Rebuild<'_> {
    /// Folds again, and puts right what differs; readers see all of that or nothing. The consumer waits meanwhile, and
    /// goes on from its position. Says what differed.
    ///
    /// # Errors
    /// See [`RebuildError`]; the live rows are as they were.
    pub async fn exchange(&mut self) -> Result<Differences, RebuildError> {
        self.catch_up().await?;
        let mut tx = self.connection.begin().await?;
        // From here on the consumer waits, so its position is that of the live rows, and stays so.
        let upto = exchange::lock_consumer_in_tx(&mut tx).await?.ok_or(RebuildError::NoConsumer)?;
        fold_to(&mut tx, upto).await?;
        let differences = exchange::compare(&mut tx, upto).await?;
        if differences.rows > 0 {
            exchange::put_right_in_tx(&mut tx, &differences).await?;
        }
        forget_in_tx(&mut tx).await?;
        tx.commit().await?;
        Ok(differences)
    }

    /// Folds again and says what differs; changes no live row.
    ///
    /// # Errors
    /// See [`RebuildError`].
    pub async fn check(&mut self) -> Result<Differences, RebuildError> {
        self.catch_up().await?;
        let mut tx = self.connection.begin().await?;
        let upto = exchange::lock_consumer_in_tx(&mut tx).await?.ok_or(RebuildError::NoConsumer)?;
        fold_to(&mut tx, upto).await?;
        let differences = exchange::compare(&mut tx, upto).await?;
        forget_in_tx(&mut tx).await?;
        tx.commit().await?;
        Ok(differences)
    }

    async fn catch_up(&mut self) -> Result<(), RebuildError> {
        let mut position = begin(self.connection).await?;
        loop {
            let upto = consumer_position(self.connection).await?.ok_or(RebuildError::NoConsumer)?;
            (self.progress)(position, upto);
            if upto - position <= self.stretch {
                return Ok(());
            }
            if self.stop.is_cancelled() {
                return Err(RebuildError::Stopped);
            }
            let mut tx = self.connection.begin().await?;
            let next = upto.min(position + self.stretch);
            fold_stretch_in_tx(&mut tx, position, next).await?;
            tx.commit().await?;
            position = next;
        }
    }
}

/// Where a rebuild that was cut short is, or a new one, at 0. Rows of another version of the fold are of no use.
async fn begin(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    let mut tx = connection.begin().await?;
    let left: Option<i64> =
        sqlx::query_scalar("SELECT position FROM demand.rebuild WHERE fold_version = $1 FOR UPDATE")
            .bind(FOLD_VERSION)
            .fetch_optional(&mut *tx)
            .await?;
    if let Some(position) = left {
        return Ok(position);
    }
    forget_in_tx(&mut tx).await?;
    sqlx::query("INSERT INTO demand.rebuild (position, fold_version) VALUES (0, $1)")
        .bind(FOLD_VERSION)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(0)
}

async fn forget_in_tx(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("TRUNCATE demand.months_anew").execute(&mut *tx).await?;
    sqlx::query("DELETE FROM demand.rebuild").execute(tx).await?;
    Ok(())
}

async fn consumer_position(connection: &mut PgConnection) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT position FROM fanout.followers WHERE name = $1")
        .bind(CONSUMER)
        .fetch_optional(connection)
        .await
}

/// The rest, in the caller's transaction.
async fn fold_to(tx: &mut PgConnection, upto: i64) -> Result<(), RebuildError> {
    let left: Option<i64> =
        sqlx::query_scalar("SELECT position FROM demand.rebuild FOR UPDATE").fetch_optional(&mut *tx).await?;
    let position = left.ok_or(RebuildError::Another)?;
    fold_stretch_in_tx(tx, position, upto).await
}

async fn fold_stretch_in_tx(tx: &mut PgConnection, after: i64, upto: i64) -> Result<(), RebuildError> {
    let moved = sqlx::query("UPDATE demand.rebuild SET position = $2 WHERE position = $1")
        .bind(after)
        .bind(upto)
        .execute(&mut *tx)
        .await?;
    // Of two at once, the second would add the same stretch again.
    if moved.rows_affected() != 1 {
        return Err(RebuildError::Another);
    }
    let changes = changes_between(tx, after, upto).await?;
    Ok(write::add_in_tx(tx, Rows::Anew, &changes).await?)
}

/// What the log says between two positions that it holds.
pub(crate) async fn changes_between(
    connection: &mut PgConnection,
    after: i64,
    upto: i64,
) -> Result<Changes, sqlx::Error> {
    let read = read_feed(connection, after, upto - after, &[StreamKind::Order]).await?;
    changes_of(connection, &read.events).await
}
