//! Random histories under random faults. However it ends: what was acknowledged is recorded, nothing happened twice,
//! nobody was sold what was not there, and everybody reads the same of it.
//!
//! `make test-faults SEEDS=1-500`. A seed makes a plan, of what clients ask and of which faults come when; `SEEDS=17`
//! tries one again. The plan is the same again; who comes first within it is not.

mod full_disk;
mod history;
mod injury;
mod plan;
mod sabotage;
mod traders;
mod world;

use std::{
    ops::RangeInclusive,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use harness::PrivateServers;
use sqlx::{Connection as _, PgConnection};
use tokio::runtime::Runtime;

use self::{
    injury::{Injury, Reach},
    plan::Plan,
    world::World,
};

/// `17` or `1-500`: the plans that are tried.
const VARIABLE: &str = "IRIS_FAULT_SEEDS";
/// As many as every change can wait for.
const BY_DEFAULT: RangeInclusive<u64> = 1..=3;
/// Worlds per processor: most of their time they wait for somebody's lease to run out.
const WORLDS_PER_PROCESSOR: usize = 2;

#[test]
fn whatever_dies_what_was_acknowledged_is_recorded_once() {
    let left = Left { seeds: seeds(), failed: Vec::new() };
    let (last, count) = (*left.seeds.end(), left.seeds.clone().count());
    let worlds = std::thread::available_parallelism().map_or(1, usize::from) * WORLDS_PER_PROCESSOR;
    let left = &Mutex::new(left);
    thread::scope(|scope| {
        for world in 0..worlds.min(count) {
            scope.spawn(move || try_what_is_left(world, left));
        }
    });
    let Left { seeds, failed } = left.lock().unwrap().clone();
    let rest =
        seeds.into_iter().next().map(|next| format!("; SEEDS={next}-{last} goes on")).unwrap_or_default();
    assert!(failed.is_empty(), "failed: {failed:?}; SEEDS=<seed> tries one again{rest}");
}

/// What was begun is ended first, and that needs the database.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_stops_once_the_database_speaks_again() {
    let servers = PrivateServers::start("faults-stop");
    let silence = Duration::from_secs(4);
    let injuries =
        vec![(40, Injury::DatabaseSilent(Reach::One(1), silence)), (41, Injury::ProcessStopped(1))];
    try_plan(&servers, &Plan { seed: 0, injuries }).await;
}

/// What is still to be tried, by anybody.
#[derive(Clone)]
struct Left {
    seeds: RangeInclusive<u64>,
    /// Those under way are still tried to their end, and no more.
    failed: Vec<u64>,
}

/// One plan after the other on servers of their own, until there is none left or one has failed.
fn try_what_is_left(world: usize, left: &Mutex<Left>) {
    let servers = PrivateServers::start(&format!("faults-{world}"));
    let runtime = || Runtime::new().expect("there are threads");
    runtime().block_on(keep_small(&servers));
    let take = || {
        let mut left = left.lock().unwrap();
        if left.failed.is_empty() { left.seeds.next() } else { None }
    };
    while let Some(seed) = take() {
        // Whatever a plan leaves running ends with its runtime.
        let tried = thread::scope(|scope| {
            scope.spawn(|| runtime().block_on(try_plan(&servers, &Plan::of(seed)))).join()
        });
        if tried.is_err() {
            eprintln!("seed {seed}: FAILED");
            left.lock().unwrap().failed.push(seed);
        }
    }
}

async fn try_plan(servers: &PrivateServers, plan: &Plan) {
    let (seed, began) = (plan.seed, Instant::now());
    // Said before, so that a plan that fails is known.
    eprintln!("seed {seed}: {:?}", plan.injuries);
    let mut world = World::open(servers, seed).await;
    let opened = Instant::now();
    let history = world.live_through(plan, servers).await;
    let lived = Instant::now();
    world.heal().await;
    history.check(&world).await;
    world.everybody_reads_the_same().await;
    world.remove().await;
    eprintln!(
        "seed {seed}: {} commands, {} accepted; {:.1} s to start, {:.1} to live, {:.1} to check",
        history.commands(),
        history.accepted(),
        opened.duration_since(began).as_secs_f64(),
        lived.duration_since(opened).as_secs_f64(),
        lived.elapsed().as_secs_f64()
    );
}

/// Servers that are killed hundreds of times, and have little to replay each time.
async fn keep_small(servers: &PrivateServers) {
    let mut admin = PgConnection::connect(&servers.database_url).await.unwrap();
    for sql in ["ALTER SYSTEM SET max_wal_size = '256MB'", "SELECT pg_reload_conf()"] {
        sqlx::query(sql).execute(&mut admin).await.unwrap();
    }
}

fn seeds() -> RangeInclusive<u64> {
    let Ok(text) = std::env::var(VARIABLE) else { return BY_DEFAULT };
    let number =
        |text: &str| text.trim().parse().unwrap_or_else(|_| panic!("{VARIABLE}: {text:?} is no seed"));
    match text.split_once('-') {
        Some((first, last)) => number(first)..=number(last),
        None => number(&text)..=number(&text),
    }
}
