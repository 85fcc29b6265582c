//! Giving a key another secret.

use chrono::TimeDelta;
use events::{api_key::ApiKey, log::ApiKeyRow, resource::ApiKeyResource, values::ApiKeyId};

use super::{ApiKeyCommand, owner::key_as_owner};
use crate::domain::{Answer, Command, Concerns, Stop, Unit};

/// Another secret is right; the one until now for a while, too, and none before it. Its owner and ADMIN.
///
/// When the key expires stays as it was said when it was issued.
#[derive(Clone, Debug)]
pub struct RotateApiKey {
    /// Which.
    pub api_key_id: ApiKeyId,
    /// SHA-256 of the new secret, for its row; no event has it.
    pub hash: [u8; 32],
    /// How long the one until now is right, too.
    pub overlap: TimeDelta,
}

impl Command for RotateApiKey {
    fn operation(&self) -> &'static str {
        "rotate_api_key"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.api_key_id;
        key_as_owner(unit, id)?;
        let now = unit.now();
        let former_valid_until = now + self.overlap;
        let rotate = ApiKeyCommand::Rotate { former_valid_until, now };
        let key = unit.decide::<ApiKey>(id, Concerns::NOBODY, rotate)?;
        // All of the row, not its hash alone: where the table was lost, a rotation brings the key back.
        unit.put_api_key(ApiKeyRow {
            key_id: id.0,
            account_id: key.state.account_id,
            hash: self.hash,
            former_valid_until: Some(former_valid_until),
            scopes: key.state.scopes.join(" "),
            expires_at: key.state.expires_at,
        });
        Ok(Answer::ok(&ApiKeyResource::of(id, &key, now), key.revision))
    }
}
