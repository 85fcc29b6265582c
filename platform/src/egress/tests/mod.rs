mod answers;
mod names;
mod nameserver;
mod reaching;
mod server;
mod trust;

use super::{resolve::Names, *};

const RESPONSE_BYTES_MAX: usize = 16 * 1_024;
/// Long enough for a busy machine where an answer is expected.
const PATIENT: Duration = Duration::from_secs(20);

/// Whoever is asked for a name without [`Names`] being under test must not ask the world: nobody is there.
const NOBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

fn settings(allowed: &[&str]) -> EgressSettings {
    EgressSettings {
        allowed_networks: allowed.iter().map(|network| network.parse().unwrap()).collect(),
        user_agent: "Iris-Webhooks/1".to_owned(),
        connect_timeout: PATIENT,
        total_timeout: PATIENT,
        response_bytes_max: RESPONSE_BYTES_MAX,
        nameserver: Some(NOBODY),
    }
}

/// Reaches this machine, and waits for as long as is needed.
fn patient() -> Egress {
    Egress::try_new(&settings(&["127.0.0.0/8"])).unwrap()
}

/// Reaches this machine, and waits so briefly that who stalls is cut off.
fn hasty() -> Egress {
    let settings = EgressSettings { total_timeout: Duration::from_millis(400), ..settings(&["127.0.0.0/8"]) };
    Egress::try_new(&settings).unwrap()
}

async fn post(egress: &Egress, url: &str) -> Sent {
    egress.send(Method::POST, url, HeaderMap::new(), Bytes::from_static(b"{}")).await
}
