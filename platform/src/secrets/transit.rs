//! Vault's and `OpenBao`'s transit engine: the key-encryption key never leaves it.

use std::path::PathBuf;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures::future::BoxFuture;
use http::StatusCode;
use reqwest::Client;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    KeyContext, KeyProvider, ProviderError, WrappedKey,
    answer::{self, ask, client, failure, refused, unavailable},
    metrics,
};
use crate::config::{VaultSettings, VaultToken, is_transit_key};

const NAME: &str = "vault";

/// A key of the transit engine, of an authenticated type such as `aes256-gcm96`.
#[derive(Debug)]
pub struct VaultTransit {
    client: Client,
    base: String,
    key: String,
    namespace: Option<String>,
    token: VaultToken,
}

#[derive(Serialize)]
struct Encrypt<'a> {
    plaintext: &'a str,
    associated_data: &'a str,
}

#[derive(Serialize)]
struct Decrypt<'a> {
    ciphertext: &'a str,
    associated_data: &'a str,
}

#[derive(Deserialize)]
struct Said<T> {
    data: T,
}

#[derive(Deserialize)]
struct Ciphertext {
    ciphertext: String,
}

#[derive(Deserialize)]
struct Plaintext {
    #[serde(deserialize_with = "answer::secret")]
    plaintext: SecretString,
}

impl VaultTransit {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn try_new(settings: &VaultSettings) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: client()?,
            base: settings.address.clone(),
            key: settings.transit_key.clone(),
            namespace: settings.namespace.clone(),
            token: settings.token.clone(),
        })
    }

    /// # Source
    /// Vault's HTTP API: `POST /v1/transit/{encrypt,decrypt}/:name`.
    async fn ask<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        key: &str,
        body: &impl Serialize,
    ) -> Result<T, ProviderError> {
        let url = format!("{}/v1/transit/{operation}/{key}", self.base);
        let mut request = self
            .client
            .post(url)
            // Else the token, which opens the engine, would be shown by reqwest's own debug lines.
            .header("X-Vault-Token", secret_header(&self.token().await?)?)
            .header("X-Vault-Request", "true")
            .json(body);
        if let Some(namespace) = &self.namespace {
            request = request.header("X-Vault-Namespace", namespace);
        }
        let answer = metrics::counted(NAME, operation, ask(NAME, request)).await?;
        match answer.status {
            // Some builds answer 412 while a node catches up.
            StatusCode::PRECONDITION_FAILED => Err(unavailable(NAME, "it is catching up (412)")),
            StatusCode::SERVICE_UNAVAILABLE => Err(unavailable(NAME, "it is sealed or not ready (503)")),
            StatusCode::FORBIDDEN => {
                Err(refused(NAME, "403: the token is none, has lapsed, or may not use the key"))
            }
            // serde's own words may quote what it read, and that is a key.
            status if status.is_success() => serde_json::from_slice(answer.body.expose_secret())
                .map(|said: Said<T>| said.data)
                .map_err(|_| refused(NAME, "its answer is not what the transit engine answers")),
            status => Err(failure(NAME, status, "")),
        }
    }

    /// Read for each request, which are few: an agent that renews the token writes the file anew.
    async fn token(&self) -> Result<SecretString, ProviderError> {
        match &self.token {
            VaultToken::Given(token) => Ok(token.clone()),
            VaultToken::File(path) => read_token(path).await,
        }
    }
}

async fn read_token(path: &PathBuf) -> Result<SecretString, ProviderError> {
    // It may not be there yet, or just be exchanged.
    let text = tokio::fs::read_to_string(path).await.map(SecretString::from);
    let text = text.map_err(|error| unavailable(NAME, format!("VAULT_TOKEN_FILE: {}", error.kind())))?;
    match text.expose_secret().trim() {
        "" => Err(unavailable(NAME, "VAULT_TOKEN_FILE is empty")),
        token => Ok(token.to_owned().into()),
    }
}

fn secret_header(token: &SecretString) -> Result<http::HeaderValue, ProviderError> {
    let mut value = http::HeaderValue::from_str(token.expose_secret())
        .map_err(|_| refused(NAME, "the token holds what no header can"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// `vault:v3:…` of the key `iris` is `iris:v3`.
fn key_id(key: &str, ciphertext: &str) -> Option<String> {
    let (version, _) = ciphertext.strip_prefix("vault:")?.split_once(':')?;
    let number = version.strip_prefix('v')?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| format!("{key}:{version}"))
}

impl KeyProvider for VaultTransit {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wrap<'a>(
        &'a self,
        key: &'a SecretSlice<u8>,
        context: KeyContext,
    ) -> BoxFuture<'a, Result<WrappedKey, ProviderError>> {
        Box::pin(async move {
            let plaintext = SecretString::from(BASE64_STANDARD.encode(key.expose_secret()));
            let body = Encrypt {
                plaintext: plaintext.expose_secret(),
                associated_data: &BASE64_STANDARD.encode(context.to_text()),
            };
            let said: Ciphertext = self.ask("encrypt", &self.key, &body).await?;
            let key_id = key_id(&self.key, &said.ciphertext)
                .ok_or_else(|| refused(NAME, "its answer is not what the transit engine answers"))?;
            Ok(WrappedKey { provider: NAME.to_owned(), key_id, bytes: said.ciphertext.into_bytes() })
        })
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a WrappedKey,
        context: KeyContext,
    ) -> BoxFuture<'a, Result<SecretSlice<u8>, ProviderError>> {
        Box::pin(async move {
            let altered = || ProviderError::Altered { provider: NAME, key_id: wrapped.key_id.clone() };
            // The key that wrapped it, also where another one is configured by now.
            let (key, _) = wrapped.key_id.rsplit_once(':').ok_or_else(altered)?;
            // It is out of the database: whoever writes there must not lead the token along another path.
            if !is_transit_key(key) {
                return Err(altered());
            }
            let body = Decrypt {
                ciphertext: std::str::from_utf8(&wrapped.bytes).map_err(|_| altered())?,
                associated_data: &BASE64_STANDARD.encode(context.to_text()),
            };
            let said: Plaintext = self.ask("decrypt", key, &body).await?;
            let key = BASE64_STANDARD.decode(said.plaintext.expose_secret());
            key.map(Into::into)
                .map_err(|_| refused(NAME, "its answer is not what the transit engine answers"))
        })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::secrets::Purpose;

    #[tokio::test]
    async fn a_rows_key_leads_the_token_along_no_other_path() {
        let settings = VaultSettings {
            // Nobody is there: whoever is asked does not answer.
            address: "http://127.0.0.1:1".to_owned(),
            token: VaultToken::Given("hvs.token".to_owned().into()),
            transit_key: "iris".to_owned(),
            namespace: None,
        };
        let vault = VaultTransit::try_new(&settings).unwrap();
        let context = KeyContext { data_key_id: Uuid::from_u128(7), purpose: Purpose::Seal };
        let unwrap = async |key_id: &str| {
            let bytes = b"vault:v1:abc=".to_vec();
            let wrapped = WrappedKey { provider: NAME.to_owned(), key_id: key_id.to_owned(), bytes };
            vault.unwrap(&wrapped, context).await.unwrap_err()
        };
        for key_id in ["../../sys/seal:v1", "iris/../other:v1", "iris?x=:v1", "iris%2e:v1", ":v1", "iris"] {
            let error = unwrap(key_id).await;
            assert!(matches!(error, ProviderError::Altered { .. }), "{key_id}: {error}");
        }
        let asked = unwrap("iris-of_2025:v1").await;
        assert!(matches!(asked, ProviderError::Unavailable { .. }), "{asked}");
    }

    #[test]
    fn a_ciphertext_names_the_version_of_its_key() {
        assert_eq!(key_id("iris", "vault:v12:abc="), Some("iris:v12".to_owned()));
        for none in ["", "vault:", "vault:v:abc", "vault:vx:abc", "vault:v1", "v1:abc", "vault:1:abc"] {
            assert_eq!(key_id("iris", none), None, "{none}");
        }
    }
}
