//! Who has the key-encryption keys, and how they are reached.

use std::path::PathBuf;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::{
    Environment,
    parse::{ConfigError, Lookup},
};
use crate::secrets::sigv4::Credentials;

/// Keys are AES-256's.
const KEY_BYTES: usize = 32;
const KEY_ID_CHARS_MAX: usize = 64;
/// Ids that begin so are those of keys made from `SECRETS_KEY`.
const RESERVED: &str = "secret-";

/// What wraps data keys.
#[derive(Debug, Clone)]
pub struct KeyEncryption {
    /// `KEY_PROVIDER`: who wraps: `local` (default), `vault` or `aws-kms`. The others, where they are set as well,
    /// unwrap what they have wrapped: so one can move from one to the other.
    pub provider: KeyProviderKind,
    /// `KEY_ENCRYPTION_KEYS`: `id:base64 of 32 random bytes`, comma separated; the first wraps, the others only
    /// unwrap. Or `KEY_ENCRYPTION_KEYS_FILE`: a file that holds them instead, also one a line; not both. Default: the
    /// key that is made from `SECRETS_KEY`, which always unwraps.
    pub local_keys: Vec<LocalKey>,
    /// Vault or `OpenBao`; where `VAULT_TRANSIT_KEY` is set.
    pub vault: Option<VaultSettings>,
    /// AWS KMS; where `AWS_KMS_KEY_ID` is set.
    pub aws_kms: Option<AwsKmsSettings>,
}

/// A key by its id.
#[derive(Debug, Clone)]
pub struct LocalKey {
    /// Letters, digits, `-` and `_`; wrapped keys name it.
    pub id: String,
    /// 32 bytes.
    pub key: SecretSlice<u8>,
}

/// Who wraps data keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyProviderKind {
    /// Keys of the environment.
    Local,
    /// The transit engine of Vault or `OpenBao`.
    Vault,
    /// AWS KMS.
    AwsKms,
}

impl KeyProviderKind {
    const CHOICES: [(&'static str, Self); 3] =
        [("local", Self::Local), ("vault", Self::Vault), ("aws-kms", Self::AwsKms)];

    /// Its word.
    pub fn name(self) -> &'static str {
        Self::CHOICES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// How Vault is reached.
#[derive(Debug, Clone)]
pub struct VaultSettings {
    /// `VAULT_ADDR`: its base URL; required. `https` in production, unless it is on this machine.
    pub address: String,
    /// `VAULT_TOKEN` or `VAULT_TOKEN_FILE`; one of them is required.
    pub token: VaultToken,
    /// `VAULT_TRANSIT_KEY`: the key of the engine mounted at `transit`; required. Of an authenticated type
    /// (`aes256-gcm96`), and not derived.
    pub transit_key: String,
    /// `VAULT_NAMESPACE`: optional.
    pub namespace: Option<String>,
}

/// What opens Vault.
#[derive(Debug, Clone)]
pub enum VaultToken {
    /// For as long as the process lives.
    Given(SecretString),
    /// A file that somebody keeps current, such as Vault's agent: read anew for each request.
    File(PathBuf),
}

/// How KMS is reached.
#[derive(Debug, Clone)]
pub struct AwsKmsSettings {
    /// `AWS_KMS_KEY_ID`: id, ARN or alias of a symmetric key; required.
    pub key_id: String,
    /// `AWS_REGION`; required.
    pub region: String,
    /// `AWS_KMS_ENDPOINT`: default `https://kms.<region>.amazonaws.com`.
    pub endpoint: Option<String>,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, both required, and `AWS_SESSION_TOKEN`.
    pub credentials: Credentials,
}

impl KeyEncryption {
    pub(super) fn read(vars: &Lookup<'_>, environment: Environment) -> Result<Self, ConfigError> {
        let provider = vars.one_of("KEY_PROVIDER", &KeyProviderKind::CHOICES)?;
        let uses = |kind, name| provider == kind || vars.text(name).is_some();
        let vault = uses(KeyProviderKind::Vault, "VAULT_TRANSIT_KEY").then(|| vault(vars, environment));
        let aws_kms = uses(KeyProviderKind::AwsKms, "AWS_KMS_KEY_ID").then(|| aws_kms(vars, environment));
        Ok(Self {
            provider,
            local_keys: local_keys(vars)?,
            vault: vault.transpose()?,
            aws_kms: aws_kms.transpose()?,
        })
    }
}

fn vault(vars: &Lookup<'_>, environment: Environment) -> Result<VaultSettings, ConfigError> {
    let token = match (vars.text("VAULT_TOKEN"), vars.text("VAULT_TOKEN_FILE")) {
        (Some(token), None) => VaultToken::Given(token.into()),
        (None, Some(path)) => VaultToken::File(path.into()),
        (None, None) => return Err(ConfigError::missing("VAULT_TOKEN")),
        (Some(_), Some(_)) => {
            return Err(ConfigError::malformed("VAULT_TOKEN_FILE", "must not be set where VAULT_TOKEN is"));
        }
    };
    let transit_key = required(vars, "VAULT_TRANSIT_KEY")?;
    if !is_transit_key(&transit_key) {
        let reason = "must be letters, digits, - and _";
        return Err(ConfigError::malformed("VAULT_TRANSIT_KEY", reason));
    }
    let address = vars.base_url("VAULT_ADDR")?.ok_or(ConfigError::missing("VAULT_ADDR"))?;
    refuse_plain("VAULT_ADDR", &address, environment)?;
    Ok(VaultSettings { address, token, transit_key, namespace: vars.text("VAULT_NAMESPACE") })
}

/// Whether that may be the name of a transit key. It stands in a path: nothing of it may lead elsewhere.
pub(crate) fn is_transit_key(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn aws_kms(vars: &Lookup<'_>, environment: Environment) -> Result<AwsKmsSettings, ConfigError> {
    let endpoint = vars.base_url("AWS_KMS_ENDPOINT")?;
    if let Some(endpoint) = &endpoint {
        refuse_plain("AWS_KMS_ENDPOINT", endpoint, environment)?;
        if endpoint.split_once("://").is_some_and(|(_, rest)| rest.contains('/')) {
            return Err(ConfigError::malformed("AWS_KMS_ENDPOINT", "must have no path"));
        }
    }
    let region = required(vars, "AWS_REGION")?;
    // It stands in a host's name.
    if !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(ConfigError::malformed("AWS_REGION", "must be a region such as eu-north-1"));
    }
    Ok(AwsKmsSettings {
        key_id: required(vars, "AWS_KMS_KEY_ID")?,
        region,
        endpoint,
        credentials: Credentials {
            access_key_id: required(vars, "AWS_ACCESS_KEY_ID")?,
            secret_access_key: required(vars, "AWS_SECRET_ACCESS_KEY")?.into(),
            session_token: vars.text("AWS_SESSION_TOKEN").map(Into::into),
        },
    })
}

fn required(vars: &Lookup<'_>, name: &'static str) -> Result<String, ConfigError> {
    vars.text(name).ok_or(ConfigError::missing(name))
}

/// What is sent there holds data keys in the clear: in production they cross no network without TLS.
fn refuse_plain(name: &'static str, url: &str, environment: Environment) -> Result<(), ConfigError> {
    let host = url.strip_prefix("http://");
    let is_here = |host: &str| {
        ["127.0.0.1", "localhost", "[::1]"].iter().any(|here| {
            host.strip_prefix(here).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
        })
    };
    match (host, environment) {
        (Some(host), Environment::Production) if !is_here(host) => {
            Err(ConfigError::malformed(name, "must begin with https:// where IRIS_ENV=production"))
        }
        _ => Ok(()),
    }
}

fn local_keys(vars: &Lookup<'_>) -> Result<Vec<LocalKey>, ConfigError> {
    const VARIABLE: &str = "KEY_ENCRYPTION_KEYS";
    const FILE: &str = "KEY_ENCRYPTION_KEYS_FILE";
    let (name, text) = match (vars.text(VARIABLE), vars.text(FILE)) {
        (Some(_), Some(_)) => {
            return Err(ConfigError::malformed(FILE, format!("must not be set where {VARIABLE} is")));
        }
        (Some(text), None) => (VARIABLE, SecretString::from(text)),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(&path);
            let unread =
                |error: std::io::Error| ConfigError::malformed(FILE, format!("{path}: {}", error.kind()));
            (FILE, text.map_err(unread)?.into())
        }
        (None, None) => return Ok(Vec::new()),
    };
    parse_keys(&text).map_err(|why| ConfigError::malformed(name, why))
}

/// By number, not by content: an entry holds a key.
fn parse_keys(text: &SecretString) -> Result<Vec<LocalKey>, String> {
    let entries = text.expose_secret().split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
    let mut keys: Vec<LocalKey> = Vec::new();
    for (number, entry) in (1..).zip(entries) {
        let key = parse_key(entry).map_err(|why| format!("entry {number} {why}"))?;
        if keys.iter().any(|known| known.id == key.id) {
            return Err(format!("entry {number} repeats an id"));
        }
        keys.push(key);
    }
    if keys.is_empty() { Err("holds no key".to_owned()) } else { Ok(keys) }
}

fn parse_key(entry: &str) -> Result<LocalKey, &'static str> {
    let (id, key) = entry.split_once(':').ok_or("is not id:base64")?;
    let is_word = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if id.is_empty() || id.len() > KEY_ID_CHARS_MAX || !is_word || id.starts_with(RESERVED) {
        return Err("has an id that is not letters, digits, - and _, or begins with secret-");
    }
    let key = BASE64_STANDARD.decode(key.trim()).map_err(|_| "has no base64 after the colon")?;
    let key: SecretSlice<u8> = key.into();
    if key.expose_secret().len() != KEY_BYTES {
        return Err("has no key of 32 bytes (`openssl rand -base64 32`)");
    }
    Ok(LocalKey { id: id.to_owned(), key })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "hunter2hunter2hunter2hunter2hunter2hunter2g="; // 32 bytes

    fn read(settings: &[(&str, &str)], environment: Environment) -> Result<KeyEncryption, String> {
        let lookup = |name: &str| {
            settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        KeyEncryption::read(&Lookup::new(&lookup), environment).map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_key_comes_first_and_shows_in_no_debug() {
        let keys = format!("new:{KEY}, old_1:{KEY}\n");
        let read = read(&[("KEY_ENCRYPTION_KEYS", &keys)], Environment::Production).unwrap();
        assert_eq!(read.provider, KeyProviderKind::Local);
        let ids: Vec<&str> = read.local_keys.iter().map(|key| key.id.as_str()).collect();
        assert_eq!(ids, ["new", "old_1"]);
        assert!(!format!("{read:?}").contains("hunter2"));
    }

    #[test]
    fn keys_that_are_none_are_refused_by_number() {
        let twice = format!("a:{KEY},a:{KEY}");
        let reserved = format!("secret-1:{KEY}");
        for keys in ["hunter2", "a:hunter2", "a:aHVudGVyMg==", "ö:hunter2", ",", &twice, &reserved] {
            let refusal = read(&[("KEY_ENCRYPTION_KEYS", keys)], Environment::Development).unwrap_err();
            assert!(
                refusal.starts_with("KEY_ENCRYPTION_KEYS: ") && !refusal.contains("hunter2"),
                "{refusal}"
            );
        }
        let both = [("KEY_ENCRYPTION_KEYS", twice.as_str()), ("KEY_ENCRYPTION_KEYS_FILE", "file")];
        assert!(read(&both, Environment::Development).unwrap_err().contains("KEY_ENCRYPTION_KEYS_FILE"));
        let missing = [("KEY_ENCRYPTION_KEYS_FILE", "/nowhere/keys")];
        assert!(read(&missing, Environment::Development).unwrap_err().contains("/nowhere/keys"));
    }

    /// Everything that a provider needs is named where it is missing, one after the other.
    fn each_is_needed(settings: &[(&str, &str)], named: &[&str]) {
        assert!(read(settings, Environment::Production).is_ok());
        for missing in named {
            let rest: Vec<_> = settings.iter().copied().filter(|(name, _)| name != missing).collect();
            assert_eq!(read(&rest, Environment::Production).unwrap_err(), format!("{missing} is missing"));
        }
    }

    #[test]
    fn what_vault_needs_is_named() {
        let vault = [
            ("KEY_PROVIDER", "vault"),
            ("VAULT_ADDR", "https://vault.example:8200/"),
            ("VAULT_TOKEN", "hunter2"),
            ("VAULT_TRANSIT_KEY", "iris"),
        ];
        each_is_needed(&vault, &["VAULT_ADDR", "VAULT_TOKEN", "VAULT_TRANSIT_KEY"]);
        for (name, value) in [
            ("VAULT_ADDR", "http://vault.example:8200"),
            ("VAULT_ADDR", "http://127.0.0.1.example:8200"),
            ("VAULT_TRANSIT_KEY", "../sys/seal"),
            ("VAULT_TOKEN_FILE", "token"),
        ] {
            let with = [&[(name, value)], &vault[..]].concat();
            let refusal = read(&with, Environment::Production).unwrap_err();
            assert!(refusal.starts_with(name) && !refusal.contains("hunter2"), "{refusal}");
        }
        let agent = [&[("VAULT_ADDR", "http://127.0.0.1:8200")], &vault[..]].concat();
        assert!(!format!("{:?}", read(&agent, Environment::Production).unwrap()).contains("hunter2"));
        // Somebody's own variables for other programs do no harm.
        assert!(
            read(&[("VAULT_ADDR", "https://vault.example")], Environment::Production)
                .unwrap()
                .vault
                .is_none()
        );
    }

    #[test]
    fn what_kms_needs_is_named() {
        let kms = [
            ("KEY_PROVIDER", "aws-kms"),
            ("AWS_KMS_KEY_ID", "alias/iris"),
            ("AWS_REGION", "eu-north-1"),
            ("AWS_ACCESS_KEY_ID", "AKIA"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ("AWS_SESSION_TOKEN", "hunter2"),
        ];
        each_is_needed(&kms, &["AWS_KMS_KEY_ID", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
        for (name, value) in [
            ("AWS_REGION", "example.org/"),
            ("AWS_KMS_ENDPOINT", "http://kms.example"),
            ("AWS_KMS_ENDPOINT", "https://kms.example/path"),
        ] {
            let with = [&[(name, value)], &kms[..]].concat();
            assert!(read(&with, Environment::Production).unwrap_err().starts_with(name), "{value}");
        }
        assert!(!format!("{:?}", read(&kms, Environment::Production).unwrap()).contains("hunter2"));
    }
}
