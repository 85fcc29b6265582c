//! Writing forecasts into the half that is not shown.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    part::{Made, SeriesRow},
    scores::Scores,
};
use crate::{
    demand::array_text,
    scheduler::{JobError, Lost},
};

/// Rows of one statement: a few megabytes of text.
const ROWS_MAX: usize = 1_000;

/// Adds them to the run, which must still be under way; the caller saves its checkpoint in the same transaction.
pub(super) async fn add_in_tx(
    tx: &mut PgConnection,
    run_id: Uuid,
    slot: i16,
    made: &Made,
) -> Result<(), JobError> {
    let sums = made.scores.iter().fold((0, 0), |sums, (_, one)| (sums.0 + one.series, sums.1 + one.failed));
    // Held to the end: whoever begins another run deletes this row first, and then waits for us.
    let held = sqlx::query(
        "UPDATE forecast.runs SET series = series + $2, failed = failed + $3 \
         WHERE run_id = $1 AND finished_at IS NULL",
    )
    .bind(run_id)
    .bind(sums.0)
    .bind(sums.1)
    .execute(&mut *tx)
    .await?;
    if held.rows_affected() != 1 {
        return Err(Lost.into());
    }
    for rows in made.rows.chunks(ROWS_MAX) {
        insert(tx, slot, rows).await?;
    }
    for (supplier_id, scores) in &made.scores {
        add_scores(tx, run_id, *supplier_id, scores).await?;
    }
    Ok(())
}

async fn insert(tx: &mut PgConnection, slot: i16, rows: &[SeriesRow]) -> Result<(), sqlx::Error> {
    let texts = |of: fn(&SeriesRow) -> &[i64]| rows.iter().map(|row| array_text(of(row))).collect::<Vec<_>>();
    // unnest of arrays of arrays would take the inner ones apart, so those travel as text.
    let inserted = sqlx::query(
        "INSERT INTO forecast.series \
             (slot, supplier_id, product_id, restaurant_id, class, method, mean, quantiles, cumulative, \
              backtest_days, backtest_inside, backtest_band, backtest_mean, mase_millionths, spl_millionths, \
              bias_millionths, is_drifting, lasts) \
         SELECT $1, supplier_id, product_id, restaurant_id, class, method, mean::bigint[], quantiles::bigint[], \
                cumulative::bigint[], days, inside, band::bigint[], past_mean::bigint[], mase, spl, bias, is_drifting, \
                lasts::smallint[] \
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], \
                     $9::text[], $10::smallint[], $11::smallint[], $12::text[], $13::text[], $14::bigint[], \
                     $15::bigint[], $16::bigint[], $17::boolean[], $18::text[]) \
              AS s(supplier_id, product_id, restaurant_id, class, method, mean, quantiles, cumulative, days, \
                   inside, band, past_mean, mase, spl, bias, is_drifting, lasts)",
    )
    .bind(slot)
    .bind(column(rows, |row| row.supplier_id))
    .bind(column(rows, |row| row.product_id))
    .bind(column(rows, |row| row.restaurant_id))
    .bind(column(rows, |row| row.class))
    .bind(column(rows, |row| row.method))
    .bind(texts(|row| &row.mean))
    .bind(texts(|row| &row.quantiles))
    .bind(texts(|row| &row.cumulative))
    .bind(column(rows, |row| row.backtest_days))
    .bind(column(rows, |row| row.backtest_inside))
    .bind(texts(|row| &row.backtest_band))
    .bind(texts(|row| &row.backtest_mean))
    .bind(column(rows, |row| row.mase_millionths))
    .bind(column(rows, |row| row.spl_millionths))
    .bind(column(rows, |row| row.bias_millionths))
    .bind(column(rows, |row| row.is_drifting))
    .bind(texts(|row| &row.lasts))
    .execute(tx)
    .await?;
    if inserted.rows_affected() == rows.len() as u64 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

fn column<T>(rows: &[SeriesRow], of: impl Fn(&SeriesRow) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

async fn add_scores(
    tx: &mut PgConnection,
    run_id: Uuid,
    supplier_id: Uuid,
    scores: &Scores,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO forecast.supplier_runs AS s \
             (run_id, supplier_id, series, failed, steps, inside, mase, mase_of, spl, spl_of, bias, bias_of, drifting) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
         ON CONFLICT (run_id, supplier_id) DO UPDATE SET \
             series = s.series + EXCLUDED.series, failed = s.failed + EXCLUDED.failed, \
             steps = s.steps + EXCLUDED.steps, inside = s.inside + EXCLUDED.inside, \
             mase = s.mase + EXCLUDED.mase, mase_of = s.mase_of + EXCLUDED.mase_of, \
             spl = s.spl + EXCLUDED.spl, spl_of = s.spl_of + EXCLUDED.spl_of, \
             bias = s.bias + EXCLUDED.bias, bias_of = s.bias_of + EXCLUDED.bias_of, \
             drifting = s.drifting + EXCLUDED.drifting",
    )
    .bind(run_id)
    .bind(supplier_id)
    .bind(scores.series)
    .bind(scores.failed)
    .bind(scores.steps)
    .bind(scores.inside)
    .bind(scores.mase.sum)
    .bind(scores.mase.of)
    .bind(scores.spl.sum)
    .bind(scores.spl.of)
    .bind(scores.bias.sum)
    .bind(scores.bias.of)
    .bind(scores.drifting)
    .execute(tx)
    .await?;
    Ok(())
}
