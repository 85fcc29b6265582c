//! What must be known before a person is erased: the address, and who else names it as their contact.

use chrono::{DateTime, Utc};
use events::{
    Fold, Folded,
    account::Account,
    fold::UnreadableEvent,
    log::read_stream,
    values::{AccountId, Personal, RestaurantId, Shown, SupplierId},
};
use platform::personal::{PersonalError, PersonalKeys};
use sqlx::PgPool;

use super::contacts::{Contacts, contacts};
use crate::domain::account::{ErasePerson, NamedContact};

/// How often an erasure is prepared anew, should organisations name other contacts all the while.
pub const PLANS_MAX: u32 = 5;

/// Why an erasure cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum ErasureFault {
    /// The database refused or does not answer.
    #[error("what is held of the person cannot be read")]
    Database(#[from] sqlx::Error),
    /// A text cannot be opened.
    #[error(transparent)]
    Personal(#[from] PersonalError),
    /// The account's stream holds what this version cannot read.
    #[error("the account cannot be read")]
    Account(#[from] UnreadableEvent),
    /// Contacts are listed by read models that have too much to fold yet.
    #[error("the read models of suppliers and restaurants are behind")]
    ReadModelBehind,
    /// What opened is no JSON.
    #[error("opened texts are not JSON")]
    Json(#[from] serde_json::Error),
    /// See [`NamesThePerson`].
    #[error(transparent)]
    Reason(#[from] NamesThePerson),
}

/// The reason would keep for good what is to be forgotten.
#[derive(Debug, thiserror::Error)]
#[error("the reason must not hold the person's address: it stays in the history")]
pub struct NamesThePerson;

/// The command that erases the person behind that account. Nothing is changed yet. Should an organisation name
/// another contact before it is decided, it is refused ([`crate::SubmitError::Outdated`]) and to be prepared anew:
/// afterwards nobody could tell any more whom a contact names.
///
/// # Errors
/// [`ErasureFault`].
pub async fn plan_erasure(
    pool: &PgPool,
    keys: &PersonalKeys,
    account_id: AccountId,
    reason: Option<String>,
) -> Result<ErasePerson, ErasureFault> {
    let mut folded = Folded::<Account>::default();
    for event in &read_stream(&mut *pool.acquire().await?, Account::stream(account_id)).await? {
        folded.apply_recorded(event)?;
    }
    let [address] = opened(keys, &[&folded.state.email]).await?.try_into().unwrap_or([None]);
    let mut erasure =
        ErasePerson { account_id, reason, address_index: String::new(), contacts: Vec::new(), as_of: None };
    let Some(address) = address.filter(|address| !address.is_empty()) else { return Ok(erasure) };
    if erasure.reason.as_ref().is_some_and(|reason| is_in(&address, reason)) {
        return Err(NamesThePerson.into());
    }
    erasure.address_index = keys.blind_index(&address);
    let (position, contacts) = contacts_named(pool, keys, &address).await?;
    (erasure.as_of, erasure.contacts) = (Some(position), contacts);
    Ok(erasure)
}

/// Ends every login of the account, and drops from the access log where it came from. Refreshing is refused from
/// the erasure on in any case; this leaves no session that looks open. Only of accounts that are erased;
/// idempotent.
///
/// # Errors
/// The database's.
pub async fn end_sessions(
    pool: &PgPool,
    account_id: AccountId,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE auth.families SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL")
        .bind(account_id.0)
        .bind(now)
        .execute(pool)
        .await?;
    sqlx::query("SELECT audit.forget_person($1)").bind(account_id.0).execute(pool).await?;
    Ok(())
}

/// The organisations whose contact is that address, and the position as of which these are all. Contacts are
/// sealed under each organisation's own key and so cannot be searched for: all of them are opened, for which one
/// query fetches all keys.
async fn contacts_named(
    pool: &PgPool,
    keys: &PersonalKeys,
    address: &str,
) -> Result<(i64, Vec<NamedContact>), ErasureFault> {
    let Contacts { position, by_organisation } = contacts(&mut *pool.acquire().await?).await?;
    let named = |((kind, id), seen)| match kind {
        "supplier" => NamedContact::Supplier(SupplierId(id), seen),
        _ => NamedContact::Restaurant(RestaurantId(id), seen),
    };
    let contacts: Vec<NamedContact> = by_organisation.into_iter().map(named).collect();
    let texts: Vec<&Personal> = contacts.iter().map(seen).collect();
    let opened = opened(keys, &texts).await?;
    let is_theirs = |text: &Option<String>| text.as_ref().is_some_and(|text| is_same(text, address));
    let theirs = contacts.into_iter().zip(&opened).filter(|(_, text)| is_theirs(text));
    Ok((position, theirs.map(|(contact, _)| contact).collect()))
}

fn seen(contact: &NamedContact) -> &Personal {
    match contact {
        NamedContact::Supplier(_, seen) | NamedContact::Restaurant(_, seen) => seen,
    }
}

/// The texts in the clear, in that order; absent where their key was destroyed.
async fn opened(keys: &PersonalKeys, texts: &[&Personal]) -> Result<Vec<Option<String>>, ErasureFault> {
    let shown: Vec<Shown> = texts.iter().map(|text| Shown::from(*text)).collect();
    Ok(serde_json::from_str(&keys.open_json(&serde_json::to_string(&shown)?).await?)?)
}

fn is_same(text: &str, address: &str) -> bool {
    text.trim().to_lowercase() == address.trim().to_lowercase()
}

fn is_in(address: &str, text: &str) -> bool {
    text.to_lowercase().contains(&address.trim().to_lowercase())
}
