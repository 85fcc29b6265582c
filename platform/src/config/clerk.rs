//! What Clerk is asked and believed, where it vouches for callers.

use super::{
    Environment,
    parse::{ConfigError, Lookup},
};
use crate::signing_secret::SigningSecret;

/// Settings of `AUTH_PROVIDER=clerk`.
#[derive(Debug, Clone)]
pub struct Clerk {
    /// `CLERK_ISSUER`: the instance's Frontend API, exactly as tokens have it in `iss`; no default.
    pub issuer: String,
    /// `CLERK_JWKS_URL`: where its public keys are; default: the issuer's `/.well-known/jwks.json`.
    pub jwks_url: String,
    /// `CLERK_AUTHORIZED_PARTIES`: origins of the frontends whose tokens are taken, comma separated; no default.
    pub authorized_parties: Vec<String>,
    /// `CLERK_WEBHOOK_SECRET`: `whsec_…` of the webhook endpoint in Clerk's dashboard; see [`Clerk::webhook_secret`].
    pub webhook_secret: Option<SigningSecret>,
}

impl Clerk {
    pub(super) fn read(vars: &Lookup<'_>, environment: Environment) -> Result<Self, ConfigError> {
        let issuer = vars.base_url("CLERK_ISSUER")?.ok_or(ConfigError::missing("CLERK_ISSUER"))?;
        let jwks_url = vars.base_url("CLERK_JWKS_URL")?;
        let jwks_url = jwks_url.unwrap_or_else(|| format!("{issuer}/.well-known/jwks.json"));
        let authorized_parties = parties(vars)?;
        if environment == Environment::Production {
            require_https("CLERK_ISSUER", [&issuer])?;
            // Whoever can alter the answer on its way says who is an ADMIN.
            require_https("CLERK_JWKS_URL", [&jwks_url])?;
            require_https("CLERK_AUTHORIZED_PARTIES", &authorized_parties)?;
        }
        Ok(Self { issuer, jwks_url, authorized_parties, webhook_secret: secret(vars)? })
    }

    /// The secret, for processes that take commands: without Clerk's webhooks nobody would ever be linked to an
    /// account, nor be locked out of one.
    ///
    /// # Errors
    /// It is not set.
    pub fn webhook_secret(&self) -> Result<&SigningSecret, ConfigError> {
        self.webhook_secret.as_ref().ok_or(ConfigError::missing("CLERK_WEBHOOK_SECRET"))
    }
}

fn parties(vars: &Lookup<'_>) -> Result<Vec<String>, ConfigError> {
    const NAME: &str = "CLERK_AUTHORIZED_PARTIES";
    if vars.list(NAME).iter().any(|party| party == "*") {
        // A token that some other site was given would be good here as well.
        return Err(ConfigError::malformed(NAME, "* is refused: the frontends must be named"));
    }
    let origins = vars.origins(NAME)?;
    if origins.is_empty() {
        return Err(ConfigError::missing(NAME));
    }
    Ok(origins.iter().filter_map(|origin| origin.to_str().ok().map(ToOwned::to_owned)).collect())
}

fn secret(vars: &Lookup<'_>) -> Result<Option<SigningSecret>, ConfigError> {
    const NAME: &str = "CLERK_WEBHOOK_SECRET";
    let parsed = vars.text(NAME).map(|text| SigningSecret::parse(&text)).transpose();
    parsed.map_err(|invalid| ConfigError::malformed(NAME, invalid.to_string()))
}

fn require_https<'a>(
    name: &'static str,
    urls: impl IntoIterator<Item = &'a String>,
) -> Result<(), ConfigError> {
    if urls.into_iter().all(|url| url.starts_with("https://")) {
        return Ok(());
    }
    Err(ConfigError::malformed(name, "must begin with https:// with IRIS_ENV=production"))
}
