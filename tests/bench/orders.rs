//! Orders over HTTP against the same order as one SQL transaction, and what they cost.

use harness::TestDatabase;
use sqlx::Executor as _;

use crate::{
    commands_alone, empty_handler,
    load::Load,
    order_rows::{self, Level},
    order_scene::{Baskets, Scene},
    processes::resident_mib,
    rival::Rival,
    run::Run,
};

/// All rows about placing orders. Leaves the database for the starts.
pub async fn measure(run: &mut Run) -> anyhow::Result<TestDatabase> {
    let mut scene = Scene::open(run, Baskets::Even).await?;
    let shop = TestDatabase::create().await;
    let mut rival = Rival::open(run, &shop.url()).await?;
    for &clients in run.sizes.clients {
        rival.round(clients, run.sizes.warm_up).await?;
        scene.round(run, Load::Closed(clients), run.sizes.warm_up).await?;
    }
    // Both alike, ours and the rival's: see the scene's warm-up.
    scene.vacuum().await?;
    shop.pool.execute("VACUUM ANALYZE").await?;
    let mut levels: Vec<Level> = run.sizes.clients.iter().map(|&clients| Level::of(clients)).collect();
    for round in 0..run.sizes.rounds {
        for level in &mut levels {
            // In turn, and the turns change: neither always has the quieter machine.
            for turn in 0..2 {
                if (round + turn) % 2 == 0 {
                    level.rival.push(rival.round(level.clients, run.sizes.round).await?);
                } else {
                    let load = Load::Closed(level.clients);
                    level.iris.push(scene.round(run, load, run.sizes.round).await?);
                }
            }
        }
    }
    let resident = resident_mib(scene.iris[0].pid());
    let (top, pgbench) = order_rows::add(&mut run.table, &levels, resident);
    run.top = Some(top);
    empty_handler::measure(run, &scene, top).await?;
    let database = scene.stop()?;
    commands_alone::measure(run, top, pgbench).await?;
    Ok(database)
}
