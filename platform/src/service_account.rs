//! Service accounts of Google's services: a key that vouches for itself, exchanged for access tokens.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// Whom assertions are addressed to, wherever `token_uri` points: the service compares with this.
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";
/// The longest that the service takes.
const LIFETIME_S: i64 = 3600;

/// A service account. Shows nothing in `Debug`.
pub struct ServiceAccount {
    project_id: String,
    client_email: String,
    key_id: Option<String>,
    token_uri: String,
    key: EncodingKey,
}

/// Why a text is no service account; says nothing of the key.
#[derive(Debug, thiserror::Error)]
pub enum ServiceAccountError {
    /// The file that it names cannot be read.
    #[error("the service account's file cannot be read: {0}")]
    File(std::io::ErrorKind),
    /// Not the JSON that the console gives out.
    #[error("the service account is not JSON with project_id, client_email, private_key and token_uri")]
    Malformed,
    /// Its key is no RSA key in PEM.
    #[error("the service account's private_key is no RSA key in PEM")]
    Key,
}

#[derive(Deserialize)]
struct KeyFile {
    project_id: String,
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
    #[serde(default = "default_token_uri")]
    token_uri: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

fn default_token_uri() -> String {
    AUDIENCE.to_owned()
}

impl ServiceAccount {
    /// From its JSON, or from the file of that path.
    ///
    /// # Errors
    /// [`ServiceAccountError`].
    pub fn read(json_or_path: &SecretString) -> Result<Self, ServiceAccountError> {
        let text = json_or_path.expose_secret().trim();
        if text.starts_with('{') {
            return Self::parse(text);
        }
        let json = std::fs::read_to_string(text).map_err(|error| ServiceAccountError::File(error.kind()))?;
        Self::parse(&json)
    }

    fn parse(json: &str) -> Result<Self, ServiceAccountError> {
        // What serde says of the fault may quote the key: it is not passed on.
        let file: KeyFile = serde_json::from_str(json).map_err(|_| ServiceAccountError::Malformed)?;
        let key =
            EncodingKey::from_rsa_pem(file.private_key.as_bytes()).map_err(|_| ServiceAccountError::Key)?;
        // A key that cannot sign is told at the start, not with the first message.
        let account = Self {
            project_id: file.project_id,
            client_email: file.client_email,
            key_id: file.private_key_id,
            token_uri: file.token_uri,
            key,
        };
        account.sign("", DateTime::UNIX_EPOCH).map_err(|_| ServiceAccountError::Key)?;
        Ok(account)
    }

    /// The project that it belongs to.
    pub fn project_id(&self) -> &str {
        &self.project_id
    }

    /// Where assertions are exchanged for access tokens.
    pub fn token_uri(&self) -> &str {
        &self.token_uri
    }

    /// A signed assertion that asks for `scope`, good for an hour from `now`.
    ///
    /// # Panics
    /// Never: the key has signed before.
    ///
    /// # Source
    /// RFC 7523 section 2.1; RS256.
    pub fn assertion(&self, scope: &str, now: DateTime<Utc>) -> SecretString {
        self.sign(scope, now).expect("the key has signed when it was read").into()
    }

    fn sign(&self, scope: &str, now: DateTime<Utc>) -> Result<String, jsonwebtoken::errors::Error> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid.clone_from(&self.key_id);
        let iat = now.timestamp();
        let claims = Claims {
            iss: &self.client_email,
            scope,
            aud: AUDIENCE,
            iat,
            exp: iat.saturating_add(LIFETIME_S),
        };
        jsonwebtoken::encode(&header, &claims, &self.key)
    }
}

impl std::fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServiceAccount(…)")
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{
        encoding::{AsDer, Pkcs8V1Der},
        rsa::{KeyPair, KeySize},
        signature::KeyPair as _,
    };
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use jsonwebtoken::{DecodingKey, Validation};

    use super::*;

    fn key_file(pem: &str) -> String {
        serde_json::json!({
            "type": "service_account",
            "project_id": "kitchen",
            "private_key_id": "key-1",
            "private_key": pem,
            "client_email": "push@kitchen.example",
            "token_uri": "http://127.0.0.1:1/token",
        })
        .to_string()
    }

    #[test]
    fn an_assertion_is_signed_and_says_who_asks_for_what() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(der.as_ref())
        );
        let account = ServiceAccount::read(&key_file(&pem).into()).unwrap();
        assert_eq!((account.project_id(), account.token_uri()), ("kitchen", "http://127.0.0.1:1/token"));

        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let assertion = account.assertion("a scope", now);
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&[AUDIENCE]);
        validation.validate_exp = false;
        let public = DecodingKey::from_rsa_der(pair.public_key().as_ref());
        let token =
            jsonwebtoken::decode::<serde_json::Value>(assertion.expose_secret(), &public, &validation)
                .unwrap();
        assert_eq!(token.header.kid.as_deref(), Some("key-1"));
        assert_eq!(token.claims["iss"], "push@kitchen.example");
        assert_eq!(token.claims["scope"], "a scope");
        assert_eq!(token.claims["exp"], 1_700_003_600);
    }

    #[test]
    fn what_is_no_service_account_is_refused_without_quoting_it() {
        for (text, said) in [
            ("{\"private_key\":\"hush\"}", "is not JSON"),
            (key_file("hush").as_str(), "no RSA key"),
            ("/nowhere/at/all.json", "cannot be read"),
        ] {
            let error = ServiceAccount::read(&text.to_owned().into()).unwrap_err().to_string();
            assert!(error.contains(said) && !error.contains("hush"), "{error}");
        }
    }
}
