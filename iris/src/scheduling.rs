//! What this program does by the clock.

use std::sync::Arc;

use anyhow::Context as _;
use command_api::Committer;
use events::audit::SealFolder;
use handlers::{
    Surroundings,
    forecasts::{DemandIndexJob, ForecastJob},
    jobs::{TrialCheck, Upkeep},
    prices::PriceJob,
    scheduler::{self, Agenda, Job},
};
use platform::{clock::Ids, config::Config};

use crate::{
    system_commands::SystemCommands,
    task::{Ends, Task, start_sure},
};

/// All jobs, whether a scheduler runs them or somebody by hand.
///
/// # Errors
/// What one of them needs cannot be set up.
pub fn agenda(config: &Config, committer: &Committer, ids: &Arc<dyn Ids>) -> anyhow::Result<Agenda> {
    let commands = Arc::new(SystemCommands::new(committer.clone(), Arc::clone(ids), "scheduler"));
    // History names who changed a price: its own name is one that people look for.
    let pricing = Arc::new(SystemCommands::new(committer.clone(), Arc::clone(ids), "prices"));
    let seals =
        config.audit.seal_dir.as_deref().map(SealFolder::create).transpose().context("AUDIT_SEAL_DIR")?;
    let jobs: Vec<Arc<dyn Job>> = vec![
        Arc::new(TrialCheck::new(commands.clone())),
        Arc::new(Upkeep::new(seals)),
        Arc::new(ForecastJob::new(commands)),
        Arc::new(DemandIndexJob),
        Arc::new(PriceJob::new(pricing)),
    ];
    Ok(Agenda::try_new(jobs)?)
}

/// The scheduler.
///
/// # Errors
/// As [`agenda`].
pub fn scheduling(
    config: &Config,
    surroundings: &Surroundings,
    committer: &Committer,
    ends: &Ends,
) -> anyhow::Result<Task> {
    let agenda = agenda(config, committer, &surroundings.ids)?;
    Ok(start_sure("the scheduler", ends, scheduler::run(surroundings.clone(), agenda, ends.stop.clone())))
}
