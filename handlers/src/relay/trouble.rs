//! Why the relay stops publishing, looks at the stream anew, and goes on from there.

use async_nats::jetstream::context::PublishError;

/// None of these is final.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The log cannot be read now.
    #[error(transparent)]
    Log(#[from] sqlx::Error),
    /// The server does not answer, or not with what was asked.
    #[error("the stream cannot be used: {0}")]
    Stream(#[source] async_nats::Error),
    /// A message was refused, or nobody knows whether it was taken.
    #[error("a message was not acknowledged: {0}")]
    NotTaken(#[from] PublishError),
    /// The stream is not what this process left: lost, made anew, shortened, or written by another.
    #[error("the stream has changed")]
    Changed,
    /// The server takes the message for one that it has, by its id.
    #[error("the event at {position} is taken for a duplicate")]
    Remembered {
        /// Of the event.
        position: i64,
    },
}

impl Trouble {
    pub(super) fn stream(error: impl Into<async_nats::Error>) -> Self {
        Self::Stream(error.into())
    }
}
