//! From rounds of orders to rows.

use crate::{
    limit::Bound,
    load::PlacedOrder,
    rival::RivalRound,
    statistics::{Latencies, Spread},
    table::{Row, Table},
    top::Top,
};

/// The least that placing orders may reach of pgbench's one transaction per order, each at its best.
const SHARE_MIN: f64 = 1.0;
/// The most that one order at a time may take, in times of the bare transaction.
const ALONE_MAX: f64 = 2.0;

/// CPU seconds, of all or per order.
#[derive(Clone, Copy)]
pub struct Cost {
    pub iris: f64,
    pub postgres: f64,
    pub clients: f64,
}

/// What one round of Iris came to.
pub struct IrisRound {
    pub orders_per_second: f64,
    pub events_per_second: f64,
    pub latencies: Latencies,
    /// Per order.
    pub cost: Cost,
    pub batch_commands: f64,
    pub batch_events: f64,
    pub lag_ms: Vec<f64>,
    pub drained_ms: f64,
    /// Some of the orders.
    pub kept: Vec<PlacedOrder>,
}

impl IrisRound {
    /// So many per cent of the looks at the lag found no more.
    pub fn lag_percentile_ms(&self, per_cent: usize) -> f64 {
        let mut sorted = self.lag_ms.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get((sorted.len() * per_cent).div_ceil(100).max(1) - 1).copied().unwrap_or(f64::NAN)
    }
}

/// All rounds with that many clients.
pub struct Level {
    pub clients: usize,
    pub iris: Vec<IrisRound>,
    pub rival: Vec<RivalRound>,
}

impl Level {
    pub fn of(clients: usize) -> Self {
        Self { clients, iris: Vec::new(), rival: Vec::new() }
    }

    /// Orders a second.
    pub fn rate(&self) -> Spread {
        self.spread(|round| round.orders_per_second)
    }

    /// CPU milliseconds per order of Iris and Postgres together.
    pub fn cpu_ms(&self) -> Spread {
        self.spread(|round| (round.cost.iris + round.cost.postgres) * 1_000.0)
    }

    /// CPU milliseconds per order of Iris, and of Postgres.
    pub fn cpu_ms_apart(&self) -> (Spread, Spread) {
        let ms = |of: fn(&Cost) -> f64| self.spread(|round| of(&round.cost) * 1_000.0);
        (ms(|cost| cost.iris), ms(|cost| cost.postgres))
    }

    fn spread(&self, of: impl Fn(&IrisRound) -> f64) -> Spread {
        Spread::of(&self.iris.iter().map(of).collect::<Vec<_>>())
    }

    fn rival_spread(&self, of: impl Fn(&RivalRound) -> f64) -> Spread {
        Spread::of(&self.rival.iter().map(of).collect::<Vec<_>>())
    }

    fn named(&self, what: &str) -> String {
        let plural = if self.clients == 1 { "" } else { "s" };
        format!("{what}, {} client{plural}", self.clients)
    }
}

/// Adds the rows of all levels, and returns the best of them, and what pgbench came to at its best.
pub fn add(table: &mut Table, levels: &[Level], resident: Option<(f64, f64)>) -> (Top, Spread) {
    for level in levels {
        add_speed(table, level);
    }
    let fastest = |of: &dyn Fn(&Level) -> Spread| {
        let levels = levels.iter().map(|level| (of(level), level));
        levels.max_by(|(a, _), (b, _)| a.median.total_cmp(&b.median)).expect("there are levels")
    };
    let (ours, best) = fastest(&Level::rate);
    let (theirs, their_best) = fastest(&|level| level.rival_spread(|round| round.orders_per_second));
    table.add(
        Row::figure("**Figure**: orders, best count of clients each", "/s", ours)
            .against("pgbench", theirs)
            .at_least(Bound::Ratio(SHARE_MIN))
            .note(format!(
                "to be at least 1.0: {} clients and {} of pgbench",
                best.clients, their_best.clients
            )),
    );
    for level in levels {
        add_events(table, level);
    }
    for level in levels {
        add_cost(table, level);
    }
    for level in levels {
        add_lag(table, level);
    }
    if let Some((now, highest)) = resident {
        let figure = Spread::one(now);
        let note = format!("iris serve, after the load; at its highest {highest:.0} MiB");
        table.add(Row::figure("Resident memory", "MiB", figure).note(note));
    }
    (Top { orders_per_second: ours, clients: best.clients }, theirs)
}

fn add_speed(table: &mut Table, level: &Level) {
    let ours = level.spread(|round| round.orders_per_second);
    let theirs = level.rival_spread(|round| round.orders_per_second);
    table.add(
        Row::figure(level.named("Orders over HTTP"), "/s", ours)
            .against("pgbench", theirs)
            .note("three lines each, 1,000 products, read models folded by the same process"),
    );
    for per_cent in [50, 95, 99] {
        let ours = level.spread(|round| round.latencies.percentile_ms(per_cent));
        let theirs = level.rival_spread(|round| round.latencies.percentile_ms(per_cent));
        let row = Row::figure(level.named(&format!("— p{per_cent}")), "ms", ours).against("pgbench", theirs);
        let is_limited = per_cent == 50 && level.clients == 1;
        table.add(if is_limited { row.at_most(Bound::Ratio(ALONE_MAX)) } else { row });
    }
}

fn add_events(table: &mut Table, level: &Level) {
    let events = level.spread(|round| round.events_per_second);
    let what = level.named("Events appended under that load");
    table.add(Row::figure(what, "/s", events).note("five per order"));
    let commands = level.spread(|round| round.batch_commands);
    let events = level.spread(|round| round.batch_events);
    table.add(
        Row::figure(level.named("— commands per append"), "", commands)
            .note(format!("{:.0} events", events.median)),
    );
}

fn add_cost(table: &mut Table, level: &Level) {
    let ms = |seconds: f64| seconds * 1_000.0;
    let iris = level.spread(|round| ms(round.cost.iris));
    let postgres = level.spread(|round| ms(round.cost.postgres));
    let clients = level.spread(|round| ms(round.cost.clients));
    let theirs = level.rival_spread(|round| ms(round.postgres_cpu));
    if iris.median.is_nan() || postgres.median.is_nan() {
        return; // no /proc here
    }
    table.add(
        Row::figure(level.named("CPU per order, iris serve"), "ms", iris)
            .note("HTTP, deciding, appending, and the read models as far as they came"),
    );
    table.add(
        Row::figure(level.named("CPU per order, Postgres"), "ms", postgres).against("under pgbench", theirs),
    );
    table.add(Row::figure(level.named("CPU per order, the clients"), "ms", clients).note("this program"));
}

fn add_lag(table: &mut Table, level: &Level) {
    table.add(lag_row(level.named("Projection lag p99 under that load"), &level.iris));
}

/// Of all samples of these rounds.
pub fn lag_row(what: String, rounds: &[IrisRound]) -> Row {
    let mut samples: Vec<f64> = rounds.iter().flat_map(|round| round.lag_ms.iter().copied()).collect();
    samples.sort_by(f64::total_cmp);
    let place = |per_cent: usize| (samples.len() * per_cent).div_ceil(100).max(1) - 1;
    let at = |per_cent| samples.get(place(per_cent)).copied().unwrap_or(f64::NAN);
    let drained = Spread::of(&rounds.iter().map(|round| round.drained_ms).collect::<Vec<_>>());
    Row::figure(what, "ms", Spread::one(at(99))).note(format!(
        "age of the oldest event that the slowest read model lacks; p50 {:.0}, max {:.0}, {} samples; \
         caught up {:.0} ms after the last order",
        at(50),
        at(100),
        samples.len(),
        drained.median
    ))
}

impl std::ops::Sub for Cost {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self {
            iris: self.iris - other.iris,
            postgres: self.postgres - other.postgres,
            clients: self.clients - other.clients,
        }
    }
}

impl std::ops::Div<f64> for Cost {
    type Output = Self;
    fn div(self, by: f64) -> Self {
        Self { iris: self.iris / by, postgres: self.postgres / by, clients: self.clients / by }
    }
}
