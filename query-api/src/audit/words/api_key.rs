//! API keys in words. What its owner calls a key stands in the event; a sentence names scopes and times.

use events::api_key::ApiKeyEvent;

use super::{Told, listed};

pub(super) fn tell(event: &ApiKeyEvent) -> Told {
    match event {
        ApiKeyEvent::ApiKeyIssued { scopes, expires_at, .. } => {
            let until = expires_at.format("%Y-%m-%d %H:%M UTC");
            Told::plain(format!("Issued an API key for {}, until {until}.", listed(scopes)))
        }
        ApiKeyEvent::ApiKeyRotated { former_valid_until } => {
            let until = former_valid_until.format("%Y-%m-%d %H:%M UTC");
            Told::plain(format!("Gave the API key another secret; the former one was right until {until}."))
        }
        ApiKeyEvent::ApiKeyRevoked {} => Told::plain("Revoked the API key."),
    }
}
