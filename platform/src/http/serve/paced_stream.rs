//! A client's connection, cut where the client makes no progress.

use std::{
    future::Future as _,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// From a request's first byte to the end of its head; on a new connection from its beginning.
    pub(super) head: Duration,
    /// Between the last bytes of an answer that were taken and the next request.
    pub(super) idle: Duration,
    /// To take any bytes of an answer that it is sent. Not for the whole: an export may take hours, but a client
    /// that reads nothing for so long holds what was prepared for it, and does not come back.
    pub(super) write: Duration,
}

/// What a connection is doing; shared with the service that answers its requests.
#[derive(Clone, Debug)]
pub(super) struct Phase(Arc<AtomicU8>);

/// Nothing asked, and nothing begun.
const IDLE: u8 = 0;
/// A head is coming in.
const HEAD: u8 = 1;
/// A request is in hand. How its body comes in is watched by the shell, which can still answer.
const IN_HAND: u8 = 2;

impl Phase {
    /// Of a new connection: it is made in order to ask.
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicU8::new(HEAD)))
    }

    pub(super) fn request_in_hand(&self) {
        self.0.store(IN_HAND, Relaxed);
    }

    pub(super) fn answered(&self) {
        self.0.store(IDLE, Relaxed);
    }
}

/// Not hyper's `header_read_timeout`: that counts an idle connection's wait for the next request as part of its
/// head, so a short one would close connections that a proxy is just about to use.
pub(super) struct PacedStream<S> {
    inner: S,
    phase: Phase,
    patience: Patience,
    /// What the reading timer was set for.
    waits_for: Option<u8>,
    reading: Pin<Box<Sleep>>,
    /// Set while bytes wait to be taken.
    writing: Option<Pin<Box<Sleep>>>,
}

impl<S> PacedStream<S> {
    pub(super) fn new(inner: S, phase: Phase, patience: Patience) -> Self {
        let reading = Box::pin(sleep(patience.head));
        Self { inner, phase, patience, waits_for: None, reading, writing: None }
    }

    /// The next byte is not there yet; ends in an error once it has been waited for too long.
    fn wait_to_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let phase = self.phase.0.load(Relaxed);
        let patience = match phase {
            // An answer is still being taken, and that has its own timer; `wait_to_write` sets this one afterwards.
            IDLE if self.writing.is_some() => return Poll::Pending,
            HEAD => self.patience.head,
            IDLE => self.patience.idle,
            _ => {
                self.waits_for = None;
                return Poll::Pending;
            }
        };
        if self.waits_for != Some(phase) {
            self.waits_for = Some(phase);
            self.reading.as_mut().reset(Instant::now() + patience);
        }
        self.reading.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Passes an outcome of writing on, unless nothing has been taken for too long.
    fn wait_to_write(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = &outcome {
            self.writing = None;
            if written.as_ref().is_ok_and(|bytes| *bytes > 0) && self.phase.0.load(Relaxed) == IDLE {
                self.begin_to_idle(cx);
            }
            return outcome;
        }
        let patience = self.patience.write;
        let writing = self.writing.get_or_insert_with(|| Box::pin(sleep(patience)));
        writing.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    /// The rest of an answer goes out whose body is gone already: the client is idle from now on.
    fn begin_to_idle(&mut self, cx: &mut Context<'_>) {
        self.waits_for = Some(IDLE);
        self.reading.as_mut().reset(Instant::now() + self.patience.idle);
        // hyper need not come back to read before a byte is there: the timer has to wake it. Once it has run out, the
        // next read says so.
        let _wakes_later = self.reading.as_mut().poll(cx);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PacedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.inner).poll_read(cx, buffer);
        if outcome.is_pending() {
            return self.wait_to_read(cx);
        }
        if self.phase.0.load(Relaxed) == IDLE {
            // The next request begins: from here on its head is waited for, however its bytes trickle.
            self.phase.0.store(HEAD, Relaxed);
            self.waits_for = None;
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PacedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.wait_to_write(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.wait_to_write(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    const PATIENCE: Patience = Patience {
        head: Duration::from_secs(10),
        idle: Duration::from_secs(75),
        write: Duration::from_secs(30),
    };

    fn connection() -> (DuplexStream, PacedStream<DuplexStream>, Phase) {
        let (client, server) = duplex(64);
        let phase = Phase::new();
        (client, PacedStream::new(server, phase.clone(), PATIENCE), phase)
    }

    /// Whole seconds until the stream is cut.
    async fn cut_after(stream: &mut PacedStream<DuplexStream>) -> u64 {
        let began = Instant::now();
        let error = stream.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        began.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_trickles_is_cut_though_each_byte_is_in_time() {
        let (mut client, mut stream, _phase) = connection();
        let began = Instant::now();
        let trickling = async {
            while client.write_u8(b'G').await.is_ok() {
                tokio::time::sleep(Duration::from_secs(4)).await;
            }
        };
        let reading = async {
            while stream.read_u8().await.is_ok() {}
            drop(stream);
        };
        tokio::join!(trickling, reading);
        assert_eq!(
            began.elapsed().as_secs(),
            12,
            "cut after 10 s, and the client finds out at its next byte"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_may_be_idle_for_longer_than_a_head_may_take() {
        let (mut client, mut stream, phase) = connection();
        client.write_u8(b'G').await.unwrap();
        stream.read_u8().await.unwrap();
        phase.request_in_hand();
        let waiting = tokio::time::timeout(Duration::from_hours(1), stream.read_u8()).await;
        assert!(waiting.is_err(), "whoever is being answered is not cut");
        phase.answered();
        assert_eq!(cut_after(&mut stream).await, 75);
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_head_has_its_own_time() {
        let (mut client, mut stream, phase) = connection();
        phase.answered();
        let (byte, ()) = tokio::join!(stream.read_u8(), async {
            tokio::time::sleep(Duration::from_secs(74)).await;
            client.write_u8(b'G').await.unwrap();
        });
        byte.unwrap();
        assert_eq!(cut_after(&mut stream).await, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_slowly_is_borne_and_one_that_does_not_read_is_cut() {
        let (mut client, mut stream, phase) = connection();
        phase.request_in_hand();
        let writing = tokio::spawn(async move {
            let mut written = 0;
            let error = loop {
                match stream.write(&[7; 64]).await {
                    Ok(bytes) => written += bytes,
                    Err(error) => break error,
                }
            };
            (written, error.kind(), Instant::now())
        });
        let mut piece = [0; 64];
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_secs(29)).await;
            client.read_exact(&mut piece).await.unwrap();
        }
        let stopped_reading = Instant::now();
        let (written, kind, cut_at) = writing.await.unwrap();
        assert_eq!((written, kind), (11 * 64, io::ErrorKind::TimedOut));
        assert_eq!((cut_at - stopped_reading).as_secs(), 30);
    }
}
