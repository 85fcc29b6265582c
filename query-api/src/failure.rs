//! Why a read failed although the request was right.

use events::archive::archived;
use platform::error::ApiError;

use crate::{
    documents::{InvoiceMismatch, PdfFault, XmlFault},
    sight::STATEMENT_MAX,
};

/// Nothing the caller did; all of it is logged by the shell, once.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadFailure {
    #[error("the read tables cannot be read")]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Invoice(#[from] InvoiceMismatch),
    #[error(transparent)]
    Pdf(#[from] PdfFault),
    #[error("rendering a document was broken off")]
    Rendering(#[from] tokio::task::JoinError),
    #[error(transparent)]
    Event(#[from] events::fold::UnreadableEvent),
    #[error(transparent)]
    Xml(#[from] XmlFault),
    #[error("a kept file cannot be read")]
    File(#[from] std::io::Error),
    #[error("file {sha256} is not in BLOB_DIR: every process must be given the same folder")]
    FileMissing { sha256: String },
    #[error("as many stories are told as this process allows")]
    StoriesBusy,
}

impl From<ReadFailure> for ApiError {
    fn from(failure: ReadFailure) -> Self {
        if let ReadFailure::Database(error) = &failure
            && let Some(said) = archived(error)
        {
            return Self::conflict("history_archived", said);
        }
        match &failure {
            ReadFailure::Database(error) if took_too_long(error) => {
                tracing::warn!(%error, "a read was given up");
                let message = format!(
                    "Reading this took longer than {STATEMENT_MAX} and was given up. Ask for less: go on by cursor \
                     instead of offset, without count, or for a shorter time."
                );
                Self::unavailable("took_too_long", message, 1)
            }
            ReadFailure::Database(error) if passes_soon(error) => {
                tracing::warn!(%error, "database not reachable");
                Self::unavailable("database_unavailable", "The database does not answer; try again.", 1)
            }
            ReadFailure::StoriesBusy => {
                let message = "As many stories are being told as this process allows; try again.";
                Self::unavailable("stories_busy", message, 1)
            }
            _ => Self::internal(&failure),
        }
    }
}

/// True where the same read may well succeed in a moment: connections lost or scarce, not a wrong query.
fn passes_soon(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => true,
        // Class 57P: the server shuts down or starts up; 53300: too many connections; 42P01: a view was dropped at this
        // very moment, and the next try finds it gone.
        sqlx::Error::Database(refusal) => {
            refusal.code().is_some_and(|code| code.starts_with("57P") || ["53300", "42P01"].contains(&&*code))
        }
        _ => false,
    }
}

/// True where a statement was ended at [`STATEMENT_MAX`]: an offset of millions, or a database
/// that has more to do than it can.
fn took_too_long(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|refusal| refusal.code().as_deref() == Some("57014"))
}
