//! The two servers together: started, kept alive, stopped.

use std::collections::VecDeque;
use std::process::{Child, ExitCode};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::error::ServicesError;
use super::keeper::Task;
use super::layout::Layout;
use super::nats::{self, Nats};
use super::ports::Ports;
use super::postgres::{self, Postgres};
use super::secrets::Secrets;

/// Postgres and NATS of one data directory.
pub struct Servers<'a> {
    task: &'a Task,
    /// Where their files are.
    pub layout: Layout,
    /// Where they listen.
    pub ports: Ports,
    /// Their passwords.
    pub secrets: Secrets,
    postgres: Option<Child>,
    nats: Option<Child>,
}

impl<'a> Servers<'a> {
    /// Starts those that the task names. Call it with the data directory's lock held.
    pub fn start(task: &'a Task) -> Result<Self, ServicesError> {
        // A port that was free when looked at may be taken when the server comes.
        const TRIES: usize = 3;
        let layout = Layout::prepare(&task.data_dir, task.isolation.owner())?;
        let secrets = Secrets::load_or_create(&task.data_dir)?;
        let ports = Ports::choose(&task.data_dir)?;
        let mut servers = Self { task, layout, ports, secrets, postgres: None, nats: None };
        if let Some(postgres) = servers.postgres_to_run() {
            postgres.create_if_missing(&servers.secrets.superuser)?;
        }
        for _ in 1..TRIES {
            match servers.start_missing() {
                Err(error) if error.to_string().contains("in use") => {
                    servers.stop();
                    servers.ports = Ports::choose(&task.data_dir)?;
                }
                done => return servers.or_stopped(done),
            }
        }
        let done = servers.start_missing();
        servers.or_stopped(done)
    }

    fn or_stopped(mut self, done: Result<(), ServicesError>) -> Result<Self, ServicesError> {
        if let Err(error) = done {
            self.stop();
            return Err(error);
        }
        Ok(self)
    }

    fn start_missing(&mut self) -> Result<(), ServicesError> {
        if self.postgres.is_none() {
            self.postgres =
                self.postgres_to_run().map(|postgres| postgres.start(self.ports.postgres)).transpose()?;
        }
        if self.nats.is_none() {
            self.nats =
                self.nats_to_run().map(|nats| nats.start(self.ports, &self.secrets.nats)).transpose()?;
        }
        Ok(())
    }

    /// Until told to stop. A server that dies comes back on its port; five deaths in a minute are too many.
    pub fn watch(&mut self, stop: &Receiver<()>, ended_well: ExitCode) -> ExitCode {
        let mut deaths: VecDeque<Instant> = VecDeque::new();
        while stop.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout) {
            for (name, server) in [("postgres", &mut self.postgres), ("nats-server", &mut self.nats)] {
                if let Some(Ok(Some(status))) = server.as_mut().map(Child::try_wait) {
                    eprintln!("{name} ended ({status}); starting it again");
                    deaths.push_back(Instant::now());
                    *server = None;
                }
            }
            while deaths.front().is_some_and(|death| death.elapsed() > Duration::from_mins(1)) {
                deaths.pop_front();
            }
            if deaths.len() > 5 {
                eprintln!("a server died {} times within a minute; giving up", deaths.len());
                return ExitCode::FAILURE;
            }
            // After a kill -9 of Postgres its sessions hold the shared memory for a moment and it refuses to start.
            if let Err(error) = self.start_missing() {
                eprintln!("{error}");
                deaths.push_back(Instant::now());
                std::thread::sleep(Duration::from_millis(500));
            }
        }
        ended_well
    }

    /// Stops what runs, and waits until it is gone.
    pub fn stop(&mut self) {
        // NATS first: nothing in Postgres waits for it.
        if let Some(mut nats) = self.nats.take() {
            nats::stop(&mut nats);
        }
        if let Some(mut postgres) = self.postgres.take() {
            postgres::stop(&mut postgres, self.task.throw_away);
        }
    }

    fn postgres_to_run(&self) -> Option<Postgres<'_>> {
        let bin_dir = self.task.postgres_bin.clone()?;
        Some(Postgres { layout: &self.layout, bin_dir, isolation: self.task.isolation })
    }

    fn nats_to_run(&self) -> Option<Nats<'_>> {
        let program = self.task.nats_bin.clone()?;
        Some(Nats { layout: &self.layout, program, isolation: self.task.isolation })
    }
}
