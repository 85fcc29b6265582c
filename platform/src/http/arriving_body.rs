//! A request's body, as slow as its sender and no slower than we bear.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use thiserror::Error;
use tokio::time::{Instant, Sleep, sleep};

/// Longest time between two pieces of a body.
pub(super) const BODY_IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// What a body has to bring a second, beyond the time that every request has: 25 MiB in a quarter of an hour.
const BYTES_PER_SECOND_MIN: u64 = 32 * 1024;

/// How a body comes in; for whoever waits for the answer.
#[derive(Debug, Default)]
pub(super) struct Arrival {
    bytes: AtomicU64,
    /// The handler wants more, and there is none yet.
    is_awaited: AtomicBool,
    is_stalled: AtomicBool,
}

impl Arrival {
    /// Time that what has come is worth: who sends steadily may take longer than who sends nothing.
    pub(super) fn earned(&self) -> Duration {
        Duration::from_millis(self.bytes.load(Relaxed).saturating_mul(1_000) / BYTES_PER_SECOND_MIN)
    }

    /// Whether it is the sender that is waited for.
    pub(super) fn is_awaited(&self) -> bool {
        self.is_awaited.load(Relaxed)
    }

    /// Whether the body was given up.
    pub(super) fn is_stalled(&self) -> bool {
        self.is_stalled.load(Relaxed)
    }
}

/// The body, ended with an error where its sender pauses for longer than `idle_timeout`.
pub(super) fn watch(body: Body, idle_timeout: Duration) -> (Body, Arc<Arrival>) {
    let arrival = Arc::new(Arrival::default());
    if body.is_end_stream() {
        return (body, arrival);
    }
    let watched = Watched { inner: body, arrival: Arc::clone(&arrival), idle_timeout, pause: None };
    (Body::new(watched), arrival)
}

struct Watched {
    inner: Body,
    arrival: Arc<Arrival>,
    idle_timeout: Duration,
    /// Set while a piece is waited for. Time in which the handler asks for none is not the sender's.
    pause: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug, Error)]
#[error("the body stopped coming")]
struct Stalled;

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            self.pause = None;
            self.arrival.is_awaited.store(false, Relaxed);
            if let Some(Ok(frame)) = &frame {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                self.arrival.bytes.fetch_add(bytes as u64, Relaxed);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        self.arrival.is_awaited.store(true, Relaxed);
        let idle_timeout = self.idle_timeout;
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(idle_timeout)));
        ready!(pause.as_mut().poll(cx));
        self.arrival.is_stalled.store(true, Relaxed);
        Poll::Ready(Some(Err(Stalled.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Ends once `allowed` is over, and what the body has earned besides.
pub(super) async fn out_of_time(allowed: Duration, arrival: &Arrival) {
    let began = Instant::now();
    loop {
        let due = began + allowed + arrival.earned();
        if Instant::now() >= due {
            return;
        }
        tokio::time::sleep_until(due).await;
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio::sync::mpsc;

    use super::*;

    /// A body whose pieces come as they are sent.
    fn body(pieces: mpsc::Receiver<Bytes>) -> Body {
        Body::from_stream(futures::stream::unfold(pieces, |mut pieces| async {
            let piece = pieces.recv().await?;
            Some((Ok::<_, std::convert::Infallible>(piece), pieces))
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_goes_on_while_it_comes_and_ends_where_it_stalls() {
        let (sender, pieces) = mpsc::channel(1);
        let (mut body, arrival) = watch(body(pieces), Duration::from_secs(20));
        for _ in 0..10 {
            let (frame, ()) = tokio::join!(body.frame(), async {
                tokio::time::sleep(Duration::from_secs(19)).await;
                sender.send(Bytes::from_static(b"x")).await.unwrap();
            });
            assert!(frame.unwrap().is_ok() && !arrival.is_stalled());
        }
        let stalled = body.frame().await.unwrap().unwrap_err();
        assert_eq!(stalled.to_string(), "the body stopped coming");
        assert!(arrival.is_stalled());
    }

    #[tokio::test(start_paused = true)]
    async fn time_that_the_handler_takes_is_not_the_senders() {
        let (sender, pieces) = mpsc::channel(1);
        let (mut body, arrival) = watch(body(pieces), Duration::from_secs(20));
        tokio::time::sleep(Duration::from_mins(5)).await;
        sender.send(Bytes::from_static(b"x")).await.unwrap();
        assert!(body.frame().await.unwrap().is_ok() && !arrival.is_stalled() && !arrival.is_awaited());
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_come_buys_time() {
        let arrival = Arc::new(Arrival::default());
        let began = Instant::now();
        out_of_time(Duration::from_secs(30), &arrival).await;
        assert_eq!(began.elapsed().as_secs(), 30);
        let began = Instant::now();
        arrival.bytes.store(10 * BYTES_PER_SECOND_MIN, Relaxed);
        out_of_time(Duration::from_secs(30), &arrival).await;
        assert_eq!(began.elapsed().as_secs(), 40);
    }
}
