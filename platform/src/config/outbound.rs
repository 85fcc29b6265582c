//! How the program reaches out, and what it needs to know of the outside.

use std::path::PathBuf;

use ipnet::IpNet;
use secrecy::SecretString;

use super::parse::{ConfigError, Lookup};

/// Settings of everything that leaves the house.
#[derive(Debug, Clone)]
pub struct Outbound {
    /// `PUBLIC_URL`: where clients reach the API, for links in mails; default: the address listened on.
    pub public_url: Option<String>,
    /// `SECRETS_KEY`: seals what partners entrust to us, at least 32 bytes; default: derived from `APP_SECRET`.
    pub secrets_key: Option<SecretString>,
    /// `WEBHOOK_ALLOWED_NETWORKS`: private networks that webhooks may go to, comma separated, such as
    /// `10.1.0.0/16`; plain `http` is allowed there, too. Default none: public addresses over `https` alone.
    pub webhook_allowed_networks: Vec<IpNet>,
    /// Where mail goes.
    pub mail: Mail,
    /// `FIREBASE_KEY`: a service account of Firebase, as JSON or as the path of its file; default: no push.
    pub firebase_key: Option<SecretString>,
    /// `FCM_BASE_URL`: default `https://fcm.googleapis.com`.
    pub fcm_base_url: String,
}

/// Where mail goes: to Resend with a key, else into a folder, else nowhere.
#[derive(Debug, Clone)]
pub struct Mail {
    /// `MAIL_FROM`: the sender; default `Iris <no-reply@iris.test>`.
    pub from: String,
    /// `RESEND_API_KEY`: `re_…`; optional.
    pub resend_api_key: Option<SecretString>,
    /// `RESEND_BASE_URL`: default `https://api.resend.com`.
    pub resend_base_url: String,
    /// `MAIL_DIR`: mails are written here as `.eml` where there is no `RESEND_API_KEY`; optional.
    pub folder: Option<PathBuf>,
}

impl Outbound {
    pub(super) fn read(vars: &Lookup<'_>) -> Result<Self, ConfigError> {
        let url = |name, default: &str| Ok(vars.base_url(name)?.unwrap_or_else(|| default.to_owned()));
        Ok(Self {
            public_url: vars.base_url("PUBLIC_URL")?,
            secrets_key: vars.secret("SECRETS_KEY")?,
            webhook_allowed_networks: vars.networks("WEBHOOK_ALLOWED_NETWORKS")?,
            mail: Mail {
                from: vars.text("MAIL_FROM").unwrap_or_else(|| "Iris <no-reply@iris.test>".to_owned()),
                resend_api_key: vars.text("RESEND_API_KEY").map(Into::into),
                resend_base_url: url("RESEND_BASE_URL", "https://api.resend.com")?,
                folder: vars.text("MAIL_DIR").map(Into::into),
            },
            firebase_key: vars.text("FIREBASE_KEY").map(Into::into),
            fcm_base_url: url("FCM_BASE_URL", "https://fcm.googleapis.com")?,
        })
    }
}
