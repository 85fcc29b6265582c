//! All of a history as lines, in memory that does not grow with it, as fast as whoever reads it.

use std::{io, pin::pin, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use events::{
    RecordedEvent,
    history_line::{HistoryWriter, NoHash},
    log::{EventFilter, copy_events, expect_events, read_stream_part},
};
use futures::{TryStreamExt as _, stream};
use platform::error::ApiError;
use sqlx::{PgConnection, PgPool};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::{error::Elapsed, timeout},
};

use super::{filter::Span, metrics};
use crate::{failure::ReadFailure, freshness::IRIS_POSITION, sight::Caller};

/// Exports at once in one process; each has a connection of the pool to itself.
const EXPORTS_MAX: usize = 2;
/// When a slot may be free again, in seconds; a guess.
const RETRY_AFTER_S: u32 = 30;
/// Positions per COPY. A statement holds its snapshot until its reader has taken all of it.
const STRETCH: i64 = 5_000;
/// How long one may take: a slow reader must not keep the whole database from being vacuumed. With half a kilobyte
/// per event this asks for 8 kB per second; whoever keeps that pace keeps its slot, however long the log is.
const STRETCH_TIME: Duration = Duration::from_mins(5);
/// Events of a stream that are read at a time.
const STREAM_PART: i64 = 500;
/// A chunk is sent once it is this long.
const CHUNK_BYTES: usize = 128 * 1024;
/// Chunks that wait for the reader at most: this is the back-pressure.
const CHUNKS_WAITING: usize = 2;
/// How long the reader may take nothing, and the database give nothing.
const IDLE_MAX: Duration = Duration::from_mins(1);

/// How many exports may run.
#[derive(Clone)]
pub(crate) struct Exports(Arc<Semaphore>);

impl Default for Exports {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(EXPORTS_MAX)))
    }
}

impl Exports {
    fn permit(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.0).try_acquire_owned().map_err(|_| {
            let message = "As many exports are running as this process allows; try again.";
            ApiError::unavailable("exports_busy", message, RETRY_AFTER_S)
        })
    }
}

/// Why an export did not come to its end.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("the database broke off")]
    Database(#[from] sqlx::Error),
    #[error("the database gave nothing for a minute")]
    DatabaseIdle(#[from] Elapsed),
    #[error(transparent)]
    Altered(#[from] NoHash),
    #[error("the client took nothing for a minute")]
    ClientIdle,
    #[error("the client took too little in five minutes")]
    ClientSlow,
    #[error("the client has gone")]
    ClientGone,
}

/// A piece of the body, or why it ends here.
enum Piece {
    Part(Bytes),
    /// With the last line.
    Last(Bytes),
}

/// What an export is read from, and as whom.
pub(super) struct Source {
    pub(super) pool: PgPool,
    pub(super) caller: Caller,
}

/// The answer; its body is written by a task of its own, which ends when nobody reads any more.
///
/// # Errors
/// 503 `exports_busy`; 409 `history_archived`.
pub(super) async fn answer(
    exports: &Exports,
    source: Source,
    head: i64,
    filter: EventFilter,
    span: Span,
) -> Result<Response, ApiError> {
    let permit = exports.permit()?;
    let mut connection = source.pool.acquire().await.map_err(ReadFailure::from)?;
    if filter.stream().is_none() && span.after < span.upto {
        // While there still is a status that says so: the copying itself would only break off.
        let mut looking = source.caller.look_on(&mut connection).await.map_err(ReadFailure::from)?;
        expect_events(&mut looking, span.after, span.upto).await.map_err(ReadFailure::from)?;
        looking.commit().await.map_err(ReadFailure::from)?;
    }
    let (sender, receiver) = mpsc::channel(CHUNKS_WAITING);
    tokio::spawn(async move {
        let mut export =
            Export { filter, span, writer: HistoryWriter::after(span.after), chunk: Vec::new(), sender };
        let result = export.write_as(source.caller, &mut connection).await;
        if result.is_err() {
            // It may stand in the middle of a COPY: nobody else is to be given it.
            connection.close_on_drop();
        }
        drop(connection);
        export.end(result);
        drop(permit);
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson")),
        (IRIS_POSITION, HeaderValue::from(head)),
    ];
    Ok((headers, body(receiver)).into_response())
}

/// The body ends well only behind the last line. Whatever else ends the pieces, a panic included, is an error, on
/// which the server closes the connection without the mark that ends a chunked body.
fn body(receiver: mpsc::Receiver<Result<Piece, io::Error>>) -> Body {
    let pieces = stream::unfold(Some(receiver), |receiver| async move {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Ok(Piece::Part(bytes))) => Some((Ok(bytes), Some(receiver))),
            Some(Ok(Piece::Last(bytes))) => Some((Ok(bytes), None)),
            Some(Err(error)) => Some((Err(error), None)),
            None => Some((Err(io::Error::other("the export broke off")), None)),
        }
    });
    Body::from_stream(pieces)
}

struct Export {
    filter: EventFilter,
    span: Span,
    writer: HistoryWriter,
    chunk: Vec<u8>,
    sender: mpsc::Sender<Result<Piece, io::Error>>,
}

impl Export {
    /// In one transaction, for it is the transaction that knows the caller; each statement sees what is committed as
    /// it begins, so a long export keeps no old row from being vacuumed.
    async fn write_as(&mut self, caller: Caller, connection: &mut PgConnection) -> Result<(), Broken> {
        let mut transaction = caller.look_on(connection).await?;
        self.write(&mut transaction).await?;
        transaction.rollback().await?;
        Ok(())
    }

    async fn write(&mut self, connection: &mut PgConnection) -> Result<(), Broken> {
        match self.filter.stream() {
            Some(_) => self.write_stream(connection).await?,
            None => self.write_stretches(connection).await?,
        }
        self.writer.reach(self.span.upto);
        self.chunk.extend_from_slice(self.writer.end().line().as_bytes());
        let last = Bytes::from(std::mem::take(&mut self.chunk));
        self.send(Piece::Last(last)).await
    }

    async fn write_stretches(&mut self, connection: &mut PgConnection) -> Result<(), Broken> {
        let mut after = self.span.after;
        while after < self.span.upto {
            let upto = self.span.upto.min(after + STRETCH);
            let written = timeout(STRETCH_TIME, self.write_stretch(connection, after, upto)).await;
            written.unwrap_or(Err(Broken::ClientSlow))?;
            self.writer.reach(upto);
            after = upto;
        }
        Ok(())
    }

    async fn write_stretch(
        &mut self,
        connection: &mut PgConnection,
        after: i64,
        upto: i64,
    ) -> Result<(), Broken> {
        let copied = timeout(IDLE_MAX, copy_events(connection, after, upto)).await??;
        let mut copied = pin!(copied);
        while let Some(events) = timeout(IDLE_MAX, copied.try_next()).await?? {
            self.take(&events).await?;
        }
        Ok(())
    }

    /// One stream is found by its key: nothing else is looked at.
    async fn write_stream(&mut self, connection: &mut PgConnection) -> Result<(), Broken> {
        let Some(stream) = self.filter.stream() else { return Ok(()) };
        let mut sequence = 0;
        loop {
            let part = read_stream_part(connection, stream, sequence, self.span.upto, STREAM_PART);
            let part = timeout(IDLE_MAX, part).await??;
            let Some(last) = part.last() else { return Ok(()) };
            sequence = last.sequence;
            self.take(&part).await?;
        }
    }

    async fn take(&mut self, events: &[RecordedEvent]) -> Result<(), Broken> {
        for event in events {
            if event.global_position > self.span.after && self.filter.takes(event) {
                self.writer.write(event, &mut self.chunk)?;
            }
        }
        if self.chunk.len() < CHUNK_BYTES {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.chunk, Vec::with_capacity(2 * CHUNK_BYTES));
        self.send(Piece::Part(Bytes::from(full))).await
    }

    async fn send(&self, piece: Piece) -> Result<(), Broken> {
        match timeout(IDLE_MAX, self.sender.send(Ok(piece))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Broken::ClientGone),
            Err(_) => Err(Broken::ClientIdle),
        }
    }

    fn end(self, result: Result<(), Broken>) {
        let events = self.writer.count();
        let Err(broken) = result else { return metrics::ended("complete", events) };
        let position = self.writer.position();
        match &broken {
            Broken::ClientGone => {
                metrics::ended("client_gone", events);
                return tracing::debug!(position, "the reader of an export went away");
            }
            Broken::ClientIdle => {
                metrics::ended("client_idle", events);
                tracing::warn!(position, "an export was ended: nobody read it");
            }
            Broken::ClientSlow => {
                metrics::ended("client_slow", events);
                tracing::warn!(position, "an export was ended: it was read too slowly");
            }
            Broken::Database(_) | Broken::DatabaseIdle(_) | Broken::Altered(_) => {
                metrics::ended("failed", events);
                tracing::error!(error = &broken as &dyn std::error::Error, position, "an export broke off");
            }
        }
        // Whoever takes nothing is not waited for again: dropping the sender says the same.
        let _told_by_the_end = self.sender.try_send(Err(io::Error::other("the export broke off")));
    }
}
