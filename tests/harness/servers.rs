//! A Postgres and a NATS of one test's own, to be killed at will.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, ErrorKind, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{iris_binary, until};

/// What takes the room on a disk that is full.
const FILLER: &str = "filler";

/// Private servers in a directory of their own; gone with this value.
pub struct PrivateServers {
    keeper: Child,
    /// Kept open: a program that cannot say anything any more ends.
    _said: BufReader<ChildStdout>,
    directory: PathBuf,
    /// Postgres, as superuser, database `iris`.
    pub database_url: String,
}

impl PrivateServers {
    /// Starts them.
    ///
    /// # Panics
    /// If they do not start.
    pub fn start(name: &str) -> Self {
        Self::start_by(name, |_| Command::new(iris_binary()))
    }

    /// The same on a disk of that size, which nobody else sees.
    ///
    /// # Panics
    /// If they do not start, or bubblewrap is not installed.
    pub fn start_on_disk_of(bytes: u64, name: &str) -> Self {
        Self::start_by(name, |directory| {
            fs::create_dir_all(directory).expect("a directory");
            let mut command = Command::new("bwrap");
            command.args(["--dev-bind", "/", "/", "--size", &bytes.to_string(), "--tmpfs"]);
            command.arg(directory).arg(iris_binary());
            command
        })
    }

    fn start_by(name: &str, program: impl FnOnce(&Path) -> Command) -> Self {
        let directory = std::env::temp_dir().join(format!("iris-test-{name}-{}", std::process::id()));
        let mut keeper = program(&directory)
            .args(["services", "--data-dir"])
            .arg(&directory)
            .env_remove("DATABASE_URL")
            .env_remove("NATS_URL")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("iris starts");
        // It says where they are once they answer.
        let mut line = String::new();
        let mut said = BufReader::new(keeper.stdout.take().expect("piped"));
        said.read_line(&mut line).expect("iris says where they are");
        let mut servers = Self { keeper, _said: said, directory, database_url: String::new() };
        let url = servers.disk().join("superuser.url");
        fs::read_to_string(url).expect("written").trim().clone_into(&mut servers.database_url);
        servers
    }

    /// Nothing more fits on their disk from here on, until [`Self::free_disk`].
    ///
    /// # Panics
    /// If it is no small disk of their own.
    pub fn fill_disk(&self) {
        let mut filler = File::create(self.disk().join(FILLER)).expect("there is room for a name");
        let zeros = vec![0; 1 << 20];
        let full = std::iter::repeat_with(|| filler.write_all(&zeros)).take(4_096).find_map(Result::err);
        assert_eq!(full.expect("it is small").kind(), ErrorKind::StorageFull);
    }

    /// There is room again.
    ///
    /// # Panics
    /// If the disk was not filled.
    pub fn free_disk(&self) {
        fs::remove_file(self.disk().join(FILLER)).expect("it was filled");
    }

    /// Their directory as they see it.
    fn disk(&self) -> PathBuf {
        let seen = self.directory.strip_prefix("/").expect("an absolute path");
        PathBuf::from(format!("/proc/{}/root", self.keeper_pid())).join(seen)
    }

    /// The program's own process; what it was started by may stand before it.
    fn keeper_pid(&self) -> i32 {
        *processes_naming(&self.directory, "iris").first().expect("it runs")
    }

    /// Kills Postgres without warning; the keeper starts it again on the same port. Its sessions may
    /// outlive it for a moment, as they do in life.
    pub async fn kill_postgres(&self) {
        let mut postmasters = Vec::new();
        until("postgres runs", async || {
            postmasters = processes_naming(&self.directory, "postgres");
            !postmasters.is_empty()
        })
        .await;
        for pid in postmasters {
            let _gone = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

impl Drop for PrivateServers {
    fn drop(&mut self) {
        for keeper in processes_naming(&self.directory, "iris") {
            let _gone = kill(Pid::from_raw(keeper), Signal::SIGTERM);
        }
        let _ended = self.keeper.wait();
        let _best_effort = fs::remove_dir_all(&self.directory);
    }
}

/// The processes of that program with the directory on their command line.
fn processes_naming(directory: &Path, program: &str) -> Vec<i32> {
    let directory = directory.to_string_lossy().into_owned();
    let entries = fs::read_dir("/proc").expect("a Linux machine").flatten();
    entries
        .filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let command = fs::read(entry.path().join("cmdline")).ok()?;
            let command = String::from_utf8_lossy(&command).into_owned();
            let mut words = command.split('\0');
            let is_program = words.next()?.rsplit('/').next()? == program;
            (is_program && command.contains(&directory)).then_some(pid)
        })
        .collect()
}
