//! From the minutes of a soak to rows.

use anyhow::ensure;

use crate::{
    limit::Bound,
    run::Run,
    soak::{FULFILLED_OF, MIB, Minute},
    statistics::{Spread, real},
    table::Row,
    table_sizes::TableSize,
};

/// Tables that changed less are told of only if they are these.
const CHANGES_MIN: i64 = 1_000;
const HOT: [&str; 7] = [
    "public.log_head",
    "public.idempotency",
    "read.checkpoints",
    "read.orders",
    "read.carts",
    "read.products",
    "webhooks.deliveries",
];
/// From so many rows on a table is measured per row; below, by its size. Twice the products of the soak: which it is must not
/// hang on whether autovacuum counts 999 of them or 1,000.
const MANY_ROWS: i64 = 2_000;
/// The most that a row's bytes may come to, indexes and dead rows included, in times of the first quarter's.
const BLOAT_MAX: f64 = 1.5;
/// The most that a table of few rows may take up.
const SMALL_MAX_MIB: f64 = 16.0;
const MEMORY_MAX: f64 = 1.25;
const LAG_P99_MAX_MS: f64 = 100.0;
const P99_MAX_MS: f64 = 50.0;
/// What consumers may lack when a minute ends, in times of what such a minute brings.
const LACK_MAX: f64 = 1.0;

/// Adds them: the end against the end of the first quarter.
pub fn add(run: &mut Run, rate: f64, minutes: &[Minute]) -> anyhow::Result<()> {
    ensure!(minutes.len() >= 2, "a soak of {} minutes compares nothing", minutes.len());
    let (first, end) = (&minutes[minutes.len().div_ceil(4) - 1], &minutes[minutes.len() - 1]);
    let asked = run.sizes.soak_minutes;
    let ended = if minutes.len() < asked { " (the disk was all but full)" } else { "" };
    let note = format!(
        "{rate:.0} orders/s asked for, {} of {asked} minutes{ended}; one of {FULFILLED_OF} orders confirmed, delivered \
         and received; one of 64 told by webhook; carts are filled between the minutes",
        minutes.len()
    );
    let all = |of: &dyn Fn(&Minute) -> f64| Spread::of(&minutes.iter().map(of).collect::<Vec<_>>());
    run.table.add(Row::figure("Soak: orders", "/s", all(&|minute| minute.orders_per_second)).note(note));
    run.table.add(
        Row::figure("Soak: p99 of orders", "ms", Spread::one(all(&|minute| minute.p99_ms).max))
            .at_most(Bound::Figure(P99_MAX_MS))
            .note(format!(
                "of the worst minute; the median of them {:.1}",
                all(&|minute| minute.p99_ms).median
            )),
    );
    run.table.add(
        Row::figure("Soak: projection lag p99", "ms", Spread::one(all(&|minute| minute.lag_p99_ms).max))
            .at_most(Bound::Figure(LAG_P99_MAX_MS))
            .note(format!(
                "of the worst minute; the median of them {:.0}",
                all(&|minute| minute.lag_p99_ms).median
            )),
    );
    let brought: Vec<f64> = minutes.windows(2).map(|pair| signed(pair[1].head - pair[0].head)).collect();
    run.table.add(
        Row::figure(
            "Soak: events that the slowest consumer lacks",
            "events",
            Spread::one(all(&|minute| signed(minute.consumers_lack)).max),
        )
        .against("what a minute brings", Spread::of(&brought))
        .at_most(Bound::Ratio(LACK_MAX))
        .note("webhooks, notifications, demand; the most at the end of a minute"),
    );
    run.table.add(
        Row::figure("Soak: resident memory at the end", "MiB", Spread::one(end.iris_mib))
            .against("after the first quarter", Spread::one(first.iris_mib))
            .at_most(Bound::Ratio(MEMORY_MAX)),
    );
    for (name, table) in &end.tables {
        let Some(before) = first.tables.get(name) else { continue };
        if table.changes >= CHANGES_MIN || HOT.contains(&name.as_str()) {
            let history = minutes.iter().filter_map(|minute| minute.tables.get(name));
            run.table.add(bloat_row(before, table, history));
        }
    }
    Ok(())
}

fn bloat_row<'a>(first: &TableSize, end: &TableSize, history: impl Iterator<Item = &'a TableSize>) -> Row {
    let dead = history.map(|table| table.dead_rows).max().unwrap_or_default();
    let mib = |table: &TableSize| signed(table.bytes()) / MIB;
    let note = format!(
        "{:.1} MiB and {} rows, {dead} dead at most, {} updates and deletions, {} autovacuums",
        mib(end),
        end.live_rows,
        end.changes,
        end.autovacuums
    );
    if end.live_rows < MANY_ROWS || first.live_rows < MANY_ROWS {
        return Row::figure(format!("Soak: {}, with indexes", end.name), "MiB", Spread::one(mib(end)))
            .against("after the first quarter", Spread::one(mib(first)))
            .at_most(Bound::Figure(SMALL_MAX_MIB))
            .note(note);
    }
    let per_row = |table: &TableSize| Spread::one(signed(table.bytes()) / signed(table.live_rows));
    Row::figure(format!("Soak: {}, bytes per live row", end.name), "bytes", per_row(end))
        .against("after the first quarter", per_row(first))
        .at_most(Bound::Ratio(BLOAT_MAX))
        .note(note)
}

fn signed(count: i64) -> f64 {
    real(count.max(0))
}
