//! What goes when a person is erased: everything that was told to them, and the devices to tell it on.

use events::RecordedEvent;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::consumer::HandleError;

/// Deletes what there is of the accounts that these events erase, in the caller's transaction.
///
/// # Errors
/// The database's.
pub(crate) async fn erased_in_tx(tx: &mut PgConnection, inner: &[RecordedEvent]) -> Result<(), HandleError> {
    let erased = inner.iter().filter(|event| event.event_type == "AccountErased");
    let accounts: Vec<Uuid> = erased.map(|event| event.stream_id).collect();
    if accounts.is_empty() {
        return Ok(());
    }
    // A mail that is with its provider at this moment finds no row to be recorded in, and is not tried again.
    for sql in [
        "DELETE FROM notifications.messages WHERE account_id = ANY($1)",
        "DELETE FROM notifications.digests WHERE account_id = ANY($1)",
        "DELETE FROM notifications.notifications WHERE account_id = ANY($1)",
        "DELETE FROM notifications.devices WHERE account_id = ANY($1)",
    ] {
        sqlx::query(sql).bind(&accounts).execute(&mut *tx).await?;
    }
    Ok(())
}
