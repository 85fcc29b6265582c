//! Checking the log against its promises, by reading all of it.

use sqlx::PgConnection;

use crate::audit::{Asked, Verification, VerifyError, verify};

/// Reads the log and its seals up to the head as it stands now, on the word of the database.
///
/// # Errors
/// Whatever the database says; never a short check in its place.
pub async fn check_log(connection: &mut PgConnection) -> Result<Verification, VerifyError> {
    verify(connection, &Asked::ALL, |_| {}).await
}
