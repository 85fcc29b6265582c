//! API keys.

mod issue;
mod owner;
mod revoke;
mod rotate;
#[cfg(test)]
mod tests;

pub use issue::IssueApiKey;
pub use revoke::RevokeApiKey;
pub use rotate::RotateApiKey;

use chrono::{DateTime, Utc};
use events::{
    api_key::{ApiKey, ApiKeyEvent, ApiKeyStatus},
    values::AccountId,
};

use super::{Decide, refusal::Refusal};

/// What can be asked of a key.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is documented at the event that it leads to")]
pub enum ApiKeyCommand {
    Issue { account_id: AccountId, name: String, scopes: Vec<String>, expires_at: DateTime<Utc>, place: u8 },
    Rotate { former_valid_until: DateTime<Utc>, now: DateTime<Utc> },
    Revoke,
}

impl Decide for ApiKey {
    type Command = ApiKeyCommand;

    fn decide(&self, command: ApiKeyCommand) -> Result<Vec<ApiKeyEvent>, Refusal> {
        use ApiKeyCommand as C;
        use ApiKeyEvent as E;
        Ok(match command {
            C::Issue { account_id, name, scopes, expires_at, place } => {
                vec![E::ApiKeyIssued { account_id, name, scopes, expires_at, place }]
            }
            C::Rotate { former_valid_until, now } => match self.status(now) {
                ApiKeyStatus::Active => vec![E::ApiKeyRotated { former_valid_until }],
                ended => return Err(not_active(ended)),
            },
            // Whoever wants a key gone has what they want: nothing new.
            C::Revoke if self.revoked => vec![],
            C::Revoke => vec![E::ApiKeyRevoked {}],
        })
    }
}

fn not_active(status: ApiKeyStatus) -> Refusal {
    Refusal::InvalidTransition { what: owner::WHAT, state: status.name(), attempted: "rotate" }
}
