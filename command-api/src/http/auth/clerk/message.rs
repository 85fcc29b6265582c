//! A webhook of Clerk, from its bytes to what it asks for.

use axum::http::HeaderMap;
use platform::signing_secret::{NotSigned, Signed, SigningSecret};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::user::{DeletedUser, User};

/// Svix, who delivers Clerk's webhooks, signs as Standard Webhooks has it, under names of its own.
const ID_HEADER: &str = "svix-id";
const TIMESTAMP_HEADER: &str = "svix-timestamp";
const SIGNATURE_HEADER: &str = "svix-signature";

/// What is of interest of all that Clerk tells.
pub(super) enum Message {
    /// `user.created`, `user.updated`: how the user is.
    User(&'static str, Box<User>),
    /// `user.deleted`.
    Deleted(DeletedUser),
    /// Something else: sessions, organisations, mails, and what is still to be invented.
    Other,
}

/// It is of a known type, and not of its form.
#[derive(Debug, thiserror::Error)]
#[error("a signed webhook of type {event_type} is not of its form: {reason}")]
pub(super) struct Malformed {
    /// `other` where the type itself cannot be read.
    pub(super) event_type: &'static str,
    reason: String,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type")]
    event_type: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// The message's id, if Clerk signed the body under it a moment ago.
pub(super) fn believed<'a>(
    secret: &SigningSecret,
    headers: &'a HeaderMap,
    body: &[u8],
    now_s: i64,
) -> Result<&'a str, NotSigned> {
    let only = |name: &str| {
        let mut values = headers.get_all(name).iter();
        let first = values.next().and_then(|value| value.to_str().ok());
        // Of two, whoever stands between us and Clerk might take the other.
        first.filter(|_| values.next().is_none()).ok_or(NotSigned::Malformed)
    };
    let id = only(ID_HEADER)?;
    let (timestamp, signatures) = (only(TIMESTAMP_HEADER)?, only(SIGNATURE_HEADER)?);
    secret.verify(Signed { id, timestamp, signatures, body }, now_s)?;
    Ok(id)
}

impl Message {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let envelope: Envelope<'_> = read(body, "other")?;
        let data = envelope.data.get().as_bytes();
        let event_type = match envelope.event_type.as_str() {
            "user.created" => "user.created",
            "user.updated" => "user.updated",
            "user.deleted" => {
                let user: DeletedUser = read(data, "user.deleted")?;
                return well_formed(user.is_well_formed(), "user.deleted").map(|()| Self::Deleted(user));
            }
            _ => return Ok(Self::Other),
        };
        let user: User = read(data, event_type)?;
        well_formed(user.is_well_formed() && user.as_of().is_some(), event_type)?;
        Ok(Self::User(event_type, Box::new(user)))
    }
}

fn read<'a, T: Deserialize<'a>>(json: &'a [u8], event_type: &'static str) -> Result<T, Malformed> {
    serde_json::from_slice(json).map_err(|error| Malformed {
        event_type,
        // Where and of what sort, not what: the text may be an address.
        reason: format!("{:?} at line {} column {}", error.classify(), error.line(), error.column()),
    })
}

fn well_formed(is_so: bool, event_type: &'static str) -> Result<(), Malformed> {
    let reason = "its id or time is none".to_owned();
    if is_so { Ok(()) } else { Err(Malformed { event_type, reason }) }
}
