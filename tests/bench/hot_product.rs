//! A product that every order touches, against products that orders are spread over.

use crate::{
    limit::Bound,
    load::Load,
    order_rows::Level,
    order_scene::{Baskets, Scene},
    run::Run,
    table::Row,
    top::top,
};

/// The most that the hot product may cost, in times of the others.
const TIMES_MAX: f64 = 2.0;

/// Rows about rate and cost.
pub async fn measure(run: &mut Run) -> anyhow::Result<()> {
    let clients = top(run).await?.clients;
    let mut scenes = [Scene::open(run, Baskets::Hot).await?, Scene::open(run, Baskets::Even).await?];
    let mut levels = [Level::of(clients), Level::of(clients)];
    for scene in &mut scenes {
        scene.warm_up(run, clients).await?;
    }
    for round in 0..run.sizes.rounds {
        for turn in 0..2 {
            let which = (round + turn) % 2;
            let load = Load::Closed(clients);
            levels[which].iris.push(scenes[which].round(run, load, run.sizes.round).await?);
        }
    }
    for scene in scenes {
        scene.stop()?;
    }
    let [hot, even] = levels;
    run.table.add(
        Row::figure(format!("Orders with one product in all of them, {clients} clients"), "/s", hot.rate())
            .against("spread over 1,000 products", even.rate())
            .at_least(Bound::Ratio(1.0 / TIMES_MAX))
            .note("three lines each, of which the first is always the same product"),
    );
    let (ours, theirs) = (hot.cpu_ms(), even.cpu_ms());
    if ours.median.is_finite() {
        run.table.add(
            Row::figure("— CPU per order, iris serve and Postgres", "ms", ours)
                .against("spread", theirs)
                .at_most(Bound::Ratio(TIMES_MAX)),
        );
    }
    Ok(())
}
