//! Unsubscribing from the mail of one kind.

use events::{
    account::Account,
    resource::NotificationPreferencesResource,
    values::{AccountId, ChannelChoice, EmailChoice, NotificationKind},
};

use super::AccountCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access};

/// No more mail of that kind; nothing else of what was chosen changes. A second time changes nothing.
///
/// Asked for by the system, on the word of a link that only the receiver of such a mail has.
#[derive(Clone, Debug)]
pub struct StopMail {
    /// Whose.
    pub account_id: AccountId,
    /// Of what.
    pub kind: NotificationKind,
}

impl Command for StopMail {
    fn operation(&self) -> &'static str {
        "stop_mail"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        access::admin(unit)?;
        // Decided on the stream itself: what its owner sets at the same moment is not undone.
        let account = unit.existing::<Account>("account", self.account_id)?;
        let mut preferences = account.state.notifications.clone();
        let choice = ChannelChoice { email: EmailChoice::Off, ..preferences.choice(self.kind) };
        preferences.choices.insert(self.kind, choice);
        let command = AccountCommand::SetNotificationPreferences { preferences };
        let account = unit.decide::<Account>(self.account_id, Concerns::NOBODY, command)?;
        Ok(Answer::ok(&NotificationPreferencesResource::of(&account), account.revision))
    }
}
