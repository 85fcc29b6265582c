//! Beginning a run, or taking it up.

use events::values::swedish_day;
use forecasting::ENGINE_VERSION;
use serde_json::Value;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

use super::checkpoint::Checkpoint;
use crate::{
    demand,
    scheduler::{JobError, Run, Tally},
};

/// What was recorded since a run was cut short is looked through up to so many positions: more takes longer than
/// beginning anew.
const LOOK_THROUGH_MAX: i64 = 100_000;

/// How a run stands.
pub(super) enum Begun {
    /// All forecasts are written and shown.
    Made(Checkpoint),
    /// Some are to be made from that snapshot.
    ToMake {
        /// `demand.months` as it is read throughout.
        snapshot: Transaction<'static, Postgres>,
        /// How far it is.
        checkpoint: Checkpoint,
    },
}

/// Takes the run up where it was if that comes to the same as making it from the start, else begins it.
pub(super) async fn begin(run: &Run) -> Result<Begun, JobError> {
    let saved = Checkpoint::read(run.checkpoint.as_ref());
    if let Some(checkpoint) = &saved
        && standing(run).await? == Standing::Made
    {
        return Ok(Begun::Made(checkpoint.clone()));
    }
    let mut snapshot = take_snapshot(&run.surroundings.pool).await?;
    let position = demand_position(&mut snapshot).await?;
    if let Some(checkpoint) = saved
        && standing(run).await? == Standing::UnderWay
        && is_same_past(&mut snapshot, &checkpoint, position).await?
    {
        tracing::info!(run_id = %run.run_id, series = checkpoint.done, "forecasts go on where they were");
        return Ok(Begun::ToMake { snapshot, checkpoint });
    }
    let checkpoint = start(run, position).await?;
    Ok(Begun::ToMake { snapshot, checkpoint })
}

/// One snapshot for the whole run: all series are of one position, whatever is ordered meanwhile.
async fn take_snapshot(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let mut snapshot =
        platform::db::begin_with(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    // It waits while a batch is computed and written. It holds no lock that anybody could wait for.
    sqlx::query("SELECT set_config('idle_in_transaction_session_timeout', '10min', true)")
        .execute(&mut *snapshot)
        .await?;
    Ok(snapshot)
}

async fn demand_position(snapshot: &mut PgConnection) -> Result<i64, sqlx::Error> {
    let position: Option<i64> = sqlx::query_scalar("SELECT position FROM fanout.followers WHERE name = $1")
        .bind(demand::CONSUMER)
        .fetch_optional(snapshot)
        .await?;
    Ok(position.unwrap_or(0))
}

/// What is on record of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It was whole, by whatever program.
    Made,
    /// This program's engine was at it.
    UnderWay,
    /// There is nothing to go on from: another was begun since, which emptied what this one had written, or another
    /// engine was at it, and half a run of each is none.
    Anew,
}

impl Standing {
    fn of(record: Option<(bool, &str)>) -> Self {
        match record {
            Some((true, _)) => Self::Made,
            Some((false, ENGINE_VERSION)) => Self::UnderWay,
            _ => Self::Anew,
        }
    }
}

async fn standing(run: &Run) -> Result<Standing, sqlx::Error> {
    let sql = "SELECT finished_at IS NOT NULL, engine_version FROM forecast.runs WHERE run_id = $1";
    let record: Option<(bool, String)> =
        sqlx::query_as(sql).bind(run.run_id).fetch_optional(&run.surroundings.pool).await?;
    Ok(Standing::of(record.as_ref().map(|(is_finished, version)| (*is_finished, version.as_str()))))
}

/// Whether demand before the origin day is what it was when the run began: what is still to be forecast then comes to
/// the same as at the position that the run names.
async fn is_same_past(
    snapshot: &mut PgConnection,
    checkpoint: &Checkpoint,
    position: i64,
) -> Result<bool, sqlx::Error> {
    let began_at = checkpoint.input_position;
    if position == began_at {
        return Ok(true);
    }
    if !(began_at..=began_at + LOOK_THROUGH_MAX).contains(&position) {
        return Ok(false);
    }
    let changes = demand::changes_between(snapshot, began_at, position).await?;
    Ok(changes.first_day_wanted().is_none_or(|day| day >= checkpoint.origin_day))
}

/// Empties the half that is not shown, and whatever an earlier run that was given up left in it.
async fn start(run: &Run, input_position: i64) -> Result<Checkpoint, JobError> {
    let origin_day = swedish_day(run.scheduled_for);
    let mut tx = platform::db::begin(&run.surroundings.pool).await?;
    let shown: Option<i16> =
        sqlx::query_scalar("SELECT slot FROM forecast.current").fetch_optional(&mut *tx).await?;
    let (slot, empty) = match shown {
        Some(0) => (1, "TRUNCATE forecast.series_1"),
        _ => (0, "TRUNCATE forecast.series_0"),
    };
    sqlx::query("DELETE FROM forecast.runs WHERE finished_at IS NULL").execute(&mut *tx).await?;
    sqlx::query(empty).execute(&mut *tx).await?;
    sqlx::query(
        "INSERT INTO forecast.runs (run_id, slot, origin_day, input_position, engine_version, started_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(run.run_id)
    .bind(slot)
    .bind(origin_day)
    .bind(input_position)
    .bind(ENGINE_VERSION)
    .bind(run.surroundings.clock.now())
    .execute(&mut *tx)
    .await?;
    let checkpoint = Checkpoint {
        origin_day,
        slot,
        input_position,
        after: None,
        done: 0,
        told: None,
        is_superseded: false,
    };
    run.save_in_tx(&mut tx, Some(&Value::from(&checkpoint)), Tally::default()).await?;
    tx.commit().await?;
    Ok(checkpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_another_engine_is_begun_anew_unless_it_was_whole() {
        assert_eq!(Standing::of(Some((false, ENGINE_VERSION))), Standing::UnderWay);
        assert_eq!(Standing::of(Some((false, "another"))), Standing::Anew);
        assert_eq!(Standing::of(Some((true, "another"))), Standing::Made);
        assert_eq!(Standing::of(None), Standing::Anew);
    }
}
