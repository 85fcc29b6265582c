//! What the subcommands show, as plain columns.

use projections::{Overview, ParkedStream, Rows, Swapped};

const MIB: i64 = 1 << 20;

/// One line per projection and place of its rows.
pub fn overview(projections: &[Overview]) {
    println!(
        "{:<18} {:<24} {:>7} {:>12} {:>9} {:>7} {:>10}  state",
        "projection", "rows in", "version", "position", "lag", "parked", "MiB"
    );
    for found in projections {
        let Overview { name, family, version, head, live, next, old } = found;
        if live.is_none() {
            println!("{name:<18} {:<24} {:>7} {:>12}", "read", version, "not started");
        }
        let places = [
            ("read".to_owned(), live, "live"),
            (format!("read_next_{family}"), next, "beside"),
            (format!("read_old_{family}"), old, "kept"),
        ];
        for (place, rows, role) in places {
            let Some(rows) = rows else { continue };
            let state = state(rows, role, *version);
            println!(
                "{name:<18} {place:<24} {:>7} {:>12} {:>9} {:>7} {:>10}  {state}",
                rows.version,
                rows.position,
                (head - rows.position).max(0),
                rows.parked,
                rows.bytes / MIB,
            );
        }
    }
}

fn state(rows: &Rows, role: &str, version: i32) -> String {
    if rows.version != version {
        return format!("{role}, this program folds version {version}");
    }
    match (role, rows.is_complete) {
        ("beside", true) => "built: ready to swap".to_owned(),
        ("beside", false) => "unfinished: rebuild goes on".to_owned(),
        (_, false) => format!("{role}, unlike the live tables"),
        (_, true) => role.to_owned(),
    }
}

/// One line per stream.
pub fn parked(streams: &[ParkedStream]) {
    if streams.is_empty() {
        println!("nothing is parked");
    }
    for ParkedStream { name, key, position, error, parked_at } in streams {
        println!("{name} {key} from position {position}, since {parked_at:.0}: {error}");
    }
}

/// How both sides compared.
pub fn swapped(swapped: &Swapped) {
    for count in &swapped.counts {
        println!("{}: {} rows were live, {} took their place", count.table, count.live, count.built);
    }
    for difference in &swapped.differences {
        println!(
            "{}: {} rows only among those that were live, {} only among the new ones, first {:?}",
            difference.table, difference.only_left, difference.only_right, difference.keys
        );
    }
}
