//! The private NATS with JetStream: configured in one file, started, stopped.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::error::{OnPath as _, ServicesError};
use super::isolation::Isolation;
use super::layout::Layout;
use super::ports::Ports;
use super::{private_files, server};
use crate::health;

/// Long enough for JetStream to read back a large store.
const READY_LIMIT: Duration = Duration::from_mins(2);

/// What it takes to run NATS on a data directory.
pub struct Nats<'a> {
    /// Where its files are.
    pub layout: &'a Layout,
    /// nats-server.
    pub program: PathBuf,
    /// How it runs.
    pub isolation: Isolation,
}

impl Nats<'_> {
    /// Starts the server and waits until JetStream answers.
    pub fn start(&self, ports: Ports, password: &str) -> Result<Child, ServicesError> {
        let dir = self.layout.nats();
        let settings_path = dir.join("nats.conf");
        // In a file of mode 0600, not on the command line, where every user of the machine could read it.
        private_files::write(&settings_path, &settings(&dir, ports, password), self.layout.owner)
            .on("writing", &settings_path)?;
        let log_path = self.layout.data_dir.join("nats.log");
        let log = private_files::open_log(&log_path).on("opening", &log_path)?;
        let mut child = self
            .isolation
            .server_command(&self.program)
            .arg("-c")
            .arg(&settings_path)
            .current_dir(&dir)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .on("starting", &self.program)?;
        // 2.9 knows only the first name of the parameter; newer versions still take it.
        let url = format!("http://127.0.0.1:{}/healthz?js-enabled=true", ports.nats_monitor);
        let ready = || health::status(&url).is_ok_and(|status| status == 200);
        if let Err(error) = server::wait_until_ready("nats-server", &mut child, &log_path, READY_LIMIT, ready)
        {
            stop(&mut child);
            return Err(error);
        }
        Ok(child)
    }
}

/// Ends the server; JetStream writes what it holds.
pub fn stop(child: &mut Child) {
    server::stop(
        child,
        &[(Signal::SIGTERM, Duration::from_secs(10)), (Signal::SIGKILL, Duration::from_secs(5))],
    );
}

fn settings(dir: &Path, ports: Ports, password: &str) -> String {
    let store = dir.join("store").display().to_string();
    // JSON's quoting is NATS's too, for a path may hold a quote or a backslash.
    let store = serde_json::to_string(&store).expect("strings always serialise");
    format!(
        "# Written by iris at every start.\n\
         listen: \"127.0.0.1:{}\"\n\
         http: \"127.0.0.1:{}\"\n\
         authorization {{ user: \"iris\", password: \"{password}\" }}\n\
         jetstream {{ store_dir: {store} }}\n",
        ports.nats, ports.nats_monitor
    )
}
