//! An answer's body that tells when it is over.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, HttpBody},
    response::Response,
};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::paced_stream::Phase;

/// The answer; once all of its body has been handed over, or it was given up, the connection waits for the next
/// request.
///
/// Handed over is not sent: hyper lets go of a body as soon as its last bytes stand in the buffer, of which the client
/// may take for minutes yet. So what is written after that restarts the wait, see `PacedStream`.
pub(super) fn answering(response: Response, phase: Phase) -> hyper::Response<AnsweringBody> {
    response.map(|inner| AnsweringBody { inner, phase })
}

pub(super) struct AnsweringBody {
    inner: Body,
    phase: Phase,
}

impl Drop for AnsweringBody {
    fn drop(&mut self) {
        self.phase.answered();
    }
}

impl HttpBody for AnsweringBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
