//! Ending a key.

use events::{api_key::ApiKey, resource::ApiKeyResource, values::ApiKeyId};

use super::{ApiKeyCommand, owner::key_as_owner};
use crate::domain::{Answer, Command, Concerns, Stop, Unit};

/// Nobody can call with it any more, from the commit on and in every process. Its owner and ADMIN.
#[derive(Clone, Debug)]
pub struct RevokeApiKey {
    /// Which.
    pub api_key_id: ApiKeyId,
}

impl Command for RevokeApiKey {
    fn operation(&self) -> &'static str {
        "revoke_api_key"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.api_key_id;
        key_as_owner(unit, id)?;
        unit.revoke_api_key(id);
        let key = unit.decide::<ApiKey>(id, Concerns::NOBODY, ApiKeyCommand::Revoke)?;
        Ok(Answer::ok(&ApiKeyResource::of(id, &key, unit.now()), key.revision))
    }
}
