//! Reads over HTTP on a large database against the same reads on a small one, and what a list costs.

use std::time::Instant;

use anyhow::ensure;

use crate::{
    empty_handler::EmptyHandler,
    guarded,
    http_client::HttpConnection,
    limit::Bound,
    processes::{cpu_seconds, tree_cpu_seconds},
    read_kinds::Read,
    read_scene::Scene,
    run::Run,
    statistics::{Latencies, Spread, real},
    table::Row,
};

/// Requests to one database before it is the other's turn.
const TURN: usize = 25;
/// The most that size may cost a p95.
const GROWTH_MAX: f64 = 1.2;
/// The most that a page far down may cost, in times of the first.
const DEPTH_MAX: f64 = 1.2;
/// The seeds' own limit for any answer.
const LIMIT_MS: f64 = 300.0;

/// All rows about reading.
pub async fn measure(run: &mut Run) -> anyhow::Result<()> {
    let mut small = Scene::open(run, run.sizes.small, "small").await?;
    let mut large = Scene::open(run, run.sizes.large, "large").await?;
    for read in Read::ALL {
        // Once for the caches of both.
        small.turn(read, TURN).await?;
        large.turn(read, TURN).await?;
        let (mut of_small, mut of_large) = (Latencies::default(), Latencies::default());
        for _ in 0..run.sizes.reads / TURN {
            of_small.merge(&small.turn(read, TURN).await?.0);
            of_large.merge(&large.turn(read, TURN).await?.0);
        }
        add_rows(run, read.name(), &of_small, &of_large);
    }
    small.iris.stop()?;
    depth(run, &mut large).await?;
    cost_of_a_list(run, &mut large).await?;
    large.iris.stop()?;
    // Alone: the program beside it would only take from what is measured.
    guarded::measure(run, &large.options, &large.history).await
}

fn add_rows(run: &mut Run, what: &str, small: &Latencies, large: &Latencies) {
    let ((orders, products), (few_orders, few_products)) = (run.sizes.large, run.sizes.small);
    let requests = run.sizes.reads;
    let note = format!("{orders} orders and {products} products; {requests} requests of one client");
    for per_cent in [50, 95] {
        let of = |latencies: &Latencies| Spread::one(latencies.percentile_ms(per_cent));
        let row = Row::figure(format!("{what}, p{per_cent}"), "ms", of(large))
            .against(format!("at {few_orders} and {few_products}"), of(small))
            .note(&note);
        run.table.add(if per_cent == 95 { row.at_most(Bound::Ratio(GROWTH_MAX)) } else { row });
    }
    let worst = Spread::one(large.percentile_ms(95));
    if worst.median > LIMIT_MS {
        let row = Row::figure(format!("{what}: beyond the limit of any p95"), "ms", worst);
        run.table.add(row.at_most(Bound::Figure(LIMIT_MS)));
    }
}

/// A page far down against the first of the same list, in turn.
async fn depth(run: &mut Run, scene: &mut Scene) -> anyhow::Result<()> {
    let (mut first, mut deep) = (Latencies::default(), Latencies::default());
    for _ in 0..run.sizes.reads / TURN {
        first.merge(&scene.turn(Read::FirstOfAll, TURN).await?.0);
        deep.merge(&scene.turn(Read::DeepPage, TURN).await?.0);
    }
    let p95 = |latencies: &Latencies| Spread::one(latencies.percentile_ms(95));
    run.table.add(
        Row::figure("All orders from the middle on, p95", "ms", p95(&deep))
            .against("the first page of the same list", p95(&first))
            .at_most(Bound::Ratio(DEPTH_MAX))
            .note(format!("at {} orders, {} requests to each in turn", run.sizes.large.0, run.sizes.reads)),
    );
    Ok(())
}

/// CPU of the program and of Postgres for a list of fifty, against an empty handler's for as many bytes.
async fn cost_of_a_list(run: &mut Run, scene: &mut Scene) -> anyhow::Result<()> {
    let Some(postmaster) = run.postmaster else { return Ok(()) };
    let cost = |pid| (cpu_seconds(pid), tree_cpu_seconds(postmaster));
    let before = cost(scene.iris.pid());
    let (_, bytes) = scene.turn(Read::FirstPage, run.sizes.reads).await?;
    let after = cost(scene.iris.pid());
    let (iris, postgres) = (after.0 - before.0, after.1 - before.1);

    let handler = EmptyHandler::start()?;
    let mut connection = HttpConnection::open(&handler.address).await?;
    let before = cpu_seconds(handler.pid());
    let requests = run.sizes.reads * 20; // a few microseconds each: /proc counts in hundredths of a second
    let began = Instant::now();
    for _ in 0..requests {
        let status = connection.get(&format!("/{bytes}"), "").await?;
        ensure!(status == 200 && connection.body().len() == bytes, "the empty handler answers {status}");
    }
    let took = began.elapsed().as_secs_f64() * 1_000.0 / real(requests);
    let empty = (cpu_seconds(handler.pid()) - before) * 1_000.0 / real(requests);
    let per_answer = |seconds: f64| seconds * 1_000.0 / real(run.sizes.reads);
    run.table.add(
        Row::figure("CPU per list answer, iris and Postgres", "ms", Spread::one(per_answer(iris + postgres)))
            .against("an empty axum handler", Spread::one(empty))
            .note(format!(
                "first page of 50 of a restaurant's orders, {bytes} bytes: {:.2} ms of iris, {:.2} ms of Postgres; the \
                 handler answers as many bytes in {took:.2} ms",
                per_answer(iris),
                per_answer(postgres)
            )),
    );
    Ok(())
}
