//! Orders that come at fixed times, below the best rate: how long each takes, and how far the read models are behind.

use crate::{
    limit::Bound,
    load::Load,
    order_rows::{IrisRound, lag_row},
    order_scene::{Baskets, Scene},
    run::Run,
    statistics::Spread,
    table::Row,
    top::{Top, top},
};

/// The share of the best rate at which the times of single orders have a limit, and the limit.
const HALF: f64 = 0.5;
const HALF_P99_MAX_MS: f64 = 50.0;
/// The same for the read models.
const MOST: f64 = 0.8;
const MOST_LAG_P99_MAX_MS: f64 = 100.0;

/// Rows about both shares.
pub async fn measure(run: &mut Run) -> anyhow::Result<()> {
    let top = top(run).await?;
    let mut scene = Scene::open(run, Baskets::Even).await?;
    // For all rounds, and before the warm-up: a fill pushes out of memory what orders need, and these do not wait until
    // it is there again.
    let round = Load::Open(top.orders_per_second.median * (HALF + MOST));
    scene.fill_ahead(round, run.sizes.round * u32::try_from(run.sizes.rounds)?).await?;
    scene.warm_up(run, top.clients).await?;
    let (mut half, mut most) = (Vec::new(), Vec::new());
    for _ in 0..run.sizes.rounds {
        half.push(paced(run, &mut scene, top, HALF).await?);
        most.push(paced(run, &mut scene, top, MOST).await?);
    }
    scene.stop()?;
    for (rounds, share) in [(&half, HALF), (&most, MOST)] {
        add_times(run, rounds, share);
        add_lag(run, rounds, share);
    }
    Ok(())
}

async fn paced(run: &Run, scene: &mut Scene, top: Top, share: f64) -> anyhow::Result<IrisRound> {
    let load = Load::Open(top.orders_per_second.median * share);
    scene.round(run, load, run.sizes.round).await
}

fn add_times(run: &mut Run, rounds: &[IrisRound], share: f64) {
    let rates: Vec<f64> = rounds.iter().map(|round| round.orders_per_second).collect();
    for per_cent in [50, 95, 99] {
        let times: Vec<f64> = rounds.iter().map(|round| round.latencies.percentile_ms(per_cent)).collect();
        let what = format!("Orders at {:.0} % of the best rate, p{per_cent}", share * 100.0);
        let row = Row::figure(what, "ms", Spread::of(&times)).note(format!(
            "{:.0} orders/s, each due at a fixed time and counted from then",
            Spread::of(&rates).median
        ));
        let is_limited = per_cent == 99 && share <= HALF;
        run.table.add(if is_limited { row.at_most(Bound::Figure(HALF_P99_MAX_MS)) } else { row });
    }
}

fn add_lag(run: &mut Run, rounds: &[IrisRound], share: f64) {
    let row = lag_row(format!("Projection lag p99 at {:.0} % of the best rate", share * 100.0), rounds);
    run.table.add(if share >= MOST { row.at_most(Bound::Figure(MOST_LAG_P99_MAX_MS)) } else { row });
}
