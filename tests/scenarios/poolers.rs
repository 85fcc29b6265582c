//! Behind PgBouncer in transaction mode: served where it keeps statements apart, refused by name where it does not.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use harness::{Client, IrisProcess, TestDatabase, until};

/// PgBouncer in front of one database; gone with this value.
struct Pooler {
    port: u16,
    directory: PathBuf,
    child: Child,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
        let _best_effort = fs::remove_dir_all(&self.directory);
    }
}

fn program() -> PathBuf {
    std::env::var_os("IRIS_TEST_PGBOUNCER")
        .map_or_else(|| PathBuf::from("/usr/sbin/pgbouncer"), PathBuf::from)
}

/// Major and minor version.
fn version() -> (u32, u32) {
    let output = Command::new(program()).arg("--version").output().expect("pgbouncer is installed");
    let said = String::from_utf8(output.stdout).unwrap();
    let number = said.split_whitespace().nth(1).expect("a version");
    let mut parts = number.split('.').map(|part| part.parse().unwrap());
    (parts.next().unwrap(), parts.next().unwrap())
}

impl Pooler {
    async fn start(database: &TestDatabase, statements: bool) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let directory = std::env::temp_dir().join(format!("iris-pooler-{}-{port}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let (host, server) = (database.options.get_host(), database.options.get_port());
        let tracked = if statements { "max_prepared_statements = 200\n" } else { "" };
        // Two server connections for all: statements meet those of others at once.
        let settings = format!(
            "[databases]\n{name} = host={host} port={server} dbname={name} user=iris_test_app \
             password=iris_test_app\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             pool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 500\n{tracked}",
            name = database.name
        );
        let file = directory.join("pgbouncer.ini");
        fs::write(&file, settings).unwrap();
        // It refuses to run as root, and as anybody else it must be able to read this.
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new(program());
        if nix::unistd::geteuid().is_root() {
            command.args(["-u", "nobody"]);
        }
        let child = command.arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let pooler = Self { port, directory, child };
        until("the pooler listens", async || TcpStream::connect(("127.0.0.1", port)).is_ok()).await;
        pooler
    }

    fn url(&self, database: &TestDatabase) -> String {
        format!("postgres://iris_test_app@127.0.0.1:{}/{}", self.port, database.name)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_is_used_where_it_keeps_statements_apart_and_refused_by_name_where_it_does_not() {
    let database = TestDatabase::create().await;
    let mut iris = IrisProcess::start(&database).await;
    assert_eq!(iris.stop().await, Some(0));
    let tracks = version() >= (1, 21);
    let pooler = Pooler::start(&database, tracks).await;
    if tracks {
        iris.database_through(&pooler.url(&database));
        iris.launch().await;
        let buyer: Client = iris.client().logged_in("restaurant@iris.test").await;
        let stranger = iris.client().logged_in("supplier@iris.test").await;
        for _ in 0..50 {
            let (own, others) = tokio::join!(buyer.get("/restaurants"), stranger.get("/restaurants"));
            // The supplier has sold nothing yet: on a connection that the buyer's look has just left, it sees none.
            assert_eq!(own.expect(200).body["items"].as_array().unwrap().len(), 1);
            assert_eq!(others.expect(200).body["items"].as_array().unwrap().len(), 0);
        }
        assert_eq!(iris.stop().await, Some(0));
        return;
    }
    let refused = iris.command("serve").env("DATABASE_URL", pooler.url(&database)).output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success(), "{said}");
    assert!(said.contains("mixes up prepared statements") && said.contains("PgBouncer 1.21"), "{said}");
    assert!(said.contains(&format!("127.0.0.1:{}", pooler.port)), "{said}");
}
