//! The committer's own connections, and what it knows about the log's head.

use events::log::{self, Head};
use platform::db;
use sqlx::{PgConnection, postgres::PgConnectOptions};

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
            let mut connection = db::connect_alone(&self.options).await?;
            self.head = log::fence(&mut connection).await?;
            self.connection = Some(connection);
        }
        Ok(self.connection.as_mut().expect("made above"))
    }

    /// Hands the connection out, for an append to travel on; until it is given back, there is none.
    pub fn take(&mut self) -> Option<PgConnection> {
        self.connection.take()
    }

    /// Takes it back, and the head as the append left it, where it did anything.
    pub fn give_back(&mut self, connection: PgConnection, head: Option<Head>) {
        self.connection = Some(connection);
        self.head = head.unwrap_or(self.head);
    }

    /// Forgets a connection that failed; its transaction, if any, ends with it.
    pub fn disconnect(&mut self) {
        self.connection = None;
    }
}

/// A connection to look things up on while an append travels on the other. It never writes, so it needs no fence.
pub struct LookUps {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
}

impl LookUps {
    /// Not yet connected.
    pub fn new(options: PgConnectOptions) -> Self {
        Self { options, connection: None }
    }

    /// The connection.
    pub async fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        if self.connection.is_none() {
            self.connection = Some(db::connect_alone(&self.options).await?);
        }
        Ok(self.connection.as_mut().expect("made above"))
    }

    /// Forgets a connection that failed.
    pub fn disconnect(&mut self) {
        self.connection = None;
    }
}
