//! Accounts as the log has them: the role is never taken from an old token.

use events::{
    Fold, Folded,
    account::Account,
    log::{Claim, holders_of, read_stream},
};
use platform::{auth::Identity, personal::PersonalKeys};
use sqlx::PgConnection;
use uuid::Uuid;

use super::SessionFault;

/// The account of that address, as its stream now has it.
pub(super) async fn account_of_email(
    connection: &mut PgConnection,
    keys: &PersonalKeys,
    email: &str,
) -> Result<Option<Identity>, SessionFault> {
    let holders = holders_of(connection, &[Claim::email(&keys.blind_index(email))]).await?;
    match holders.into_iter().next().flatten() {
        Some(account_id) => account(connection, keys, account_id).await,
        None => Ok(None),
    }
}

/// The account, as its stream now has it.
pub(super) async fn account(
    connection: &mut PgConnection,
    keys: &PersonalKeys,
    account_id: Uuid,
) -> Result<Option<Identity>, SessionFault> {
    let mut folded = Folded::<Account>::default();
    for event in &read_stream(connection, Account::stream(account_id)).await? {
        folded.apply_recorded(event)?;
    }
    // Who was erased or disabled logs in no more: neither anew nor by what was given before.
    if !folded.exists() || !folded.state.is_open() {
        return Ok(None);
    }
    let Account { email, role, .. } = &folded.state;
    let email = match (email.plain(), email.sealed()) {
        (None, Some(sealed)) => keys.open(sealed, email.subject).await?,
        (plain, _) => plain.map(str::to_owned),
    };
    Ok(email.map(|email| Identity { subject: account_id, email, role: role.to_string(), key: None }))
}
