use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::clock::FixedClock;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const HOUR: Duration = Duration::from_hours(1);

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn identity() -> Identity {
    Identity {
        subject: Uuid::from_u128(7),
        email: "a@iris.test".to_owned(),
        role: "ADMIN".to_owned(),
        key: None,
    }
}

fn provider() -> (LocalProvider, Arc<FixedClock>) {
    let clock = Arc::new(FixedClock::new(start()));
    (LocalProvider::new(&SECRET.into(), clock.clone()), clock)
}

fn claims() -> Value {
    let now = start().timestamp();
    json!({"iss":"iris","aud":"iris","sub":Uuid::from_u128(7),"email":"a@iris.test","role":"ADMIN",
           "iat":now,"nbf":now,"exp":now + 3_600})
}

/// A token with this header and these claims, signed correctly with our own key whatever the header says.
fn signed(header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

fn hs256() -> Value {
    json!({"alg":"HS256","typ":"JWT"})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn refusal(token: &str) -> AuthFailure {
    provider().0.read(token).expect_err("must be refused")
}

#[test]
fn an_issued_token_is_believed_until_it_expires() {
    let (provider, clock) = provider();
    let token = provider.issue(&identity(), start(), HOUR);
    assert_eq!(provider.read(&token).unwrap(), identity());
    clock.advance(TimeDelta::seconds(3_600 + LEEWAY_S - 1));
    assert!(provider.read(&token).is_ok(), "within the leeway");
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(provider.read(&token), Err(AuthFailure::Expired));
}

#[test]
fn the_hand_made_token_of_these_tests_is_good_by_itself() {
    assert!(provider().0.read(&signed(&hs256(), &claims())).is_ok());
}

#[test]
fn a_token_of_the_future_is_refused() {
    let later = start().timestamp() + LEEWAY_S + 1;
    assert_eq!(refusal(&signed(&hs256(), &with("nbf", json!(later)))), AuthFailure::NotYetValid);
    assert_eq!(refusal(&signed(&hs256(), &with("iat", json!(later)))), AuthFailure::NotYetValid);
    let within = start().timestamp() + LEEWAY_S;
    assert!(provider().0.read(&signed(&hs256(), &with("nbf", json!(within)))).is_ok());
}

#[test]
fn the_header_does_not_choose_the_algorithm() {
    for alg in ["none", "None", "NONE", "HS384", "HS512", "RS256", "ES256", "EdDSA", "", "hs256"] {
        let token = signed(&json!({"alg":alg,"typ":"JWT"}), &claims());
        let failure = refusal(&token);
        assert!(matches!(failure, AuthFailure::WrongAlgorithm | AuthFailure::Malformed), "{alg}: {failure}");
    }
    let unsigned = signed(&json!({"alg":"none"}), &claims());
    let (message, _) = unsigned.rsplit_once('.').unwrap();
    let _ = refusal(&format!("{message}."));
    let _ = refusal(message);
}

#[test]
fn a_key_named_by_the_header_is_not_used() {
    let attacker = "ffffffffffffffffffffffffffffffff";
    let header = json!({"alg":"HS256","jwk":{"kty":"oct","k":B64.encode(attacker)},
                        "jku":"https://evil.example/keys","x5u":"https://evil.example/cert","kid":"../../dev/null"});
    let message = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims().to_string()));
    let key = EncodingKey::from_secret(attacker.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    assert_eq!(refusal(&format!("{message}.{signature}")), AuthFailure::BadSignature);
}

#[test]
fn another_key_or_a_changed_claim_breaks_the_signature() {
    let clock = Arc::new(FixedClock::new(start()));
    let other = LocalProvider::new(&"another secret of at least 32 bytes".into(), clock);
    assert_eq!(refusal(&other.issue(&identity(), start(), HOUR)), AuthFailure::BadSignature);
    let token = signed(&hs256(), &claims());
    let parts: Vec<_> = token.split('.').collect();
    let forged = B64.encode(with("role", json!("SUPPLIER")).to_string());
    assert_eq!(refusal(&format!("{}.{forged}.{}", parts[0], parts[2])), AuthFailure::BadSignature);
}

#[test]
fn foreign_and_incomplete_claims_are_refused() {
    assert_eq!(refusal(&signed(&hs256(), &with("iss", json!("other")))), AuthFailure::Foreign);
    assert_eq!(refusal(&signed(&hs256(), &with("aud", json!("other")))), AuthFailure::Foreign);
    for name in ["iss", "aud", "sub", "exp", "iat", "email", "role"] {
        assert_eq!(refusal(&signed(&hs256(), &without(name))), AuthFailure::Malformed, "{name}");
    }
    assert_eq!(refusal(&signed(&hs256(), &with("sub", json!("admin")))), AuthFailure::Malformed);
    assert_eq!(refusal(&signed(&hs256(), &with("exp", json!("never")))), AuthFailure::Malformed);
}

#[test]
fn rubbish_and_critical_extensions_are_refused() {
    for rubbish in ["", ".", "..", "a.b.c", "é.é.é", "eyJhbGciOiJIUzI1NiJ9"] {
        let _ = refusal(rubbish);
    }
    assert_eq!(refusal(&"a".repeat(TOKEN_MAX_BYTES + 1)), AuthFailure::TooLong);
    let critical = signed(&json!({"alg":"HS256","crit":["b64"],"b64":false}), &claims());
    assert_eq!(refusal(&critical), AuthFailure::Malformed);
}

proptest! {
    #[test]
    fn what_was_issued_is_believed_as_it_was_said(subject in any::<u128>(), email in ".{0,60}", role in "[A-Z]{1,12}") {
        let identity = Identity { subject: Uuid::from_u128(subject), email, role, key: None };
        let token = provider().0.issue(&identity, start(), HOUR);
        prop_assert_eq!(provider().0.read(&token).unwrap(), identity);
    }

    #[test]
    fn no_text_is_believed(text in any::<String>(), dotted in "[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,60}") {
        prop_assert!(provider().0.read(&text).is_err());
        prop_assert!(provider().0.read(&dotted).is_err());
    }

    #[test]
    fn a_token_altered_anywhere_is_not_believed(place in any::<prop::sample::Index>(), byte in b'!'..=b'~') {
        let token = provider().0.issue(&identity(), start(), HOUR);
        let mut altered = token.clone().into_bytes();
        let place = place.index(altered.len());
        prop_assume!(altered[place] != byte);
        altered[place] = byte;
        prop_assert!(provider().0.read(std::str::from_utf8(&altered).unwrap()).is_err());
    }
}
