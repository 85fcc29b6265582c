//! Two `iris serve` on one database, each with half of the clients, against one with all of them.

use crate::{
    limit::Bound,
    load::Load,
    order_rows::Level,
    order_scene::{Baskets, Scene},
    run::Run,
    table::Row,
    top::top,
};

/// A row about the rate, and one about the cost.
pub async fn measure(run: &mut Run) -> anyhow::Result<()> {
    let clients = top(run).await?.clients;
    let mut scene = Scene::open(run, Baskets::Even).await?;
    scene.warm_up(run, clients).await?;
    let (mut one, mut two) = (Level::of(clients), Level::of(clients));
    for _ in 0..run.sizes.rounds {
        one.iris.push(scene.round(run, Load::Closed(clients), run.sizes.round).await?);
        // Started and stopped each time: one that idles beside the other would take from it.
        scene.add_process(run).await?;
        scene.round(run, Load::Closed(clients), run.sizes.warm_up).await?;
        two.iris.push(scene.round(run, Load::Closed(clients), run.sizes.round).await?);
        scene.stop_last()?;
    }
    scene.stop()?;
    run.table.add(
        Row::figure(format!("Orders by two processes on one database, {clients} clients"), "/s", two.rate())
            .against("one process", one.rate())
            .at_least(Bound::Ratio(1.0))
            .note(
                "half of the clients each; on the same cores, so no faster is to be expected: no slower is",
            ),
    );
    let (ours, theirs) = (two.cpu_ms(), one.cpu_ms());
    if ours.median.is_finite() {
        run.table.add(
            Row::figure("— CPU per order, all of iris and Postgres", "ms", ours)
                .against("one process", theirs),
        );
    }
    Ok(())
}
