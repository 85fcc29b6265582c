//! The end of a run: it is shown from one moment to the next.

use serde_json::Value;
use sqlx::{PgConnection, PgPool, Row, types::Json};
use uuid::Uuid;

use super::{checkpoint::Checkpoint, scores::Scores};
use crate::scheduler::{Done, JobError, Lost, Run, Tally};

/// Shows the run: what it wrote, whole, takes the place of what was shown; unless that is of a later day, as where an
/// operator has a past night forecast again. Sums of other runs stay: their suppliers may still have to be told.
pub(super) async fn finish(run: &Run, made: &mut Checkpoint) -> Result<(), JobError> {
    let mut tx = platform::db::begin(&run.surroundings.pool).await?;
    let row = sqlx::query(
        "SELECT COALESCE(sum(series), 0)::bigint AS series, COALESCE(sum(failed), 0)::bigint AS failed, \
                COALESCE(sum(steps), 0)::bigint AS steps, COALESCE(sum(inside), 0)::bigint AS inside, \
                COALESCE(sum(mase), 0)::bigint AS mase, COALESCE(sum(mase_of), 0)::bigint AS mase_of, \
                COALESCE(sum(spl), 0)::bigint AS spl, COALESCE(sum(spl_of), 0)::bigint AS spl_of, \
                COALESCE(sum(bias), 0)::bigint AS bias, COALESCE(sum(bias_of), 0)::bigint AS bias_of, \
                COALESCE(sum(drifting), 0)::bigint AS drifting \
         FROM forecast.supplier_runs WHERE run_id = $1",
    )
    .bind(run.run_id)
    .fetch_one(&mut *tx)
    .await?;
    let scores = Scores::of(&row)?.told();
    let finished = sqlx::query(
        "UPDATE forecast.runs SET finished_at = $2, scores = $3 WHERE run_id = $1 AND finished_at IS NULL",
    )
    .bind(run.run_id)
    .bind(run.surroundings.clock.now())
    .bind(Json(scores))
    .execute(&mut *tx)
    .await?;
    if finished.rows_affected() != 1 {
        return Err(Lost.into());
    }
    made.is_superseded = !show(&mut tx, run.run_id, made).await?;
    if made.is_superseded {
        tracing::warn!(run_id = %run.run_id, origin_day = %made.origin_day, "forecasts of a later day stay shown");
        // Nobody is told of what nobody can see.
        sqlx::query("DELETE FROM forecast.supplier_runs WHERE run_id = $1")
            .bind(run.run_id)
            .execute(&mut *tx)
            .await?;
    }
    let tally = Tally { done: made.done, total: Some(made.done) };
    run.save_in_tx(&mut tx, Some(&Value::from(&*made)), tally).await?;
    tx.commit().await?;
    Ok(())
}

/// Whether it is: what is shown never goes back to an earlier day.
async fn show(tx: &mut PgConnection, run_id: Uuid, made: &Checkpoint) -> Result<bool, sqlx::Error> {
    let shown = sqlx::query(
        "INSERT INTO forecast.current AS c (run_id, slot) VALUES ($1, $2) \
         ON CONFLICT (is_the_only_row) DO UPDATE SET run_id = EXCLUDED.run_id, slot = EXCLUDED.slot \
         WHERE (SELECT r.origin_day FROM forecast.runs r WHERE r.run_id = c.run_id) <= $3",
    )
    .bind(run_id)
    .bind(made.slot)
    .bind(made.origin_day)
    .execute(tx)
    .await?;
    Ok(shown.rows_affected() == 1)
}

/// How many series the run that is shown has: about as many as the next will have.
pub(super) async fn series_of_current(pool: &PgPool) -> Result<Option<u64>, sqlx::Error> {
    let series: Option<i64> =
        sqlx::query_scalar("SELECT r.series FROM forecast.current c JOIN forecast.runs r USING (run_id)")
            .fetch_optional(pool)
            .await?;
    Ok(series.map(i64::unsigned_abs))
}

/// What the run's record says of it.
pub(super) async fn outcome(run: &Run, made: &Checkpoint) -> Result<Done, JobError> {
    let row = sqlx::query(
        "SELECT origin_day::text AS origin_day, input_position, engine_version, series, failed, scores \
         FROM forecast.runs WHERE run_id = $1",
    )
    .bind(run.run_id)
    .fetch_one(&run.surroundings.pool)
    .await?;
    let mut done = Done::new();
    done.insert("origin_day".to_owned(), row.try_get::<String, _>("origin_day")?.into());
    done.insert("input_position".to_owned(), row.try_get::<i64, _>("input_position")?.into());
    done.insert("engine_version".to_owned(), row.try_get::<String, _>("engine_version")?.into());
    done.insert("shown".to_owned(), (!made.is_superseded).into());
    done.insert("series".to_owned(), row.try_get::<i64, _>("series")?.into());
    done.insert("failed".to_owned(), row.try_get::<i64, _>("failed")?.into());
    done.insert("scores".to_owned(), row.try_get::<Option<Value>, _>("scores")?.into());
    Ok(done)
}
