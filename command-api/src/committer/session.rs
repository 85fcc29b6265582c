//! The committer's own connection, and what it knows about the log's head.

use events::log::{self, Head};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

/// A connection that is made when needed and dropped when it fails.
pub struct Session {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    /// The head up to which the process's states are right; meaningful while connected.
    pub head: Head,
}

impl Session {
    /// Not yet connected.
    pub fn new(options: PgConnectOptions) -> Self {
        Self { options, connection: None, head: Head::default() }
    }

    /// The connection; a new one begins by fencing the log, so that nothing which this process sent
    /// over an earlier connection can still happen.
    pub async fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        if self.connection.is_none() {
            let mut connection = PgConnection::connect_with(&self.options).await?;
            self.head = log::fence(&mut connection).await?;
            self.connection = Some(connection);
        }
        Ok(self.connection.as_mut().expect("made above"))
    }

    /// Forgets a connection that failed; its transaction, if any, ends with it.
    pub fn disconnect(&mut self) {
        self.connection = None;
    }
}
