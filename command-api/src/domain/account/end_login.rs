//! A user whom the identity provider has deleted.

use events::{
    account::Account,
    log::Claim,
    values::{AccountId, DisabledBy, LoginProvider},
};

use super::{AccountCommand, Followed, FollowedLogin};
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access};

/// The user's account is disabled, and what the provider says of the user later is no news. A second time changes
/// nothing, nor does a user that was never linked.
#[derive(Clone, Debug)]
pub struct EndLogin {
    /// Who vouched.
    pub provider: LoginProvider,
    /// Its id of the user.
    pub subject: String,
}

impl Command for EndLogin {
    fn operation(&self) -> &'static str {
        "end_login"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        access::admin(unit)?;
        let Some(holder) = unit.holder(&Claim::login(self.provider, &self.subject))? else {
            return Ok(FollowedLogin::answer(Followed::NotLinked, None));
        };
        let id = AccountId(holder);
        let account = unit.existing::<Account>("account", id)?;
        if account.state.erased || account.state.login(self.provider).is_none_or(|login| login.ended) {
            return Ok(FollowedLogin::answer(Followed::NoNews, Some(id)));
        }
        let (provider, by) = (self.provider, DisabledBy::Provider);
        unit.decide::<Account>(id, Concerns::NOBODY, AccountCommand::EndLogin { provider })?;
        let disable = AccountCommand::Disable { by, reason: Some("deleted".to_owned()) };
        unit.decide::<Account>(id, Concerns::NOBODY, disable)?;
        unit.end_logins(id);
        Ok(FollowedLogin::answer(Followed::Ended, Some(id)))
    }
}
