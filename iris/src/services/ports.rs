//! Ports on 127.0.0.1 that stay the same from start to start, unless somebody else has taken them.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::{OnPath as _, ServicesError};
use super::private_files;

/// Where the private servers listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports {
    /// Postgres.
    pub postgres: u16,
    /// NATS clients.
    pub nats: u16,
    /// NATS monitoring (`/healthz`, `/jsz`).
    pub nats_monitor: u16,
}

impl Ports {
    /// Takes the ports of the last start where they are free, and others where not; remembers them.
    ///
    /// Guarantee: free when looked at. Somebody may be faster; starting the server then fails and the caller
    /// chooses again.
    pub fn choose(data_dir: &Path) -> Result<Self, ServicesError> {
        let path = data_dir.join("ports.json");
        // An unreadable file is as good as none: it is only a wish.
        let wish =
            std::fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str::<Self>(&text).ok());
        let mut held = Vec::with_capacity(3);
        let mut pick = |wished: Option<u16>| -> Result<u16, ServicesError> {
            let listener = listen(wished).on("finding a free port for", data_dir)?;
            let port = listener.local_addr().on("finding a free port for", data_dir)?.port();
            // Held until all are chosen, or the system would give the same port twice.
            held.push(listener);
            Ok(port)
        };
        let ports = Self {
            postgres: pick(wish.map(|ports| ports.postgres))?,
            nats: pick(wish.map(|ports| ports.nats))?,
            nats_monitor: pick(wish.map(|ports| ports.nats_monitor))?,
        };
        let text = serde_json::to_string(&ports).expect("numbers always serialise");
        private_files::write(&path, &text, None).on("writing", &path)?;
        Ok(ports)
    }
}

fn listen(wished: Option<u16>) -> std::io::Result<TcpListener> {
    if let Some(port) = wished
        && let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
    {
        return Ok(listener);
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_stay_unless_taken() {
        let dir = std::env::temp_dir().join(format!("iris-ports-{}", std::process::id()));
        private_files::create_dir(&dir, None).unwrap();
        let first = Ports::choose(&dir).unwrap();
        assert_eq!(Ports::choose(&dir).unwrap(), first);

        let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, first.nats)).unwrap();
        let second = Ports::choose(&dir).unwrap();
        assert_ne!(second.nats, first.nats);
        assert_eq!(second.postgres, first.postgres);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
