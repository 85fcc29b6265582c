//! AWS KMS: the key-encryption key never leaves it.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures::future::BoxFuture;
use http::HeaderValue;
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    KeyContext, KeyProvider, ProviderError, WrappedKey,
    answer::{self, Answer, ask, client, failure, refused, unavailable},
    metrics,
    sigv4::{Credentials, Request, sign},
};
use crate::{clock::Clock, config::AwsKmsSettings};

const NAME: &str = "aws-kms";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// Faults that pass, whatever their status.
const PASSING: [&str; 6] = [
    "ThrottlingException",
    "LimitExceededException",
    "KMSInternalException",
    "DependencyTimeoutException",
    "KeyUnavailableException",
    "ServiceUnavailableException",
];
/// Faults that say that the wrapped bytes are not what they should be.
const ALTERED: [&str; 2] = ["InvalidCiphertextException", "IncorrectKeyException"];

/// A symmetric key of KMS.
pub struct AwsKms {
    client: Client,
    url: String,
    host: String,
    region: String,
    key_id: String,
    credentials: Credentials,
    clock: Arc<dyn Clock>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Encrypt<'a> {
    key_id: &'a str,
    plaintext: &'a str,
    encryption_context: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypt<'a> {
    key_id: &'a str,
    ciphertext_blob: &'a str,
    encryption_context: BTreeMap<&'static str, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Encrypted {
    key_id: String,
    ciphertext_blob: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypted {
    #[serde(deserialize_with = "answer::secret")]
    plaintext: SecretString,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(default, rename = "__type")]
    kind: String,
}

impl AwsKms {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn try_new(settings: &AwsKmsSettings, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let url = settings
            .endpoint
            .clone()
            .unwrap_or_else(|| format!("https://kms.{}.amazonaws.com", settings.region));
        // As the request will have it: without the scheme's own port.
        let host = Url::parse(&url).ok().and_then(|url| {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            Some(format!("{}{port}", url.host_str()?))
        });
        Ok(Self {
            client: client()?,
            url: format!("{url}/"),
            host: host.unwrap_or_default(),
            region: settings.region.clone(),
            key_id: settings.key_id.clone(),
            credentials: settings.credentials.clone(),
            clock,
        })
    }

    /// # Source
    /// AWS KMS API Reference; the protocol is AWS JSON 1.1.
    async fn ask<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        body: &impl Serialize,
        key_id: &str,
    ) -> Result<T, ProviderError> {
        let body = serde_json::to_vec(body).expect("texts are JSON");
        let target = format!("TrentService.{operation}");
        let headers = [("content-type", CONTENT_TYPE), ("x-amz-target", target.as_str())];
        let signed = sign(
            &self.credentials,
            (&self.region, "kms"),
            self.clock.now(),
            &Request { host: &self.host, headers: &headers, body: &body },
        );
        let mut request = self
            .client
            .post(&self.url)
            .header("content-type", CONTENT_TYPE)
            .header("x-amz-target", &target)
            .header("x-amz-date", signed.date)
            .header("authorization", sensitive(&signed.authorization)?)
            .body(body);
        if let Some(token) = &signed.security_token {
            request = request.header("x-amz-security-token", sensitive(token)?);
        }
        let answer = metrics::counted(NAME, operation, ask(NAME, request)).await?;
        if !answer.status.is_success() {
            return Err(fault(&answer, key_id));
        }
        // serde's own words may quote what it read, and that is a key.
        serde_json::from_slice(answer.body.expose_secret())
            .map_err(|_| refused(NAME, "its answer is not what KMS answers"))
    }
}

/// Not shown by the client's own debug lines.
fn sensitive(secret: &SecretString) -> Result<HeaderValue, ProviderError> {
    let mut value = HeaderValue::from_str(secret.expose_secret())
        .map_err(|_| refused(NAME, "the credentials hold what no header can"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What its error's name says; the message, which may hold anything, is not quoted.
fn fault(answer: &Answer, key_id: &str) -> ProviderError {
    let name = fault_name(answer.body.expose_secret());
    let name = name.as_str();
    match name {
        _ if PASSING.contains(&name) => unavailable(NAME, name),
        _ if ALTERED.contains(&name) => ProviderError::Altered { provider: NAME, key_id: key_id.to_owned() },
        _ => failure(NAME, answer.status, name),
    }
}

/// In JSON by KMS, in XML by what checks signatures before it; empty where it is no name.
fn fault_name(body: &[u8]) -> String {
    let in_json = serde_json::from_slice(body).map(|fault: Fault| fault.kind);
    let in_xml = || {
        let (_, rest) = str::from_utf8(body).ok()?.split_once("<Code>")?;
        Some(rest.split_once("</Code>")?.0.to_owned())
    };
    let kind = in_json.ok().or_else(in_xml).unwrap_or_default();
    let name = kind.rsplit('#').next().unwrap_or_default();
    let is_name = name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_name { name.to_owned() } else { String::new() }
}

/// `CloudTrail` writes it down: it holds no secret.
fn encryption_context(context: KeyContext) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("iris:data_key", context.data_key_id.to_string()),
        ("iris:purpose", context.purpose.name().to_owned()),
    ])
}

impl KeyProvider for AwsKms {
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
                key_id: &self.key_id,
                plaintext: plaintext.expose_secret(),
                encryption_context: encryption_context(context),
            };
            let said: Encrypted = self.ask("Encrypt", &body, &self.key_id).await?;
            let bytes = BASE64_STANDARD.decode(said.ciphertext_blob);
            let bytes = bytes.map_err(|_| refused(NAME, "its answer is not what KMS answers"))?;
            // The key's own name, also where an alias was asked for: an alias may point elsewhere tomorrow.
            Ok(WrappedKey { provider: NAME.to_owned(), key_id: said.key_id, bytes })
        })
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a WrappedKey,
        context: KeyContext,
    ) -> BoxFuture<'a, Result<SecretSlice<u8>, ProviderError>> {
        Box::pin(async move {
            let body = Decrypt {
                // The row's, which may be one from before the configured one; KMS refuses bytes of any other. It keeps
                // out nobody who writes rows and names a key of his own: that the policy of the credentials does,
                // which must allow Iris's keys and no others.
                key_id: &wrapped.key_id,
                ciphertext_blob: &BASE64_STANDARD.encode(&wrapped.bytes),
                encryption_context: encryption_context(context),
            };
            let said: Decrypted = self.ask("Decrypt", &body, &wrapped.key_id).await?;
            let key = BASE64_STANDARD.decode(said.plaintext.expose_secret());
            key.map(Into::into).map_err(|_| refused(NAME, "its answer is not what KMS answers"))
        })
    }
}

impl std::fmt::Debug for AwsKms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AwsKms({}, …)", self.key_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_named_and_nothing_else_of_it_is_quoted() {
        for (body, name) in [
            (r#"{"__type":"com.amazonaws.kms#NotFoundException","message":"hunter2"}"#, "NotFoundException"),
            (r#"{"__type":"DisabledException"}"#, "DisabledException"),
            ("<E><Code>SignatureDoesNotMatch</Code><Message>hunter2</Message></E>", "SignatureDoesNotMatch"),
            (r#"{"__type":"hunter2 hunter2"}"#, ""),
            ("<Code>hunter2", ""),
            (r#"{"message":"hunter2"}"#, ""),
            ("", ""),
        ] {
            assert_eq!(fault_name(body.as_bytes()), name, "{body}");
        }
    }
}
