//! How the program reaches out, and what it needs to know of the outside.

use std::path::PathBuf;

use ipnet::IpNet;
use secrecy::SecretString;

use super::{
    Environment,
    parse::{ConfigError, Lookup},
};

/// Settings of everything that leaves the house.
#[derive(Debug, Clone)]
pub struct Outbound {
    /// `PUBLIC_URL`: where clients reach the API, for links in mails; default: the address listened on. Required
    /// with `RESEND_API_KEY`; `https` then in production.
    pub public_url: Option<String>,
    /// `SECRETS_KEY`: makes the key-encryption key where `KEY_ENCRYPTION_KEYS` and other providers are not set, at
    /// least 32 bytes; the same for all roles, and for as long as `iris secrets list` names its key; default:
    /// `APP_SECRET`.
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
    /// `MAIL_FROM`: the sender; default `Iris <no-reply@iris.test>`. Required with `RESEND_API_KEY`.
    pub from: String,
    /// `RESEND_API_KEY`: `re_…`; optional.
    pub resend_api_key: Option<SecretString>,
    /// `RESEND_BASE_URL`: default `https://api.resend.com`.
    pub resend_base_url: String,
    /// `MAIL_DIR`: mails are written here as `.eml` where there is no `RESEND_API_KEY`; optional.
    pub folder: Option<PathBuf>,
}

impl Outbound {
    pub(super) fn read(vars: &Lookup<'_>, environment: Environment) -> Result<Self, ConfigError> {
        if vars.text("RESEND_API_KEY").is_some() {
            refuse_unusable_mail(vars, environment)?;
        }
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

/// What reaches real people must say truly whom it is from and lead to where they can end it: the defaults do
/// for a folder of mails, and lead everybody else to their own machine.
fn refuse_unusable_mail(vars: &Lookup<'_>, environment: Environment) -> Result<(), ConfigError> {
    let with_key = |name| ConfigError::malformed(name, "must be set where RESEND_API_KEY is");
    vars.text("MAIL_FROM").ok_or_else(|| with_key("MAIL_FROM"))?;
    let public_url = vars.base_url("PUBLIC_URL")?.ok_or_else(|| with_key("PUBLIC_URL"))?;
    // A link's token ends mails without a login: it must not cross the open in plain text, and mail programs
    // press the button of RFC 8058 over https alone.
    if environment == Environment::Production && !public_url.starts_with("https://") {
        let reason = "must begin with https:// where RESEND_API_KEY is set and IRIS_ENV=production";
        return Err(ConfigError::malformed("PUBLIC_URL", reason));
    }
    Ok(())
}
