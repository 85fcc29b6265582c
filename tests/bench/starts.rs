//! From the start of the program to its first "ready".

use harness::TestDatabase;

use crate::{
    iris_process::IrisProcess,
    run::{Run, SECRET},
    statistics::Spread,
    table::Row,
};

/// Starts the program several times on a database that has seen work.
pub async fn measure(run: &mut Run, database: &TestDatabase) -> anyhow::Result<()> {
    let mut took = Vec::new();
    for _ in 0..run.sizes.starts {
        let iris = IrisProcess::start(&database.url(), SECRET, &run.scratch.join("iris.log")).await?;
        took.push(iris.took.as_secs_f64() * 1_000.0);
        iris.stop()?;
    }
    let note = format!("iris serve to /health/ready 200, {} starts", took.len());
    run.table.add(Row::figure("Start to healthy", "ms", Spread::of(&took)).note(note));
    Ok(())
}
