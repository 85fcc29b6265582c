//! By what notifications are sent.

use std::{sync::Arc, time::Duration};

use platform::{
    config::Outbound,
    link_token::LinkKey,
    personal::Vault,
    secrets::Keyring,
    service_account::{ServiceAccount, ServiceAccountError},
};

use super::{fcm::Fcm, folder::MailFolder, resend::Resend};

/// What notifications need of the outside.
#[derive(Debug)]
pub struct NotificationSettings {
    /// Where clients reach the API, without a slash at its end: links in mails begin so.
    pub public_url: String,
    /// Signs those links.
    pub links: LinkKey,
    /// Where mail goes; without it mails are suppressed.
    pub mail: Option<MailChannel>,
    /// Where pushes go; without it they are suppressed.
    pub push: Option<Fcm>,
    /// How often things are looked at.
    pub tempo: Tempo,
    /// What opens the addresses that mails go to.
    pub vault: Arc<Vault>,
}

/// Where mail goes.
#[derive(Clone, Debug)]
pub enum MailChannel {
    /// To people.
    Resend(Resend),
    /// Into a folder, for development.
    Folder(MailFolder),
}

/// How often, and how long.
#[derive(Clone, Copy, Debug)]
pub struct Tempo {
    /// How often queues are looked at without being woken.
    pub poll_every: Duration,
    /// How long a process has a channel to itself; another one waits as long once it is dead.
    pub lease: Duration,
    /// How long a provider may take to answer. Well below the lease.
    pub request_timeout: Duration,
}

/// Why a provider cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// `FIREBASE_KEY`.
    #[error("FIREBASE_KEY: {0}")]
    FirebaseKey(#[from] ServiceAccountError),
    /// The HTTP client.
    #[error("the client for outgoing requests cannot be built")]
    Client(#[from] reqwest::Error),
}

impl Default for Tempo {
    fn default() -> Self {
        Self {
            poll_every: Duration::from_secs(1),
            lease: Duration::from_secs(30),
            request_timeout: Duration::from_secs(15),
        }
    }
}

impl NotificationSettings {
    /// From the environment's settings. `public_url` is used where they name none.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn try_new(
        outbound: &Outbound,
        public_url: &str,
        keyring: &Arc<Keyring>,
    ) -> Result<Self, SettingsError> {
        let tempo = Tempo::default();
        let public_url = outbound.public_url.as_deref().unwrap_or(public_url);
        let push = match &outbound.firebase_key {
            Some(key) => {
                let account = ServiceAccount::read(key)?;
                Some(Fcm::try_new(&outbound.fcm_base_url, account, tempo.request_timeout)?)
            }
            None => None,
        };
        Ok(Self {
            public_url: public_url.trim_end_matches('/').to_owned(),
            links: LinkKey::derive(keyring.root()),
            mail: mail(outbound, tempo)?,
            push,
            tempo,
            vault: Arc::new(Vault::new(Arc::clone(keyring))),
        })
    }
}

/// To Resend with a key, else into a folder, else nowhere.
fn mail(outbound: &Outbound, tempo: Tempo) -> Result<Option<MailChannel>, SettingsError> {
    let mail = &outbound.mail;
    if let Some(key) = &mail.resend_api_key {
        let (base, from) = (&mail.resend_base_url, mail.from.clone());
        let resend = Resend::try_new(base, key.clone(), from, tempo.request_timeout)?;
        return Ok(Some(MailChannel::Resend(resend)));
    }
    let folder = mail.folder.clone();
    Ok(folder.map(|folder| MailChannel::Folder(MailFolder::new(folder, mail.from.clone()))))
}
