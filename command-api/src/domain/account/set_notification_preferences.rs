//! Choosing what to hear of, and how.

use events::{
    account::Account,
    resource::NotificationPreferencesResource,
    values::{AccountId, NotificationPreferences},
};

use super::AccountCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, refusal::Refusal};

/// From now on it is told so. Everybody chooses for themselves alone.
#[derive(Clone, Debug)]
pub struct SetNotificationPreferences {
    /// Whose.
    pub account_id: AccountId,
    /// All of it, as it is to be.
    pub preferences: NotificationPreferences,
}

impl Command for SetNotificationPreferences {
    fn operation(&self) -> &'static str {
        "set_notification_preferences"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        // Not even an ADMIN's: what reaches a person is that person's own business.
        if unit.caller().account_id() != Some(self.account_id) {
            return Err(Refusal::not_found("account", self.account_id).into());
        }
        let account = unit.existing::<Account>("account", self.account_id)?;
        unit.match_revision(account.revision)?;
        let command = AccountCommand::SetNotificationPreferences { preferences: self.preferences.clone() };
        let account = unit.decide::<Account>(self.account_id, Concerns::NOBODY, command)?;
        Ok(Answer::ok(&NotificationPreferencesResource::of(&account), account.revision))
    }
}
