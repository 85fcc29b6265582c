//! Accounts as the log has them: the role is never taken from an old token.

use events::{
    Fold, Folded,
    account::Account,
    log::{Claim, holders_of, read_stream},
};
use platform::auth::Identity;
use sqlx::PgConnection;
use uuid::Uuid;

use super::SessionFault;

/// The account of that address, as its stream now has it.
pub(super) async fn account_of_email(
    connection: &mut PgConnection,
    email: &str,
) -> Result<Option<Identity>, SessionFault> {
    let holders = holders_of(connection, &[Claim::email(email)]).await?;
    match holders.into_iter().next().flatten() {
        Some(account_id) => account(connection, account_id).await,
        None => Ok(None),
    }
}

/// The account, as its stream now has it.
pub(super) async fn account(
    connection: &mut PgConnection,
    account_id: Uuid,
) -> Result<Option<Identity>, SessionFault> {
    let mut folded = Folded::<Account>::default();
    for event in &read_stream(connection, Account::stream(account_id)).await? {
        folded.apply_recorded(event)?;
    }
    let identity = |account: &Account| Identity {
        subject: account_id,
        email: account.email.plain.clone(),
        role: account.role.to_string(),
    };
    Ok(folded.exists().then(|| identity(&folded.state)))
}
