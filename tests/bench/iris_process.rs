//! The real program, as it runs in production.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::http_client::HttpConnection;

/// Longer than any recovery that a start may have to wait for.
const START_LIMIT: Duration = Duration::from_mins(1);
const ASK_EVERY: Duration = Duration::from_millis(1);

/// `iris serve`, every role in one process, or one role alone. Killed with this value.
pub struct IrisProcess {
    child: Child,
    /// Where it answers.
    pub address: String,
    /// From its start to its first "ready".
    pub took: Duration,
}

impl IrisProcess {
    /// Starts it on a database and waits until it is ready. Its log goes to `log`, as JSON.
    pub async fn start(database_url: &str, secret: &str, log: &Path) -> anyhow::Result<Self> {
        Self::start_with(database_url, secret, log, &[]).await
    }

    /// The same with further settings.
    pub async fn start_with(
        database_url: &str,
        secret: &str,
        log: &Path,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        Self::start_role("serve", database_url, secret, log, settings).await
    }

    /// One role alone, such as `query-api`.
    pub async fn start_role(
        role: &str,
        database_url: &str,
        secret: &str,
        log: &Path,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        // Taken and given back: nobody else asks for ports at this moment.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let began = Instant::now();
        let child = Command::new(program()?)
            .arg(role)
            .env_clear()
            .env("DATABASE_URL", database_url)
            .env("APP_SECRET", secret)
            .env("HTTP_ADDR", &address)
            .env("LOG_FORMAT", "json")
            // One account of the bench asks for as much as thousands do; counting it costs the same.
            .env("RATE_LIMIT_PER_MINUTE", "10000000")
            .env("BLOB_DIR", log.with_file_name("files"))
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(File::create(log)?)
            .stderr(File::options().append(true).create(true).open(log.with_extension("err"))?)
            .spawn()?;
        let mut iris = Self { child, address, took: Duration::ZERO };
        while !iris.is_ready().await {
            if let Some(status) = iris.child.try_wait()? {
                let said = std::fs::read_to_string(log.with_extension("err")).unwrap_or_default();
                bail!("iris {role} ended with {status}: {}", said.trim());
            }
            if began.elapsed() > START_LIMIT {
                bail!("iris {role} was not ready after {} s", START_LIMIT.as_secs());
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        iris.took = began.elapsed();
        Ok(iris)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops it as a supervisor would.
    pub fn stop(mut self) -> anyhow::Result<()> {
        kill(Pid::from_raw(i32::try_from(self.child.id())?), Signal::SIGTERM)?;
        let status = self.child.wait()?;
        if !status.success() {
            bail!("iris stopped with {status}");
        }
        Ok(())
    }

    /// Sum and count of one of its histograms.
    pub async fn histogram(&self, name: &str) -> anyhow::Result<(f64, f64)> {
        let text = self.metrics().await?;
        let value = |suffix: &str| metric(&text, &format!("{name}_{suffix}"));
        Ok((value("sum"), value("count")))
    }

    /// One of its gauges or counters without labels; 0 while it has none.
    pub async fn gauge(&self, name: &str) -> anyhow::Result<f64> {
        Ok(metric(&self.metrics().await?, name))
    }

    async fn metrics(&self) -> anyhow::Result<String> {
        let mut connection = HttpConnection::open(&self.address).await?;
        connection.get("/metrics", "").await?;
        Ok(String::from_utf8_lossy(connection.body()).into_owned())
    }

    async fn is_ready(&self) -> bool {
        let Ok(mut connection) = HttpConnection::open(&self.address).await else { return false };
        matches!(connection.get("/health/ready", "").await, Ok(200))
    }
}

impl Drop for IrisProcess {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}

fn metric(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.and_then(|value| value.trim().parse().ok()).unwrap_or(0.0)
}

/// `IRIS_BIN`, else the one that was built beside this program.
pub fn program() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("IRIS_BIN") {
        return Ok(path.into());
    }
    let iris = std::env::current_exe()?.with_file_name("iris");
    if !iris.exists() {
        bail!("{} is not built: run this by `make bench`", iris.display());
    }
    Ok(iris)
}

/// The program is there: said before minutes are spent.
pub fn expect_program() -> anyhow::Result<()> {
    program().context("the program under test").map(drop)
}
