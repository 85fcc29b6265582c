//! Every endpoint, for every kind of caller, at what is its own, its neighbour's and nobody's.
//!
//! `tables/*.txt` say what the contract has each of them answered; they are written from the contract's words, to be
//! read against them, and say why where it is silent. Here they are held against the running program: every cell is a
//! request that is right in all but who asks. Beyond the status it is checked that whatever is refused changed nothing,
//! and that somebody else's is refused in the very words of what does not exist.
//!
//! A row is
//!
//! ```text
//! METHOD path?query | thing | status | a cell per caller, as the heading has them | 404=code 403=code 409=code
//!   json {…} or form a=b or file name [field=value …]
//! ```
//!
//! The path is the `OpenAPI` document's. `thing` names what is asked for, and [`things`] makes it, on either side: its
//! ids fill the `{names}` of path, query and body; `{unique}` is another number every time and `{head}` the log's
//! position. `thing~name` takes that one id from the other side: a part of another whole. `status` is that of success;
//! `lists` is 200 as well, and tells whether the thing is on the list. `serial` beside it: one request at a time.
//!
//! A cell has a sign for what is the caller's own, one for its neighbour's, and one for nobody's:
//! `+` is done (on the list), `x` 403, `-` 404 (not on the list), `c` 409, `!` 401, `.` not asked.
//! `anyone` before a single cell: all who are logged in. Who is not, or with a token that is none, gets 401; with
//! `everyone` the cell is theirs as well. 403 is `forbidden` where the row does not name another code.
//!
//! For a new endpoint: add its row, and to [`things`] what it is about if nothing there is; without a row
//! `every_operation_has_a_row…` fails.

mod asking;
mod callers;
mod checking;
mod reading;
mod row;
mod tables;
mod things;
mod world;

use std::collections::BTreeSet;

use world::World;

/// Beside the `OpenAPI` document, by the contract.
const ROOT: [&str; 7] = [
    "GET /health/live",
    "GET /health/ready",
    "GET /version",
    "POST /echo",
    "GET /metrics",
    "GET /docs",
    "GET /api/v1/openapi.json",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_has_a_row_and_every_cell_is_as_its_table_says() {
    let rows = tables::rows();
    let world = World::open().await;
    let named: BTreeSet<String> = rows.iter().map(row::Row::operation).collect();
    let served = world.operations().await;
    let expected: BTreeSet<String> = served.into_iter().chain(ROOT.map(str::to_owned)).collect();
    let missing: Vec<_> = expected.difference(&named).collect();
    let unknown: Vec<_> = named.difference(&expected).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "without a row: {missing:#?}; not served: {unknown:#?}"
    );

    let mut faults = Vec::new();
    for row in &rows {
        faults.extend(checking::faults(&world, row).await);
    }
    assert!(faults.is_empty(), "{} cells are otherwise:\n{}", faults.len(), faults.join("\n"));
}
