//! Which account a provider tells of: found before the decision, for a text is sealed under its account's key.

use events::{
    Fold, Folded,
    account::Account,
    fold::UnreadableEvent,
    log::{Claim, holders_of, read_stream},
    values::{AccountId, LoginProvider},
};
use platform::personal::{PersonalError, PersonalKeys};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::domain::account::Planned;

/// Why a login's account cannot be found out.
#[derive(Debug, thiserror::Error)]
pub enum LoginFault {
    /// The database refused or does not answer.
    #[error("accounts cannot be read")]
    Database(#[from] sqlx::Error),
    /// The account's stream holds what this version cannot read.
    #[error("the account cannot be read")]
    Account(#[from] UnreadableEvent),
    /// The account's address cannot be opened.
    #[error(transparent)]
    Personal(#[from] PersonalError),
}

/// The account that is linked to the provider's user; else the one that holds the address; else `fresh`, which is to
/// come to be.
///
/// # Errors
/// [`LoginFault`].
pub async fn plan_follow(
    pool: &PgPool,
    keys: &PersonalKeys,
    (provider, subject): (LoginProvider, &str),
    address: Option<&str>,
    fresh: Uuid,
) -> Result<Planned, LoginFault> {
    let mut connection = pool.acquire().await?;
    let mut claims = vec![Claim::login(provider, subject)];
    claims.extend(address.map(|address| Claim::email(&keys.blind_index(address))));
    let holders = holders_of(&mut connection, &claims).await?;
    if let Some(linked) = holders.first().copied().flatten() {
        return planned_for(&mut connection, keys, AccountId(linked)).await;
    }
    let waiting = holders.get(1).copied().flatten();
    let account_id = AccountId(waiting.unwrap_or(fresh));
    Ok(Planned { account_id, seen: None, former_index: None })
}

async fn planned_for(
    connection: &mut PgConnection,
    keys: &PersonalKeys,
    account_id: AccountId,
) -> Result<Planned, LoginFault> {
    let mut folded = Folded::<Account>::default();
    for event in &read_stream(connection, Account::stream(account_id)).await? {
        folded.apply_recorded(event)?;
    }
    let email = folded.state.email;
    let former = match (email.plain(), email.sealed()) {
        (None, Some(sealed)) => keys.open(sealed, email.subject).await?,
        (plain, _) => plain.map(str::to_owned),
    };
    let former_index = former.map(|former| keys.blind_index(&former));
    Ok(Planned { account_id, seen: Some(email), former_index })
}
