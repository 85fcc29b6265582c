//! The private Postgres: made by initdb, configured in one file, started, stopped.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::error::{OnPath as _, ServicesError};
use super::isolation::Isolation;
use super::layout::Layout;
use super::{private_files, server};

/// Long enough for the replay of 4 GiB of WAL after a crash.
const READY_LIMIT: Duration = Duration::from_mins(10);

/// What it takes to run Postgres on a data directory.
pub struct Postgres<'a> {
    /// Where its files are.
    pub layout: &'a Layout,
    /// The directory of its programs.
    pub bin_dir: PathBuf,
    /// How it runs.
    pub isolation: Isolation,
}

impl Postgres<'_> {
    /// Makes the cluster if there is none. A cluster is there whole or not at all.
    pub fn create_if_missing(&self, superuser_password: &str) -> Result<(), ServicesError> {
        let cluster = self.layout.cluster();
        if cluster.join("PG_VERSION").exists() {
            return Ok(());
        }
        let owner = self.layout.owner;
        let partial = self.layout.servers_dir.join("pg.partial");
        if partial.exists() {
            fs::remove_dir_all(&partial).on("removing", &partial)?;
        }
        private_files::create_dir(&partial, owner).on("creating", &partial)?;
        // initdb must be able to read it under the servers' account; it is gone right after.
        let password_file = self.layout.nats().join("initdb-password");
        private_files::write(&password_file, superuser_password, owner).on("writing", &password_file)?;
        let mut initdb = self.isolation.server_command(&self.bin_dir.join("initdb"));
        initdb.arg("-D").arg(&partial).args(["-U", "postgres", "--auth=scram-sha-256", "--encoding=UTF8"]);
        // Sorted by code point, which is fast and the same everywhere, but with å, ä and ö known as letters: search
        // must find "Ålgräs" by "ålgräs".
        initdb.args([
            "--lc-collate=C",
            "--lc-messages=C",
            "--lc-monetary=C",
            "--lc-numeric=C",
            "--lc-time=C",
        ]);
        initdb.arg(if cfg!(target_os = "macos") { "--lc-ctype=UTF-8" } else { "--lc-ctype=C.UTF-8" });
        initdb.args(["--data-checksums", "--no-instructions", "--text-search-config=simple"]);
        initdb.arg("--pwfile").arg(&password_file).current_dir(&self.layout.servers_dir);
        let output = initdb.output().on("running", &self.bin_dir.join("initdb"));
        fs::remove_file(&password_file).on("removing", &password_file)?;
        let output = output?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).replace('\n', " ");
            return Err(ServicesError::Server(format!("initdb failed: {}", said.trim())));
        }
        let main_file = partial.join("postgresql.conf");
        let text = fs::read_to_string(&main_file).on("reading", &main_file)?;
        private_files::write(&main_file, &format!("{text}\ninclude 'iris.conf'\n"), owner)
            .on("writing", &main_file)?;
        fs::rename(&partial, &cluster).on("creating", &cluster)
    }

    /// Starts the server and waits until it takes connections, after replaying its log if it crashed.
    ///
    /// Call it with the data directory's lock held, for it removes what a dead server left behind.
    pub fn start(&self, port: u16) -> Result<Child, ServicesError> {
        let cluster = self.layout.cluster();
        refuse_foreign_server(&cluster)?;
        // Our lock is inherited by every server we start, so nobody of ours can be alive here, and a foreign one
        // was just looked for. The pid in the file says nothing: it counts in a namespace that is gone, and may
        // name a living stranger, at whose sight Postgres would refuse to start. Postgres's own interlock, the
        // shared memory segment of the directory, stays in force.
        let pid_file = cluster.join("postmaster.pid");
        remove_if_there(&pid_file)?;
        self.layout.prepare_socket()?;
        let socket_dir = self.layout.socket();
        for entry in fs::read_dir(&socket_dir).on("reading", &socket_dir)?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(".s.PGSQL.") {
                remove_if_there(&entry.path())?;
            }
        }
        let settings = cluster.join("iris.conf");
        let write = |wal_compression| {
            let text = self.settings(port, wal_compression);
            private_files::write(&settings, &text, self.layout.owner).on("writing", &settings)
        };
        write("pglz")?;
        if self.has_lz4(&cluster) {
            write("lz4")?;
        }

        let log_path = self.layout.data_dir.join("postgres.log");
        let log = private_files::open_log(&log_path).on("opening", &log_path)?;
        let program = self.bin_dir.join("postgres");
        let mut child = self
            .isolation
            .server_command(&program)
            .arg("-D")
            .arg(&cluster)
            .current_dir(&cluster)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .on("starting", &program)?;
        let ready = || {
            // The eighth line is the server's own word on its state, the one pg_ctl waits for too.
            fs::read_to_string(&pid_file)
                .is_ok_and(|text| text.lines().nth(7).is_some_and(|l| l.trim() == "ready"))
                && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        };
        if let Err(error) = server::wait_until_ready("postgres", &mut child, &log_path, READY_LIMIT, ready) {
            stop(&mut child, false);
            return Err(error);
        }
        Ok(child)
    }

    /// Whether this server was built with lz4. One that was not would refuse to start with it; asked for the value of the
    /// setting, it says so, and starts nothing.
    fn has_lz4(&self, cluster: &Path) -> bool {
        let mut ask = self.isolation.server_command(&self.bin_dir.join("postgres"));
        ask.arg("-D").arg(cluster).args(["-c", "wal_compression=lz4", "-C", "wal_compression"]);
        ask.current_dir(cluster).stdin(Stdio::null());
        ask.output().is_ok_and(|output| output.status.success())
    }

    // Pages are logged whole after each checkpoint, and compressed: while orders came for minutes, pglz took 5 to 12 % of
    // both cores for it, and lz4 0.6 (docs/performance.md).
    //
    // Files of the WAL are kept after quiet hours: each new one is zeroed and flushed while commits wait. Appends that were
    // seen waiting for one had lasted for 51 to 77 ms.
    //
    // fsync stays on for throw-away clusters too: tests crash them and expect everything back, and off saved 1 % of
    // 20 CREATE DATABASE and 300 commits.
    fn settings(&self, port: u16, wal_compression: &str) -> String {
        let socket_dir = self.layout.socket();
        format!(
            "# Written by iris at every start; settings of your own belong in postgresql.auto.conf (ALTER SYSTEM).\n\
             listen_addresses = '127.0.0.1'\n\
             port = {port}\n\
             unix_socket_directories = '{}'\n\
             unix_socket_permissions = 0700\n\
             password_encryption = 'scram-sha-256'\n\
             max_connections = 200\n\
             shared_buffers = '256MB'\n\
             max_wal_size = '4GB'\n\
             min_wal_size = '4GB'\n\
             wal_compression = {wal_compression}\n\
             fsync = on\n\
             autovacuum = on\n\
             jit = off\n\
             timezone = 'UTC'\n\
             log_timezone = 'UTC'\n\
             log_line_prefix = '%m [%p] %q%u@%d '\n",
            socket_dir.display()
        )
    }
}

/// Fast shutdown: sessions are cut, everything is written. Then harder. A cluster whose files go next
/// is not written out first: after a test run that would be minutes of work for nothing.
pub fn stop(child: &mut Child, throw_away: bool) {
    if throw_away {
        let at_once = [(Signal::SIGQUIT, Duration::from_secs(10)), (Signal::SIGKILL, Duration::from_secs(5))];
        return server::stop(child, &at_once);
    }
    server::stop(
        child,
        &[
            (Signal::SIGINT, Duration::from_secs(30)),
            (Signal::SIGQUIT, Duration::from_secs(5)),
            (Signal::SIGKILL, Duration::from_secs(5)),
        ],
    );
}

/// A server on this cluster that somebody started by hand does not hold our lock; its command line gives it away.
fn refuse_foreign_server(cluster: &Path) -> Result<(), ServicesError> {
    let Ok(processes) = fs::read_dir("/proc") else { return Ok(()) };
    let path = cluster.as_os_str().as_encoded_bytes();
    for process in processes.flatten() {
        let Ok(command_line) = fs::read(process.path().join("cmdline")) else { continue };
        let mut arguments = command_line.split(|byte| *byte == 0);
        let is_postgres = arguments.next().is_some_and(|program| program.ends_with(b"/postgres"));
        if is_postgres && arguments.any(|argument| argument == path) {
            let pid = process.file_name().to_string_lossy().into_owned();
            return Err(ServicesError::Server(format!(
                "process {pid} already runs Postgres on {}; stop it first",
                cluster.display()
            )));
        }
    }
    Ok(())
}

fn remove_if_there(path: &Path) -> Result<(), ServicesError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).on("removing", path),
        _ => Ok(()),
    }
}
