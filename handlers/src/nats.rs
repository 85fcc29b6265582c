//! The connection to NATS.

use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, ServerAddr, connection::State};
use secrecy::{ExposeSecret, SecretString};

/// How long one attempt to connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

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
}
