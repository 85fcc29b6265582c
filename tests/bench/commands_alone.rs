//! `iris command-api` alone: what recording orders takes, with nobody who folds or tells of them.

use crate::{
    load::Load,
    order_rows::Level,
    order_scene::{Baskets, Roles, Scene},
    run::Run,
    statistics::Spread,
    table::Row,
    top::Top,
};

/// At the client count that was best for `iris serve`, against pgbench at its own best.
pub async fn measure(run: &mut Run, top: Top, pgbench: Spread) -> anyhow::Result<()> {
    let mut scene = Scene::open_with(run, Baskets::Even, Roles::CommandsAlone).await?;
    scene.warm_up(run, top.clients).await?;
    let mut alone = Level::of(top.clients);
    for _ in 0..run.sizes.rounds {
        alone.iris.push(scene.round(run, Load::Closed(top.clients), run.sizes.round).await?);
    }
    scene.stop()?;
    run.table.add(
        Row::figure(format!("Orders over HTTP, iris command-api alone, {} clients", top.clients), "/s", alone.rate())
            .against("pgbench", pgbench)
            .note("as above, but nobody folds read models or tells of orders: what recording them leaves of the machine"),
    );
    let (iris, postgres) = alone.cpu_ms_apart();
    if iris.median.is_finite() {
        run.table
            .add(Row::figure("— CPU per order, iris command-api", "ms", iris).against("Postgres", postgres));
    }
    Ok(())
}
