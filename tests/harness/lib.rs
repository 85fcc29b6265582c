//! What scenarios stand on: databases of their own, real processes, real HTTP.

pub mod client;
pub mod database;
pub mod nats_server;
pub mod ordering;
pub mod peers;
pub mod pricing;
pub mod process;
pub mod proxy;
pub mod receiver;
pub mod servers;
pub mod sound;
pub mod upload;

pub use client::Client;
pub use database::TestDatabase;
pub use nats_server::NatsServer;
pub use ordering::Ordering;

pub use process::IrisProcess;
pub use proxy::{Cut, Proxy, Wire};
pub use receiver::{Receiver, Webhook};
pub use servers::PrivateServers;
pub use sound::expect_sound;
pub use upload::Upload;

/// Asks until the answer is yes; a scenario waits for what it is about, never for time.
///
/// # Panics
/// If it never becomes true: after a minute the scenario is stuck, whatever the machine.
pub async fn until<F: AsyncFnMut() -> bool>(what: &str, mut is_so: F) {
    let patience = std::time::Instant::now();
    while !is_so().await {
        assert!(patience.elapsed().as_secs() < 60, "waited in vain until {what}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Debian's libfaketime, for programs of several threads: to be preloaded. Its program would stand between a test and
/// the process that it kills.
///
/// # Panics
/// If it is not installed.
pub fn faketime() -> std::path::PathBuf {
    let mut directories = std::fs::read_dir("/usr/lib").expect("a Linux machine").flatten();
    let found = directories.find_map(|directory| {
        let library = directory.path().join("faketime/libfaketimeMT.so.1");
        library.exists().then_some(library)
    });
    found.expect("Debian's package faketime is installed")
}

/// The program under test: `IRIS_BIN`, else the one that was built beside the tests.
///
/// # Panics
/// If it was not built: `make test` does.
pub fn iris_binary() -> std::path::PathBuf {
    if let Some(path) = std::env::var_os("IRIS_BIN") {
        return path.into();
    }
    let tests = std::env::current_exe().expect("a test has a path");
    let target = tests.ancestors().nth(2).expect("target/<profile>/deps/<test>");
    let iris = target.join("iris");
    assert!(iris.exists(), "{} is not built: run the tests by `make test`", iris.display());
    iris
}
