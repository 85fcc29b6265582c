//! What a sender is told of a file that is not taken in.

use invoicing::Refusal;
use platform::error::{ApiError, ErrorKind};

use crate::{
    committer::SubmitError,
    http::refused::refused,
    invoices::{ArrivalError, code, sentence},
};

/// Seconds in which some of the pictures that wait have been read.
const OCR_RETRY_S: u32 = 60;

/// The answer for a file that was not taken in: nothing of it is kept.
pub(crate) fn not_received(error: ArrivalError) -> ApiError {
    match error {
        ArrivalError::Refused(refusal @ Refusal::TooLarge { .. }) => {
            ApiError::new(ErrorKind::PayloadTooLarge, code(&refusal), sentence(&refusal))
        }
        ArrivalError::Refused(refusal) => ApiError::unprocessable(code(&refusal), sentence(&refusal)),
        ArrivalError::OcrQueueFull => ApiError::unavailable(
            "reading_queue_full",
            "Too many pictures wait to be read; nothing changed. XML and PDFs with text are still taken in.",
            OCR_RETRY_S,
        ),
        ArrivalError::NotRecorded(error) => refused(error),
        ArrivalError::Database(error) => database(&error),
        error @ (ArrivalError::Store(_) | ArrivalError::Sorter(_)) => ApiError::internal(&error),
    }
}

/// The answer where the database is to blame.
pub(crate) fn database(error: &sqlx::Error) -> ApiError {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) => refused(SubmitError::Unavailable),
        error => ApiError::internal(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_status_and_code() {
        for (error, status, code) in [
            (Refusal::Empty.into(), 422, "empty_file"),
            (Refusal::DtdPresent.into(), 422, "xml_with_dtd"),
            (Refusal::TooLarge { bytes: 9, limit: 8 }.into(), 413, "file_too_large"),
            (ArrivalError::OcrQueueFull, 503, "reading_queue_full"),
            (SubmitError::Stopping.into(), 503, "stopping"),
            (sqlx::Error::PoolTimedOut.into(), 503, "log_unavailable"),
            (sqlx::Error::RowNotFound.into(), 500, "internal"),
        ] {
            let answer = not_received(error);
            assert_eq!((answer.kind().status().as_u16(), answer.code()), (status, code));
        }
    }
}
