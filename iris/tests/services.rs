//! Postgres and NATS come up, survive what users and machines do to them, and leave nothing behind.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected fails")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::{Connection as _, Executor as _, PgConnection};

const LIMIT: Duration = Duration::from_mins(1);

/// A directory of one test's own, where every account can get to: the servers may run under another.
struct Room(PathBuf);

impl Room {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("iris-test-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    fn data_dir(&self) -> PathBuf {
        self.0.join("data")
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn iris(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iris"));
    command.arg("services").args(arguments).stdin(Stdio::null());
    for name in
        ["DATABASE_URL", "DATABASE_URL_DIRECT", "NATS_URL", "IRIS_TEST_DATABASE_URL", "IRIS_TEST_NATS_URL"]
    {
        command.env_remove(name);
    }
    // The programs that the whole run uses, so that nothing is installed in the middle of the tests.
    for (ours, given) in [("IRIS_PG_BIN", "IRIS_TEST_PG_BIN"), ("IRIS_NATS_BIN", "IRIS_TEST_NATS_BIN")] {
        if let Some(path) = std::env::var_os(given) {
            command.env(ours, path);
        }
    }
    command
}

/// `iris services`, up and answering.
struct Running {
    child: Child,
    data_dir: PathBuf,
}

impl Running {
    fn start(data_dir: &Path) -> Self {
        Self::start_isolated(data_dir, "auto")
    }

    fn start_isolated(data_dir: &Path, isolation: &str) -> Self {
        let mut command = iris(&["--data-dir", data_dir.to_str().unwrap()]);
        command.env("IRIS_ISOLATION", isolation).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let up = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .any(|line| line.unwrap().starts_with("Ctrl-C"));
        if !up {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("it did not start: {said}");
        }
        Self { child, data_dir: data_dir.to_owned() }
    }

    fn url(&self) -> String {
        fs::read_to_string(self.data_dir.join("superuser.url")).unwrap().trim().to_owned()
    }

    async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url()).await.unwrap()
    }

    async fn write_a_row(&self) {
        let mut connection = self.connect().await;
        connection.execute("CREATE TABLE kept (word text)").await.unwrap();
        connection.execute("INSERT INTO kept VALUES ('here')").await.unwrap();
    }

    async fn read_the_row(&self) -> String {
        sqlx::query_scalar("SELECT word FROM kept").fetch_one(&mut self.connect().await).await.unwrap()
    }

    fn signal(&self, signal: Signal) {
        send(self.child.id(), signal);
    }

    fn stop(mut self) {
        self.signal(Signal::SIGINT);
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        assert_eq!(processes_naming(&self.data_dir), [], "something is left");
    }
}

fn send(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
}

/// The processes that have a path on their command line, with that line.
fn processes_naming(path: &Path) -> Vec<(u32, String)> {
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let entry = entry.unwrap();
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            line.contains(path.to_str()?).then_some((pid, line))
        })
        .collect()
}

/// Looks again until it is so; fails when that takes longer than a minute.
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "not within {LIMIT:?}: {what}");
        std::thread::yield_now();
    }
}

fn pid_of(program: &str, data_dir: &Path) -> u32 {
    let found = processes_naming(data_dir);
    found.iter().find(|(_, line)| line.split(' ').next().unwrap().ends_with(program)).unwrap().0
}

fn ports(data_dir: &Path) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(data_dir.join("ports.json")).unwrap()).unwrap()
}

fn last_line(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_second_start_on_the_same_directory_is_refused_in_one_line() {
    let room = Room::new("second");
    let first = Running::start(&room.data_dir());
    first.write_a_row().await;

    let second = iris(&["--data-dir", room.data_dir().to_str().unwrap(), "--", "true"]).output().unwrap();

    assert_eq!(second.status.code(), Some(1));
    assert!(last_line(&second).contains("is in use by another iris"), "{}", last_line(&second));
    assert_eq!(first.read_the_row().await, "here");
    first.stop();
}

#[tokio::test]
async fn after_kill_9_nothing_is_left_and_the_next_start_has_the_data() {
    for isolation in ["auto", "plain"] {
        let room = Room::new("killed");
        let mut running = Running::start_isolated(&room.data_dir(), isolation);
        running.write_a_row().await;

        running.signal(Signal::SIGKILL);
        running.child.wait().unwrap();
        eventually("no process is left", || processes_naming(&room.data_dir()).is_empty());

        let again = Running::start_isolated(&room.data_dir(), isolation);
        assert_eq!(again.read_the_row().await, "here");
        again.stop();
    }
}

#[tokio::test]
async fn after_kill_9_of_the_keeper_nothing_is_left_and_the_next_start_has_the_data() {
    for isolation in ["auto", "plain"] {
        let room = Room::new("keeper");
        let mut running = Running::start_isolated(&room.data_dir(), isolation);
        running.write_a_row().await;

        send(keeper(&room.data_dir()), Signal::SIGKILL);
        running.child.wait().unwrap();
        eventually("no process is left", || processes_naming(&room.data_dir()).is_empty());

        let again = Running::start_isolated(&room.data_dir(), isolation);
        assert_eq!(again.read_the_row().await, "here");
        again.stop();
    }
}

/// The keeper proper: the process that is named for it, not the `unshare` around it.
fn keeper(data_dir: &Path) -> u32 {
    let found = processes_naming(data_dir);
    let keeper = |line: &str| line.contains("services-keeper") && !line.starts_with("unshare");
    found.iter().find(|(_, line)| keeper(line)).unwrap().0
}

#[tokio::test]
async fn a_killed_postgres_comes_back_on_its_port() {
    let room = Room::new("postmaster");
    let running = Running::start(&room.data_dir());
    running.write_a_row().await;
    let before = running.url();

    let postmaster = pid_of("/postgres", &room.data_dir());
    send(postmaster, Signal::SIGKILL);
    let deadline = Instant::now() + LIMIT;
    let mut connection = loop {
        match PgConnection::connect(&before).await {
            Ok(connection) => break connection,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
    };

    let word: String = sqlx::query_scalar("SELECT word FROM kept").fetch_one(&mut connection).await.unwrap();
    assert_eq!(word, "here");
    assert_ne!(pid_of("/postgres", &room.data_dir()), postmaster);
    running.stop();
}

#[tokio::test]
async fn leftovers_that_name_a_living_stranger_do_not_matter() {
    for isolation in ["auto", "plain"] {
        let room = Room::new("stale");
        let running = Running::start_isolated(&room.data_dir(), isolation);
        running.write_a_row().await;
        let pid_file = fs::read_to_string(room.data_dir().join("pg/postmaster.pid")).unwrap();
        running.stop();

        // As a crash would leave it, but the pid is now somebody else's: ours.
        let (_, rest) = pid_file.split_once('\n').unwrap();
        let stale = format!("{}\n{rest}", std::process::id());
        fs::write(room.data_dir().join("pg/postmaster.pid"), stale).unwrap();
        let port = &ports(&room.data_dir())["postgres"];
        let run = room.data_dir().join("run");
        if run.is_dir() {
            fs::write(run.join(format!(".s.PGSQL.{port}.lock")), format!("{}\n{rest}", std::process::id()))
                .unwrap();
        }

        let again = Running::start_isolated(&room.data_dir(), isolation);
        assert_eq!(again.read_the_row().await, "here");
        again.stop();
    }
}

#[tokio::test]
async fn a_port_that_somebody_took_meanwhile_is_replaced_and_others_stay() {
    let room = Room::new("port");
    let running = Running::start(&room.data_dir());
    running.write_a_row().await;
    running.stop();
    let before = ports(&room.data_dir());
    let taken = u16::try_from(before["postgres"].as_u64().unwrap()).unwrap();
    let _somebody = TcpListener::bind(("127.0.0.1", taken)).unwrap();

    let again = Running::start(&room.data_dir());

    assert_ne!(ports(&room.data_dir())["postgres"], before["postgres"]);
    assert_eq!(again.read_the_row().await, "here");
    again.stop();
}

#[tokio::test]
async fn a_long_path_with_spaces_and_commas_works() {
    let room = Room::new("long");
    let data_dir = room.0.join("a name, rather long, with 'quotes' and \"more\"".repeat(4)).join("data");
    let running = Running::start(&data_dir);
    running.write_a_row().await;
    assert_eq!(running.read_the_row().await, "here");
    running.stop();
}

/// A server that was built without lz4 offers no such value.
#[tokio::test]
async fn what_is_acknowledged_is_on_disk_and_what_is_logged_costs_as_little_as_the_server_can() {
    let room = Room::new("settings");
    let running = Running::start(&room.data_dir());
    let mut connection = running.connect().await;
    for (name, value) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("max_wal_size", "4096"),
        ("min_wal_size", "4096"),
    ] {
        let setting: String = sqlx::query_scalar("SELECT setting FROM pg_settings WHERE name = $1")
            .bind(name)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(setting, value, "{name}");
    }
    let (compression, has_lz4): (String, bool) = sqlx::query_as(
        "SELECT setting, 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'wal_compression'",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(compression, if has_lz4 { "lz4" } else { "pglz" });
    running.stop();
}

#[test]
fn a_command_gets_the_servers_and_gives_its_exit_code() {
    let room = Room::new("throw-away");
    let script = r#"test -n "$IRIS_TEST_DATABASE_URL" && test -n "$IRIS_TEST_NATS_URL" \
        && test -x "$IRIS_TEST_PG_BIN/postgres" && test -x "$IRIS_TEST_NATS_BIN" && test -z "$DATABASE_URL" && exit 7"#;
    let output = iris(&["--throw-away", "--", "sh", "-c", script])
        .env("TMPDIR", &room.0)
        .env("DATABASE_URL", "postgres://production.example.test/real")
        .output()
        .unwrap();

    assert_eq!(output.status.code(), Some(7), "{}", last_line(&output));
    let left: Vec<_> = fs::read_dir(&room.0).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(processes_naming(&room.0), []);
}

#[test]
fn secrets_are_closed_to_others_and_urls_go_with_the_servers() {
    use std::os::unix::fs::PermissionsExt as _;
    let room = Room::new("closed");
    let running = Running::start(&room.data_dir());
    for name in ["superuser.url", "nats.url", "secrets.json", "nats/nats.conf"] {
        let mode = fs::metadata(room.data_dir().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    running.stop();
    assert!(!room.data_dir().join("superuser.url").exists());
}

#[tokio::test]
async fn the_servers_ask_for_passwords_and_the_app_owns_nothing() {
    let room = Room::new("roles");
    let running = Running::start(&room.data_dir());
    let url = running.url();
    let (_, host) = url.split_once('@').unwrap();
    assert!(PgConnection::connect(&format!("postgres://postgres:wrong@{host}")).await.is_err());

    let secrets = fs::read_to_string(room.data_dir().join("secrets.json")).unwrap();
    let secrets: serde_json::Value = serde_json::from_str(&secrets).unwrap();
    let login =
        |name: &str, key: &str| format!("postgres://{name}:{}@{host}", secrets[key].as_str().unwrap());
    let mut owner = PgConnection::connect(&login("iris_owner", "owner")).await.unwrap();
    owner.execute("CREATE EXTENSION citext").await.unwrap();
    owner.execute("CREATE EXTENSION pg_trgm").await.unwrap();
    let lower: String = sqlx::query_scalar("SELECT lower('ÅLGRÄS')").fetch_one(&mut owner).await.unwrap();
    assert_eq!(lower, "ålgräs");

    let mut app = PgConnection::connect(&login("iris_app", "app")).await.unwrap();
    assert!(app.execute("CREATE TABLE public.mine (id int)").await.is_err());
    assert!(app.execute("CREATE SCHEMA mine").await.is_err());
    running.stop();
}
