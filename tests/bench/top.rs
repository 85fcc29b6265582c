//! The best rate of orders, which other parts measure a share of.

use crate::{
    load::Load,
    order_scene::{Baskets, Scene},
    run::Run,
    statistics::Spread,
};

/// Clients where nobody has looked for the best number of them.
const CLIENTS: usize = 64;

/// What placing orders came to at its best.
#[derive(Clone, Copy, Debug)]
pub struct Top {
    pub orders_per_second: Spread,
    pub clients: usize,
}

/// What the part `orders` found, or, where it was not asked for, what a few rounds find.
pub async fn top(run: &mut Run) -> anyhow::Result<Top> {
    if let Some(top) = run.top {
        return Ok(top);
    }
    let mut scene = Scene::open(run, Baskets::Even).await?;
    scene.warm_up(run, CLIENTS).await?;
    let mut rates = Vec::new();
    for _ in 0..run.sizes.rounds {
        rates.push(scene.round(run, Load::Closed(CLIENTS), run.sizes.round).await?.orders_per_second);
    }
    scene.stop()?;
    let top = Top { orders_per_second: Spread::of(&rates), clients: CLIENTS };
    run.top = Some(top);
    Ok(top)
}
