//! From texts to typed settings, with refusals that name the variable and never quote a secret.

use std::net::SocketAddr;

use axum::http::{HeaderValue, Uri};
use ipnet::IpNet;
use secrecy::SecretString;
use thiserror::Error;

use super::DevUser;
use crate::{auth::SECRET_MIN_BYTES, body::Email, paging::PageLimits};

/// Cost 4 is bcrypt's own minimum, 31 its maximum.
const BCRYPT_COSTS: std::ops::RangeInclusive<u32> = 4..=31;
const BCRYPT_HASH_CHARS: usize = 60;

/// Why the program does not start: one line that names the variable.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ConfigError {
    /// The variable has no default and is not set.
    #[error("{name} is missing")]
    Missing {
        /// The variable.
        name: &'static str,
    },
    /// The variable is set to something unusable.
    #[error("{name}: {reason}")]
    Malformed {
        /// The variable.
        name: &'static str,
        /// What is wrong with it; holds no secret.
        reason: String,
    },
}

impl ConfigError {
    pub(super) const fn missing(name: &'static str) -> Self {
        Self::Missing { name }
    }

    pub(super) fn malformed(name: &'static str, reason: impl Into<String>) -> Self {
        Self::Malformed { name, reason: reason.into() }
    }
}

/// Typed reading from a source of variables.
pub(super) struct Lookup<'a>(&'a dyn Fn(&str) -> Option<String>);

impl<'a> Lookup<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self(lookup)
    }

    /// An empty value is absent: `X=` in an env file means "not set".
    pub(super) fn text(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// The first choice is the default.
    pub(super) fn one_of<T: Copy>(
        &self,
        name: &'static str,
        choices: &[(&'static str, T)],
    ) -> Result<T, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(choices[0].1) };
        choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice).ok_or_else(|| {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            ConfigError::malformed(name, format!("must be one of {}, not {text:?}", words.join(", ")))
        })
    }

    pub(super) fn address(&self, name: &'static str) -> Result<Option<SocketAddr>, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let reason = || format!("must be an IP address and port such as 127.0.0.1:8080, not {text:?}");
        text.parse().map(Some).map_err(|_| ConfigError::malformed(name, reason()))
    }

    /// The URL holds a password, so no refusal quotes it.
    pub(super) fn database_url(&self, name: &'static str) -> Result<Option<SecretString>, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        // The form that Python programs use for the same database.
        let text = match text.strip_prefix("postgresql+asyncpg://") {
            Some(rest) => format!("postgresql://{rest}"),
            None => text,
        };
        if !text.starts_with("postgresql://") && !text.starts_with("postgres://") {
            return Err(ConfigError::malformed(name, "must start with postgresql://"));
        }
        if text.parse::<sqlx::postgres::PgConnectOptions>().is_err() {
            return Err(ConfigError::malformed(name, "is not a URL that Postgres understands"));
        }
        Ok(Some(text.into()))
    }

    pub(super) fn nats_url(&self, name: &'static str) -> Result<Option<SecretString>, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let known = |server: &str| {
            let (scheme, rest) = server.trim().split_once("://").unwrap_or(("", ""));
            matches!(scheme, "nats" | "tls" | "ws" | "wss") && !rest.is_empty()
        };
        if !text.split(',').all(known) {
            return Err(ConfigError::malformed(name, "must be nats:// or tls:// URLs, separated by commas"));
        }
        Ok(Some(text.into()))
    }

    pub(super) fn app_secret(&self, name: &'static str) -> Result<SecretString, ConfigError> {
        self.secret(name)?.ok_or(ConfigError::missing(name))
    }

    pub(super) fn secret(&self, name: &'static str) -> Result<Option<SecretString>, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        if text.len() < SECRET_MIN_BYTES {
            let reason = format!("must have at least {SECRET_MIN_BYTES} bytes, has {}", text.len());
            return Err(ConfigError::malformed(name, reason));
        }
        Ok(Some(text.into()))
    }

    /// An `http` or `https` URL without user, query and fragment; without its trailing slash.
    pub(super) fn base_url(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        // Not quoted: somebody may have put a password into it.
        let reason = || "must be a URL such as https://iris.example, without user, query and fragment";
        let uri: Uri = text.parse().map_err(|_| ConfigError::malformed(name, reason()))?;
        let named = matches!(uri.scheme_str(), Some("http" | "https"));
        let plain = uri.query().is_none() && !text.contains('#') && !text.contains('@');
        if !named || !plain || uri.host().is_none_or(str::is_empty) {
            return Err(ConfigError::malformed(name, reason()));
        }
        Ok(Some(text.trim_end_matches('/').to_owned()))
    }

    pub(super) fn networks(&self, name: &'static str) -> Result<Vec<IpNet>, ConfigError> {
        let network = |text: &String| {
            let reason = || format!("must be networks such as 10.1.0.0/16, not {text:?}");
            text.parse().map_err(|_| ConfigError::malformed(name, reason()))
        };
        self.list(name).iter().map(network).collect()
    }

    pub(super) fn dev_users(&self, name: &'static str) -> Result<Vec<DevUser>, ConfigError> {
        let mut users: Vec<DevUser> = Vec::new();
        for (index, entry) in self.list(name).iter().enumerate() {
            let user = dev_user(entry).map_err(|why| {
                // By number, not by content: the entry holds a hash.
                ConfigError::malformed(name, format!("entry {} {why}", index + 1))
            })?;
            if users.iter().any(|known| known.email == user.email) {
                return Err(ConfigError::malformed(name, format!("entry {} repeats an e-mail", index + 1)));
            }
            users.push(user);
        }
        Ok(users)
    }

    pub(super) fn origins(&self, name: &'static str) -> Result<Vec<HeaderValue>, ConfigError> {
        self.list(name)
            .iter()
            .map(|text| origin(text).map_err(|why| ConfigError::malformed(name, why)))
            .collect()
    }

    pub(super) fn page_limits(&self) -> Result<PageLimits, ConfigError> {
        let builtin = PageLimits::default();
        let max = self.page_size("MAX_PAGE_LIMIT")?.unwrap_or(builtin.max);
        // Who lowers only the maximum gets a default that fits under it.
        let default = self.page_size("PAGE_LIMIT_DEFAULT")?;
        if default.is_some_and(|default| default > max) {
            let reason = format!("must not be above MAX_PAGE_LIMIT, which is {max}");
            return Err(ConfigError::malformed("PAGE_LIMIT_DEFAULT", reason));
        }
        Ok(PageLimits { default: default.unwrap_or_else(|| builtin.default.min(max)), max })
    }

    /// A whole number of `unit` within `bounds`.
    pub(super) fn whole(
        &self,
        name: &'static str,
        unit: &str,
        bounds: std::ops::RangeInclusive<u32>,
    ) -> Result<Option<u32>, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse::<u32>().ok().filter(|number| bounds.contains(number));
        let reason = || {
            format!("must be a number of {unit} from {} to {}, not {text:?}", bounds.start(), bounds.end())
        };
        number.map(Some).ok_or_else(|| ConfigError::malformed(name, reason()))
    }

    fn page_size(&self, name: &'static str) -> Result<Option<u32>, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let items = text.parse::<u32>().ok().filter(|items| (1..=10_000).contains(items));
        let reason = || format!("must be a number of items from 1 to 10000, not {text:?}");
        items.map(Some).ok_or_else(|| ConfigError::malformed(name, reason()))
    }

    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        text.split(',').map(|entry| entry.trim().to_owned()).filter(|entry| !entry.is_empty()).collect()
    }
}

fn dev_user(entry: &str) -> Result<DevUser, &'static str> {
    let (email, hash) = entry.split_once(':').ok_or("is not email:hash")?;
    let email = Email::parse(email).map_err(|_| "does not start with an e-mail address")?;
    let cost = hash.get(4..6).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let known = ["$2a$", "$2b$", "$2y$"].iter().any(|version| hash.starts_with(version));
    if !known || hash.len() != BCRYPT_HASH_CHARS || !hash.is_ascii() || !BCRYPT_COSTS.contains(&cost) {
        return Err("has no bcrypt hash ($2b$…) after the colon");
    }
    Ok(DevUser { email: email.key().to_owned(), password_hash: hash.to_owned().into() })
}

fn origin(text: &str) -> Result<HeaderValue, String> {
    // Every answer allows credentials; with "*" any site could act in the name of whoever is logged in.
    if text == "*" {
        return Err("* is refused: answers allow credentials, so origins must be named".to_owned());
    }
    let refusal = || format!("must be origins such as https://shop.example, not {text:?}");
    let uri: Uri = text.parse().map_err(|_| refusal())?;
    let plain = uri.path().trim_matches('/').is_empty() && uri.query().is_none() && !text.ends_with('/');
    let named = matches!(uri.scheme_str(), Some("http" | "https"));
    let authority = uri.authority().ok_or_else(refusal)?.as_str();
    if !plain || !named || authority.contains('@') || authority.contains('*') {
        return Err(refusal());
    }
    // Browsers send origins in lower case; the comparison later is byte for byte.
    HeaderValue::from_str(&text.to_ascii_lowercase()).map_err(|_| refusal())
}
