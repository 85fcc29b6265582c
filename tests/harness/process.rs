//! The program itself, as a process that can be killed.

use std::{
    collections::HashSet,
    fs::{self, File},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sqlx::Connection;

use crate::{Client, TestDatabase, iris_binary, until};

/// What signs the tokens of the processes under test.
pub const APP_SECRET: &str = "a secret of the tests, thirty-two bytes at least";

/// The login that the processes serve with: it owns nothing, as in production.
const LOGIN: &str = "iris_test_app";

/// `iris serve` with demo data, on a database of its own.
pub struct IrisProcess {
    /// `http://127.0.0.1:port`.
    pub base: String,
    database_url: String,
    direct_url: String,
    dev_users: String,
    settings: Vec<(String, String)>,
    files: Arc<FileFolder>,
    port: u16,
    child: Option<Child>,
}

/// Where the processes on one database keep files; gone with the last of them.
struct FileFolder(PathBuf);

impl Drop for FileFolder {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.0);
    }
}

impl IrisProcess {
    /// Migrates, seeds and starts.
    ///
    /// # Panics
    /// If any of it fails.
    pub async fn start(database: &TestDatabase) -> Self {
        Self::start_with(database, &[]).await
    }

    /// The same with further settings.
    ///
    /// # Panics
    /// If any of it fails.
    pub async fn start_with(database: &TestDatabase, settings: &[(&str, &str)]) -> Self {
        let database_url = login(database).await;
        let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound").port();
        let mut process = Self {
            base: format!("http://127.0.0.1:{port}"),
            database_url,
            direct_url: database.url(),
            dev_users: String::new(),
            settings: settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
            files: Arc::new(FileFolder(
                std::env::temp_dir().join(format!("iris-test-files-{}", database.name)),
            )),
            port,
            child: None,
        };
        process.once("migrate");
        let said = process.once("seed");
        process.dev_users = said.lines().last().expect("the demo's logins").to_owned();
        process.launch().await;
        process
    }

    /// A second process beside this one, on the same database.
    pub async fn beside(&self) -> Self {
        self.beside_with(&[]).await
    }

    /// The same with settings that go before those of this one.
    pub async fn beside_with(&self, settings: &[(&str, &str)]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound").port();
        let mut process = Self {
            base: format!("http://127.0.0.1:{port}"),
            database_url: self.database_url.clone(),
            direct_url: self.direct_url.clone(),
            dev_users: self.dev_users.clone(),
            settings: self.settings.clone(),
            files: Arc::clone(&self.files),
            port,
            child: None,
        };
        for (name, value) in settings {
            process.set(name, value);
        }
        process.launch().await;
        process
    }

    /// Starts it (again), and waits until it is ready.
    ///
    /// # Panics
    /// If it does not become ready.
    pub async fn launch(&mut self) {
        self.spawn();
        until("iris is ready", async || self.is_ready().await).await;
    }

    /// The same as whoever keeps it would: a start that fails, for the database is away, is followed by the next.
    ///
    /// # Panics
    /// If it does not become ready.
    pub async fn launch_until_it_runs(&mut self) {
        self.spawn();
        until("iris is ready", async || {
            if self.has_ended() {
                self.spawn();
            }
            self.is_ready().await
        })
        .await;
    }

    fn spawn(&mut self) {
        let log = File::options().create(true).append(true).open(self.log()).expect("a log file");
        let errors = log.try_clone().expect("a second handle");
        let child = self.command("serve").stdout(log).stderr(errors).spawn().expect("iris starts");
        self.child = Some(child);
    }

    /// Where its log goes, from which a failing test can be understood.
    fn log(&self) -> PathBuf {
        std::env::temp_dir().join(format!("iris-test-{}.log", self.port))
    }

    /// Whether it takes requests, and has all that they need.
    pub async fn is_ready(&self) -> bool {
        let ready = format!("{}/health/ready", self.base);
        reqwest::get(&ready).await.is_ok_and(|answer| answer.status().is_success())
    }

    /// Whether it ended though nobody killed or stopped it.
    ///
    /// # Panics
    /// If the system cannot say.
    pub fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().expect("a child of ours").is_some())
    }

    /// What it reaches the database by.
    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    /// From its next start on it reaches the database by that URL, as through a pooler.
    pub fn database_through(&mut self, url: &str) {
        url.clone_into(&mut self.database_url);
    }

    /// kill -9.
    ///
    /// # Panics
    /// If it is not running.
    pub fn kill(&mut self) {
        kill_nine(self.child.take().expect("it runs")).expect("it can be killed");
    }

    /// SIGSTOP: it is there, and does nothing, until [`Self::resume`].
    pub fn pause(&self) {
        signal(self.child.as_ref().expect("it runs"), Signal::SIGSTOP);
    }

    /// SIGCONT.
    pub fn resume(&self) {
        signal(self.child.as_ref().expect("it runs"), Signal::SIGCONT);
    }

    /// From its next start on it has that setting.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// It was started, and nobody killed or stopped it since.
    pub fn runs(&self) -> bool {
        self.child.is_some()
    }

    /// SIGTERM, and the exit code that it ends with. What else the task does goes on meanwhile: the process may need it to
    /// end what it has begun.
    ///
    /// # Panics
    /// If it is not running.
    pub async fn stop(&mut self) -> Option<i32> {
        let child = self.child.as_mut().expect("it runs");
        signal(child, Signal::SIGTERM);
        loop {
            if let Some(status) = child.try_wait().expect("a child of ours") {
                self.child = None;
                return status.code();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Of each connection that it has to that port of this machine, whether the system asks the other side, while it is
    /// silent, if it is still there.
    ///
    /// # Panics
    /// If it is not running, or the system has no `/proc`.
    pub fn connections_asked(&self, port: u16) -> Vec<bool> {
        let process = format!("/proc/{}", self.child.as_ref().expect("it runs").id());
        let open = fs::read_dir(format!("{process}/fd")).expect("a process of ours").flatten();
        let sockets: HashSet<String> = open
            .filter_map(|entry| fs::read_link(entry.path()).ok())
            .filter_map(|link| {
                Some(link.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned())
            })
            .collect();
        let peer = format!(":{port:04X}");
        let table = fs::read_to_string(format!("{process}/net/tcp")).expect("a process of ours");
        let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
        // Columns as the kernel's proc_net_tcp.txt has them; timer 2 is the one that asks.
        let ours = rows.filter(|row| row[2].ends_with(&peer) && sockets.contains(row[9]));
        ours.map(|row| row[5].starts_with("02:")).collect()
    }

    /// The memory that it takes now.
    ///
    /// # Panics
    /// If it is not running, or the system has no `/proc`.
    pub fn resident_bytes(&self) -> u64 {
        let child = self.child.as_ref().expect("it runs");
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("a process of ours");
        let line =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a running process has some");
        1_024 * line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number of kB")
    }

    /// Nobody, at this process.
    pub fn client(&self) -> Client {
        Client::new(&self.base)
    }

    /// A subcommand that ends by itself; returns what it printed.
    ///
    /// # Panics
    /// If it fails.
    pub fn once(&self, role: &str) -> String {
        let output = self.command(role).output().expect("iris runs");
        assert!(output.status.success(), "iris {role}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// The program with the environment of this process.
    pub fn command(&self, role: &str) -> Command {
        let mut command = Command::new(iris_binary());
        command
            .arg(role)
            .env("DATABASE_URL", &self.database_url)
            .env("DATABASE_URL_DIRECT", &self.direct_url)
            .env("APP_SECRET", APP_SECRET)
            .env("DEV_USERS", &self.dev_users)
            .env("BLOB_DIR", &self.files.0)
            .env("HTTP_ADDR", format!("127.0.0.1:{}", self.port))
            .env_remove("NATS_URL")
            // Scenarios that insist on an answer ask faster than anybody may; limits have scenarios of their own.
            .env("RATE_LIMIT_PER_MINUTE", "1000000")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }
}

impl Drop for IrisProcess {
    fn drop(&mut self) {
        if let Some(child) = self.child.take() {
            let _gone = kill_nine(child);
        }
        if std::thread::panicking() {
            eprintln!("{} has the log of a process", self.log().display());
        } else {
            let _best_effort = fs::remove_file(self.log());
        }
    }
}

/// kill -9. Of a process whose clock is set, libfaketime leaves two files in shared memory then, which it takes away only
/// where a process ends by itself.
///
/// # Errors
/// Whatever the system has against it.
pub fn kill_nine(mut child: Child) -> std::io::Result<()> {
    child.kill()?;
    child.wait()?;
    for name in ["faketime_shm_", "sem.faketime_sem_"] {
        let _none = fs::remove_file(format!("/dev/shm/{name}{}", child.id()));
    }
    Ok(())
}

/// Tells a process of ours.
pub(crate) fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
    kill(pid, signal).expect("it can be told");
}

/// The URL of the serving login, which is made where it is missing.
async fn login(database: &TestDatabase) -> String {
    let mut admin = sqlx::PgConnection::connect_with(&database.options).await.expect("it opens");
    let create = format!(
        "DO $$ BEGIN CREATE ROLE {LOGIN} LOGIN PASSWORD '{LOGIN}'; \
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    );
    sqlx::raw_sql(&create).execute(&mut admin).await.expect("a login");
    let (host, port) = (database.options.get_host(), database.options.get_port());
    format!("postgres://{LOGIN}:{LOGIN}@{host}:{port}/{}", database.name)
}
