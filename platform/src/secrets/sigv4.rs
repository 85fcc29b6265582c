//! AWS Signature Version 4, as far as one service with a body and no query needs it.
//!
//! # Source
//! AWS General Reference, "Create a signed AWS API request".

use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac::{self, HMAC_SHA256, Key, Tag},
};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Who asks. Shows no secret in `Debug`.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`; no secret, it stands in every request.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: SecretString,
    /// `AWS_SESSION_TOKEN`, of credentials that lapse.
    pub session_token: Option<SecretString>,
}

/// A request to be signed: `POST` to `/`, without a query.
#[derive(Debug)]
pub struct Request<'a> {
    /// With the port where it is not the scheme's own.
    pub host: &'a str,
    /// The other headers that are signed, by lower-case name; values without surrounding blanks.
    pub headers: &'a [(&'static str, &'a str)],
    /// The body's bytes.
    pub body: &'a [u8],
}

/// What signing adds.
#[derive(Debug)]
pub struct Signed {
    /// `X-Amz-Date`.
    pub date: String,
    /// `X-Amz-Security-Token`.
    pub security_token: Option<SecretString>,
    /// `Authorization`.
    pub authorization: SecretString,
}

/// Signs the request for that service, region and moment; it is good for five minutes.
pub fn sign(
    credentials: &Credentials,
    (region, service): (&str, &str),
    at: DateTime<Utc>,
    request: &Request<'_>,
) -> Signed {
    let date = at.format("%Y%m%dT%H%M%SZ").to_string();
    let day = &date[..8];
    let token = credentials.session_token.as_ref().map(ExposeSecret::expose_secret);
    let mut headers: Vec<(&str, &str)> = vec![("host", request.host), ("x-amz-date", &date)];
    headers.extend(token.map(|token| ("x-amz-security-token", token)));
    headers.extend_from_slice(request.headers);
    headers.sort_unstable();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect::<Vec<_>>().concat();
    let canonical = format!("POST\n/\n\n{lines}\n{names}\n{}", sha256(request.body));

    let scope = format!("{day}/{region}/{service}/aws4_request");
    let to_sign = format!("{ALGORITHM}\n{date}\n{scope}\n{}", sha256(canonical.as_bytes()));
    // The secret itself signs nothing but the day: what leaks of a derived key is good for that day and service.
    let secret = SecretString::from(format!("AWS4{}", credentials.secret_access_key.expose_secret()));
    let key = [region, service, "aws4_request"]
        .iter()
        .fold(tag(secret.expose_secret().as_bytes(), day), |key, part| tag(key.as_ref(), part));
    let signature = hex::encode(tag(key.as_ref(), &to_sign));
    let access_key_id = &credentials.access_key_id;
    let authorization = format!(
        "{ALGORITHM} Credential={access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    );
    Signed { security_token: credentials.session_token.clone(), authorization: authorization.into(), date }
}

fn tag(key: &[u8], text: &str) -> Tag {
    hmac::sign(&Key::new(HMAC_SHA256, key), text.as_bytes())
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}
