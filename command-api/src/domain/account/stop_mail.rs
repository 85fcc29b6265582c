//! Unsubscribing from the mail of one kind, or from digests.

use events::{
    account::Account,
    resource::NotificationPreferencesResource,
    values::{AccountId, ChannelChoice, EmailChoice, NotificationKind, NotificationPreferences},
};

use super::AccountCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access};

/// What a link in a mail ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailOf {
    /// Mail of that kind, also where it is told in a digest.
    Kind(NotificationKind),
    /// Digests: every kind that is told in them at that moment.
    Digest,
}

impl MailOf {
    /// The kinds that it means, by what was chosen; none where all of it was ended before.
    pub fn kinds(self, preferences: &NotificationPreferences) -> Vec<NotificationKind> {
        let means = |kind: NotificationKind| match (self, preferences.choice(kind).email) {
            (_, EmailChoice::Off) => false,
            (Self::Kind(ended), _) => ended == kind,
            // What is critical is never told in a digest, whatever was chosen.
            (Self::Digest, choice) => choice == EmailChoice::Digest && !kind.is_critical(),
        };
        NotificationKind::ALL.iter().copied().filter(|kind| means(*kind)).collect()
    }
}

/// No more such mail; nothing else of what was chosen changes. A second time changes nothing.
///
/// Asked for by the system, on the word of a link that only the receiver of such a mail has.
#[derive(Clone, Debug)]
pub struct StopMail {
    /// Whose.
    pub account_id: AccountId,
    /// Of what.
    pub mail: MailOf,
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
        for kind in self.mail.kinds(&preferences) {
            let choice = ChannelChoice { email: EmailChoice::Off, ..preferences.choice(kind) };
            preferences.choices.insert(kind, choice);
        }
        let command = AccountCommand::SetNotificationPreferences { preferences };
        let account = unit.decide::<Account>(self.account_id, Concerns::NOBODY, command)?;
        Ok(Answer::ok(&NotificationPreferencesResource::of(&account), account.revision))
    }
}
