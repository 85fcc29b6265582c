//! From rounds of orders to rows.

use crate::{
    rival::RivalRound,
    statistics::{Latencies, Spread},
    table::{Row, Table},
};

/// The least that placing orders may reach of pgbench.
const SHARE_MIN: f64 = 0.3;

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

/// Adds the rows of all levels.
pub fn add(table: &mut Table, levels: &[Level], resident: Option<(f64, f64)>) {
    for level in levels {
        add_speed(table, level);
    }
    let best = |spreads: Vec<Spread>| {
        spreads.into_iter().max_by(|a, b| a.median.total_cmp(&b.median)).expect("there are levels")
    };
    let iris = best(levels.iter().map(|level| level.spread(|round| round.orders_per_second)).collect());
    let rival =
        best(levels.iter().map(|level| level.rival_spread(|round| round.orders_per_second)).collect());
    table.add(
        Row::figure("**Figure**: orders, best count of clients each", "/s", iris)
            .against("pgbench", rival)
            .note(format!("to be at least {SHARE_MIN}")),
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
        let what = level.named(&format!("— p{per_cent}"));
        table.add(Row::figure(what, "ms", ours).against("pgbench", theirs));
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
    let mut samples: Vec<f64> = level.iris.iter().flat_map(|round| round.lag_ms.iter().copied()).collect();
    samples.sort_by(f64::total_cmp);
    let at = |per_cent: usize| samples[((samples.len() * per_cent).div_ceil(100)).max(1) - 1];
    let drained = level.spread(|round| round.drained_ms);
    table
        .add(Row::figure(level.named("Projection lag p99 under that load"), "ms", Spread::one(at(99))).note(
        format!(
            "age of the oldest event that the slowest read model lacks; p50 {:.0}, max {:.0}, {} samples; \
             caught up {:.0} ms after the last order",
            at(50),
            at(100),
            samples.len(),
            drained.median
        ),
    ));
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
