//! A nats-server of one test's own: killed, robbed of its storage, rolled back.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use nix::sys::signal::Signal;

use crate::{process::signal, until};

/// A server with `JetStream` on a port of its own, kept over restarts; gone with this value.
pub struct NatsServer {
    port: u16,
    directory: PathBuf,
    child: Option<Child>,
}

impl NatsServer {
    /// Starts one with an empty store.
    ///
    /// # Panics
    /// If there is no nats-server, or it does not start.
    pub async fn start(name: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound").port();
        let directory = std::env::temp_dir().join(format!("iris-nats-{name}-{}-{port}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory");
        let mut server = Self { port, directory, child: None };
        server.launch().await;
        server
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Its port on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it stores things.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Starts it (again) on what it stored.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn launch(&mut self) {
        // `make test` names the server that it found or installed.
        let program = std::env::var_os("IRIS_TEST_NATS_BIN").unwrap_or_else(|| "nats-server".into());
        let child = Command::new(program)
            .args(["--addr", "127.0.0.1", "--port", &self.port.to_string(), "--jetstream", "--store_dir"])
            .arg(&self.directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nats-server starts");
        self.child = Some(child);
        let port = self.port;
        until("nats-server listens", async || TcpStream::connect(("127.0.0.1", port)).is_ok()).await;
    }

    /// kill -9.
    ///
    /// # Panics
    /// If it is not running.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }

    /// SIGSTOP: it is there, and does nothing, until [`Self::resume`].
    ///
    /// # Panics
    /// If it is not running.
    pub fn pause(&self) {
        signal(self.child.as_ref().expect("it runs"), Signal::SIGSTOP);
    }

    /// SIGCONT.
    ///
    /// # Panics
    /// If it is not running.
    pub fn resume(&self) {
        signal(self.child.as_ref().expect("it runs"), Signal::SIGCONT);
    }

    /// Deletes everything that it stored, whether it runs or not.
    ///
    /// # Panics
    /// If that fails.
    pub fn delete_storage(&self) {
        fs::remove_dir_all(self.directory.join("jetstream")).expect("there is something stored");
    }

    /// Remembers what is stored now; the server must not run.
    ///
    /// # Panics
    /// If it runs, or that fails.
    pub fn remember_storage(&self) {
        assert!(self.child.is_none(), "a running server writes");
        copy(&self.directory.join("jetstream"), &self.directory.join("remembered"));
    }

    /// Puts back what was remembered, as if what was written since had never reached the disk.
    ///
    /// # Panics
    /// If it runs, or that fails.
    pub fn roll_back_storage(&self) {
        assert!(self.child.is_none(), "a running server writes");
        self.delete_storage();
        copy(&self.directory.join("remembered"), &self.directory.join("jetstream"));
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _gone = child.kill();
            let _ended = child.wait();
        }
        let _best_effort = fs::remove_dir_all(&self.directory);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}
