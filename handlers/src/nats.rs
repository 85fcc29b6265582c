//! The connection to NATS.

use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, ServerAddr, connection::State};
use secrecy::{ExposeSecret, SecretString};

/// How long one attempt to connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a lost connection is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The first version without the known ways of forgetting a stream.
const RELIABLE_FROM: (i64, i64, i64) = (2, 10, 23);

/// A connection that comes back by itself. Nothing that a client of ours waits for depends on it.
#[derive(Clone)]
pub struct Nats(Client);

/// `NATS_URL` cannot be used. Never shows the URL, for it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum NatsError {
    /// It cannot be read.
    #[error("NATS_URL is not a URL such as nats://user:password@host:4222")]
    Malformed,
    /// Its server refused for good.
    #[error("NATS_URL cannot be used")]
    Refused(#[from] async_nats::ConnectError),
}

impl Nats {
    /// Begins to connect; a server that is not there yet is waited for in the background.
    ///
    /// # Errors
    /// The URL is malformed.
    pub async fn connect(url: &SecretString, name: &str) -> Result<Self, NatsError> {
        let server: ServerAddr = url.expose_secret().parse().map_err(|_| NatsError::Malformed)?;
        let options = match (server.username(), server.password()) {
            // With retries from the first attempt on, the client does not take them from the URL.
            (Some(user), Some(password)) => {
                ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned())
            }
            _ => ConnectOptions::new(),
        };
        let options =
            options.name(name).connection_timeout(CONNECT_TIMEOUT).retry_on_initial_connect().event_callback(
                |event| async move {
                    match event {
                        Event::Connected => tracing::info!("nats is connected"),
                        Event::Disconnected => tracing::warn!("nats is disconnected"),
                        _ => {}
                    }
                },
            );
        Ok(Self(options.connect(server).await?))
    }

    /// True while a server answers.
    pub fn is_connected(&self) -> bool {
        self.0.connection_state() == State::Connected
    }

    /// Returns once a server answers.
    pub(crate) async fn connected(&self) {
        while !self.is_connected() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.0
    }

    /// Says which server it is, and what is known of its age.
    pub(crate) fn tell_version(&self) {
        let version = self.0.server_info().version;
        tracing::info!(version, "nats-server");
        // 2.10.20 to 2.10.22 could forget whole streams after a kill, older ones skip what follows a lost
        // tail. Nothing is lost by either here, for the log refills the stream and its readers.
        let (major, minor, patch) = RELIABLE_FROM;
        if !self.0.is_server_compatible(major, minor, patch) {
            tracing::warn!(version, "nats-server before 2.10.23 may lose its streams; they will be refilled");
        }
    }
}
