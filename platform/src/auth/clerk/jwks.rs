//! The set of public keys that Clerk publishes: what of it is taken.

use std::collections::HashMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use thiserror::Error;

/// Keys of one set; Clerk has one or two.
const KEYS_MAX: usize = 20;
/// The least that NIST SP 800-131A allows, and the most that the verifying library takes.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
const P256_COORDINATE_BYTES: usize = 32;
const KID_MAX_BYTES: usize = 64;

/// Keys by their id; at least one.
#[derive(Debug)]
pub(super) struct KeySet(HashMap<String, VerifyingKey>);

/// A key, and the one algorithm that it is used with.
#[derive(Clone, Debug)]
pub(super) struct VerifyingKey {
    /// From the key itself, never from a token.
    pub(super) algorithm: Algorithm,
    /// What verifies.
    pub(super) decoding: DecodingKey,
}

/// Why an answer is no set of keys.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum UnusableSet {
    #[error("the answer is no JWKS")]
    NotJwks,
    #[error("the set has {0} keys, more than {KEYS_MAX}")]
    TooManyKeys(usize),
    #[error("none of the keys in the set can be used")]
    NoUsableKey,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

/// RFC 7517 section 4, RFC 7518 section 6; what else a key says is passed over.
#[derive(Deserialize)]
struct Jwk {
    kid: Option<String>,
    kty: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a set; keys that cannot be used are passed over.
    ///
    /// # Errors
    /// [`UnusableSet`]. A set without a usable key counts as one: taking it would lock everybody out, and withdrawing
    /// all keys without giving a new one is nothing that an identity provider does.
    pub(super) fn parse(json: &[u8]) -> Result<Self, UnusableSet> {
        let Document { keys } = serde_json::from_slice(json).map_err(|_| UnusableSet::NotJwks)?;
        if keys.len() > KEYS_MAX {
            return Err(UnusableSet::TooManyKeys(keys.len()));
        }
        let mut usable = HashMap::new();
        for key in keys {
            let Some((kid, key)) = serde_json::from_value(key).ok().and_then(|key| usable_key(&key)) else {
                tracing::debug!("a key of the set is passed over");
                continue;
            };
            // The first of two under one id: which it is must not depend on anything else.
            usable.entry(kid).or_insert(key);
        }
        if usable.is_empty() { Err(UnusableSet::NoUsableKey) } else { Ok(Self(usable)) }
    }

    pub(super) fn get(&self, kid: &str) -> Option<&VerifyingKey> {
        self.0.get(kid)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Whether a text may name a key. It is looked up in a map and written to no path, query or header.
pub(super) fn is_kid(text: &str) -> bool {
    let is_kid_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=KID_MAX_BYTES).contains(&text.len()) && text.bytes().all(is_kid_byte)
}

fn usable_key(jwk: &Jwk) -> Option<(String, VerifyingKey)> {
    let kid = jwk.kid.clone().filter(|kid| is_kid(kid))?;
    // A key for encryption signs nothing.
    if jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
        return None;
    }
    let key = match jwk.kty.as_str() {
        "RSA" => rsa(jwk)?,
        "EC" => p256(jwk)?,
        // Among them `oct`: a published symmetric key is nobody's secret.
        _ => return None,
    };
    Some((kid, key))
}

fn rsa(jwk: &Jwk) -> Option<VerifyingKey> {
    let is_rs256 = jwk.alg.as_deref().is_none_or(|alg| alg == "RS256");
    let (n, e) = (jwk.n.as_deref()?, jwk.e.as_deref()?);
    if !is_rs256 || !RSA_BITS.contains(&bits(n)?) {
        return None;
    }
    let decoding = DecodingKey::from_rsa_components(n, e).ok()?;
    Some(VerifyingKey { algorithm: Algorithm::RS256, decoding })
}

fn p256(jwk: &Jwk) -> Option<VerifyingKey> {
    let is_es256 = jwk.alg.as_deref().is_none_or(|alg| alg == "ES256");
    let (x, y) = (jwk.x.as_deref()?, jwk.y.as_deref()?);
    let is_whole = |coordinate: &str| decode(coordinate).is_some_and(|it| it.len() == P256_COORDINATE_BYTES);
    if !is_es256 || jwk.crv.as_deref() != Some("P-256") || !is_whole(x) || !is_whole(y) {
        return None;
    }
    let decoding = DecodingKey::from_ec_components(x, y).ok()?;
    Some(VerifyingKey { algorithm: Algorithm::ES256, decoding })
}

/// The length of a modulus without leading zeros, which would make a short one look long.
fn bits(modulus: &str) -> Option<usize> {
    let bytes = decode(modulus)?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let first = *bytes.get(zeros)?;
    let of_first = usize::try_from(u8::BITS - first.leading_zeros()).ok()?;
    Some((bytes.len() - zeros - 1) * 8 + of_first)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn modulus(bytes: &[u8]) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    fn rsa_of(bits: usize) -> Value {
        json!({"kid": "k", "kty": "RSA", "use": "sig", "alg": "RS256", "e": "AQAB",
               "n": modulus(&vec![0xff; bits / 8])})
    }

    fn ec() -> Value {
        let coordinate = modulus(&[7; 32]);
        json!({"kid": "k", "kty": "EC", "crv": "P-256", "x": coordinate, "y": coordinate})
    }

    fn with(key: &Value, member: &str, value: Value) -> Value {
        let mut key = key.clone();
        key[member] = value;
        key
    }

    fn parse(keys: &[Value]) -> Result<KeySet, UnusableSet> {
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes())
    }

    #[test]
    fn the_algorithm_comes_from_the_key() {
        let set = parse(&[rsa_of(2048), with(&ec(), "kid", json!("e"))]).unwrap();
        assert_eq!(set.get("k").unwrap().algorithm, Algorithm::RS256);
        assert_eq!(set.get("e").unwrap().algorithm, Algorithm::ES256);
        assert_eq!(set.len(), 2);
        let mut unsaid = rsa_of(4096);
        unsaid.as_object_mut().unwrap().retain(|member, _| !["alg", "use"].contains(&member.as_str()));
        assert_eq!(parse(&[unsaid]).unwrap().get("k").unwrap().algorithm, Algorithm::RS256);
    }

    #[test]
    fn keys_that_cannot_be_meant_are_passed_over() {
        let padded = modulus(&[vec![0; 128], vec![0xff; 128]].concat());
        let short_by_a_bit = modulus(&[vec![0x7f], vec![0xff; 255]].concat());
        for bad in [
            rsa_of(1024),
            rsa_of(16_384),
            with(&rsa_of(2048), "n", json!(padded)),
            with(&rsa_of(2048), "n", json!(short_by_a_bit)),
            with(&rsa_of(2048), "n", json!("not base64!")),
            with(&rsa_of(2048), "n", json!("")),
            with(&rsa_of(2048), "e", Value::Null),
            with(&rsa_of(2048), "alg", json!("RS512")),
            with(&rsa_of(2048), "alg", json!("HS256")),
            with(&rsa_of(2048), "use", json!("enc")),
            with(&rsa_of(2048), "kid", Value::Null),
            with(&rsa_of(2048), "kid", json!(7)),
            with(&rsa_of(2048), "kid", json!("../k")),
            with(&rsa_of(2048), "kid", json!("k".repeat(65))),
            with(&ec(), "crv", json!("P-384")),
            with(&ec(), "alg", json!("ES384")),
            with(&ec(), "x", json!(modulus(&[7; 31]))),
            with(&ec(), "kty", json!("oct")),
            json!("no object"),
        ] {
            assert_eq!(parse(std::slice::from_ref(&bad)).unwrap_err(), UnusableSet::NoUsableKey, "{bad}");
            let good = with(&rsa_of(2048), "kid", json!("good"));
            assert_eq!(parse(&[bad, good]).unwrap().len(), 1, "one beside it is taken");
        }
    }

    #[test]
    fn a_set_is_bounded_and_never_empty() {
        let many = |count: usize| {
            let keys: Vec<Value> =
                (0..count).map(|n| with(&rsa_of(2048), "kid", json!(format!("k{n}")))).collect();
            parse(&keys)
        };
        assert_eq!(many(KEYS_MAX).unwrap().len(), KEYS_MAX);
        assert_eq!(many(21).unwrap_err(), UnusableSet::TooManyKeys(21));
        assert_eq!(many(0).unwrap_err(), UnusableSet::NoUsableKey);
        for bad in ["", "<html>", "[]", "{}", "{\"keys\":{}}"] {
            assert_eq!(KeySet::parse(bad.as_bytes()).unwrap_err(), UnusableSet::NotJwks, "{bad}");
        }
    }

    #[test]
    fn of_two_keys_under_one_id_the_first_counts() {
        let set = parse(&[ec(), rsa_of(2048)]).unwrap();
        assert_eq!((set.len(), set.get("k").unwrap().algorithm), (1, Algorithm::ES256));
    }
}
