//! Sealing what commands say of people, before anybody decides on it: the one way in.

use events::{
    log::{NewPersonKey, Retry, retry_of},
    values::Personal,
};
use platform::personal::{FreshKey, PersonalError, PersonalKeys, Sealing};
use uuid::Uuid;

use super::SubmitError;
use crate::domain::Command;

/// A key that texts of a command are sealed with.
#[derive(Clone, Debug)]
pub enum SealedWith {
    /// The subject's, as the table had it then.
    Known {
        /// The key.
        key_id: Uuid,
        /// Whose.
        subject: Uuid,
    },
    /// The subject had none: this one is written with what it sealed, or not at all, so that refused commands
    /// leave none behind.
    Fresh(NewPersonKey),
}

impl SealedWith {
    /// Whose texts it seals.
    pub fn subject(&self) -> Uuid {
        match self {
            Self::Known { subject, .. } | Self::Fresh(NewPersonKey { subject, .. }) => *subject,
        }
    }
}

/// Seals every text about a person in the command, and indexes the address that it is looked up by. Gives the
/// keys that it did so with.
///
/// # Errors
/// [`SubmitError::Unavailable`], [`SubmitError::Internal`]: nothing changed.
pub async fn seal(keys: &PersonalKeys, command: &mut dyn Command) -> Result<Vec<SealedWith>, SubmitError> {
    if let Some(address) = command.login_address()
        && let Some(plain) = address.email.plain()
    {
        let index = keys.blind_index(plain);
        address.set_index(index);
    }
    let mut sealings: Vec<Sealing> = Vec::new();
    if let Some(address) = command.login_address() {
        seal_one(keys, &mut sealings, &mut address.email).await?;
    }
    for personal in command.personal() {
        seal_one(keys, &mut sealings, personal).await?;
    }
    Ok(sealings.into_iter().map(sealed_with).collect())
}

async fn seal_one(
    keys: &PersonalKeys,
    sealings: &mut Vec<Sealing>,
    personal: &mut Personal,
) -> Result<(), SubmitError> {
    let Some(plain) = personal.plain() else { return Ok(()) };
    let known = sealings.iter().position(|sealing| sealing.key().subject() == personal.subject);
    let place = if let Some(place) = known {
        place
    } else {
        sealings.push(keys.sealing(personal.subject).await.map_err(|error| failed(&error))?);
        sealings.len() - 1
    };
    let sealed = sealings[place].key().seal(plain);
    personal.seal(sealed);
    Ok(())
}

fn sealed_with(sealing: Sealing) -> SealedWith {
    match sealing {
        Sealing::Known(key) => SealedWith::Known { key_id: key.key_id(), subject: key.subject() },
        Sealing::Fresh(FreshKey { key, wrapped }) => {
            SealedWith::Fresh(NewPersonKey { key_id: key.key_id(), subject: key.subject(), wrapped })
        }
    }
}

fn failed(error: &PersonalError) -> SubmitError {
    match error {
        PersonalError::Database(database) if retry_of(database) != Retry::Never => {
            tracing::warn!(%error, "a command cannot be sealed");
            SubmitError::Unavailable
        }
        PersonalError::KeyNotNow(_) => {
            tracing::warn!(%error, "a command cannot be sealed");
            SubmitError::Unavailable
        }
        _ => {
            tracing::error!(error = error as &dyn std::error::Error, "a command cannot be sealed");
            SubmitError::Internal
        }
    }
}
