//! Which tokens are believed.

use std::sync::atomic::Ordering;

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::instance::{Instance, NOW_S, Signer, USER, claims, identity};
use crate::auth::AuthFailure;

/// A token that nobody signed as the header says.
fn unsigned(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

#[tokio::test]
async fn tokens_by_rsa_and_by_p256_are_taken() {
    let (rsa, ec) = (Signer::rsa("ins_rsa"), Signer::ec("ins_ec"));
    let instance = Instance::of(&[&rsa, &ec]).await;
    for token in [rsa.token(&[]), ec.token(&[]), rsa.token(&[("sts", Value::Null)])] {
        assert_eq!(instance.verify(&token).await, Ok(identity()));
    }
    let bare = Header { typ: None, ..rsa.header() };
    assert_eq!(instance.verify(&rsa.sign(&bare, &claims(&[]))).await, Ok(identity()));
    assert_eq!(instance.asked(), 1);
}

#[tokio::test]
async fn the_account_decides_who_is_let_in() {
    let rsa = Signer::rsa("ins_rsa");
    let instance = Instance::of(&[&rsa]).await;
    let of = |user: &str| rsa.token(&[("sub", json!(user))]);
    assert_eq!(instance.verify(&of("user_nobody")).await, Err(AuthFailure::NotLinked));
    assert_eq!(instance.verify(&of("user_disabled")).await, Err(AuthFailure::AccountDisabled));
    // Another user: ids differ in case.
    assert_eq!(
        instance.verify(&of(&USER.replace("user_29W", "user_29w").replace('D', "d"))).await,
        Err(AuthFailure::NotLinked)
    );
}

#[tokio::test]
async fn the_algorithm_is_the_keys_and_not_the_tokens() {
    let (rsa, ec) = (Signer::rsa("ins_rsa"), Signer::ec("ins_ec"));
    let instance = Instance::of(&[&rsa, &ec]).await;
    let wrong = Err(AuthFailure::WrongAlgorithm);
    // The public key, which everybody knows, as if it were a secret: in every form that a careless verifier may hold it in.
    let pem = format!(
        "-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----\n",
        BASE64_STANDARD.encode(&rsa.public_der)
    );
    let modulus = rsa.jwk()["n"].as_str().unwrap().to_owned();
    let modulus_bytes = BASE64_URL_SAFE_NO_PAD.decode(&modulus).unwrap();
    for secret in [pem.as_bytes(), pem.trim().as_bytes(), &rsa.public_der, modulus.as_bytes(), &modulus_bytes]
    {
        let header = Header { kid: Some(rsa.kid.to_owned()), ..Header::new(Algorithm::HS256) };
        let token = jsonwebtoken::encode(&header, &claims(&[]), &EncodingKey::from_secret(secret)).unwrap();
        assert_eq!(instance.verify(&token).await, wrong);
    }
    // One key's signature under the other's name.
    let swapped = Header { kid: Some(ec.kid.to_owned()), ..rsa.header() };
    assert_eq!(instance.verify(&rsa.sign(&swapped, &claims(&[]))).await, wrong);
    let rs512 = Header { alg: Algorithm::RS512, ..rsa.header() };
    assert_eq!(instance.verify(&rsa.sign(&rs512, &claims(&[]))).await, wrong);
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = json!({"alg": alg, "typ": "JWT", "kid": rsa.kid});
        for signature in ["", "AAAA"] {
            let token = unsigned(&header, &claims(&[]), signature);
            assert!(
                matches!(
                    instance.verify(&token).await,
                    Err(AuthFailure::WrongAlgorithm | AuthFailure::Malformed)
                ),
                "{alg}"
            );
        }
    }
    assert_eq!(instance.asked(), 1);
}

#[tokio::test]
async fn who_is_not_the_instance_is_not_believed() {
    let rsa = Signer::rsa("ins_rsa");
    let instance = Instance::of(&[&rsa]).await;
    let stranger = Signer::rsa("ins_rsa");
    assert_eq!(instance.verify(&stranger.token(&[])).await, Err(AuthFailure::BadSignature));
    let good = rsa.token(&[]);
    let [head, _, signature]: [&str; 3] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let promoted = BASE64_URL_SAFE_NO_PAD.encode(claims(&[("sub", json!("user_admin"))]).to_string());
    for (token, expected) in [
        (format!("{head}.{promoted}.{signature}"), AuthFailure::BadSignature),
        (format!("{}.", good.rsplit_once('.').unwrap().0), AuthFailure::BadSignature),
        (good.rsplit_once('.').unwrap().0.to_owned(), AuthFailure::Malformed),
        (format!("{good}.{signature}"), AuthFailure::Malformed),
        (String::new(), AuthFailure::Malformed),
        ("a.b.c".to_owned(), AuthFailure::Malformed),
    ] {
        assert_eq!(instance.verify(&token).await, Err(expected), "{token}");
    }
}

#[tokio::test]
async fn keys_that_a_token_brings_along_are_never_looked_at() {
    let (rsa, attacker) = (Signer::rsa("ins_rsa"), Signer::rsa("ins_rsa"));
    let instance = Instance::of(&[&rsa]).await;
    let lure = format!("{}/elsewhere", instance.url);
    let jwk = serde_json::from_value(attacker.jwk()).unwrap();
    for header in [
        Header { jku: Some(lure.clone()), ..attacker.header() },
        Header { x5u: Some(lure.clone()), ..attacker.header() },
        Header { jwk: Some(jwk), ..attacker.header() },
    ] {
        let token = attacker.sign(&header, &claims(&[]));
        assert_eq!(instance.verify(&token).await, Err(AuthFailure::BadSignature));
    }
    let nameless = Header { kid: None, jku: Some(lure), ..attacker.header() };
    let token = attacker.sign(&nameless, &claims(&[]));
    assert_eq!(instance.verify(&token).await, Err(AuthFailure::UnknownKey));
    assert_eq!((instance.published.lured.load(Ordering::SeqCst), instance.asked()), (0, 1));
}

#[tokio::test]
async fn ids_of_keys_that_are_none_make_nobody_ask() {
    let rsa = Signer::rsa("ins_rsa");
    let instance = Instance::of(&[&rsa]).await;
    assert_eq!(instance.verify(&rsa.token(&[])).await, Ok(identity()));
    let long = "k".repeat(4 * 1024);
    for kid in ["", "../../etc/passwd", "x' OR '1'='1", "a b", "å", "ins_rsa\0", "http://evil.example", &long]
    {
        let header = Header { kid: Some(kid.to_owned()), ..rsa.header() };
        let token = rsa.sign(&header, &claims(&[]));
        assert_eq!(instance.verify(&token).await, Err(AuthFailure::UnknownKey), "{kid}");
    }
    assert_eq!(instance.asked(), 1);
}

#[tokio::test]
async fn headers_that_say_something_else_are_refused() {
    let rsa = Signer::rsa("ins_rsa");
    let instance = Instance::of(&[&rsa]).await;
    let critical = Header { crit: Some(vec!["b64".to_owned()]), ..rsa.header() };
    let other = Header { typ: Some("at+jwt".to_owned()), ..rsa.header() };
    for header in [critical, other] {
        let token = rsa.sign(&header, &claims(&[]));
        assert_eq!(instance.verify(&token).await, Err(AuthFailure::Malformed));
    }
}

#[tokio::test]
async fn claims_must_be_those_of_a_running_session_here() {
    let rsa = Signer::rsa("ins_rsa");
    let instance = Instance::of(&[&rsa]).await;
    for (name, value, expected) in [
        ("iss", json!("https://clerk.other.example"), AuthFailure::Foreign),
        ("iss", json!("https://clerk.shop.example/"), AuthFailure::Foreign),
        ("iss", json!("https://clerk.shop.example.evil.example"), AuthFailure::Foreign),
        ("iss", Value::Null, AuthFailure::Malformed),
        ("azp", Value::Null, AuthFailure::WrongParty),
        ("azp", json!("https://evil.example"), AuthFailure::WrongParty),
        ("sid", Value::Null, AuthFailure::NoSession),
        ("sts", json!("pending"), AuthFailure::SessionPending),
        ("exp", json!(NOW_S - 10), AuthFailure::Expired),
        ("exp", Value::Null, AuthFailure::Malformed),
        ("nbf", json!(NOW_S + 60), AuthFailure::NotYetValid),
        ("nbf", Value::Null, AuthFailure::Malformed),
        ("iat", json!(NOW_S + 30), AuthFailure::NotYetValid),
        ("iat", Value::Null, AuthFailure::Malformed),
        ("sub", json!("anna@krog.example"), AuthFailure::Malformed),
        ("sub", Value::Null, AuthFailure::Malformed),
    ] {
        let token = rsa.token(&[(name, value.clone())]);
        assert_eq!(instance.verify(&token).await, Err(expected), "{name}: {value}");
    }
    let token = rsa.token(&[]);
    assert_eq!(instance.verify(&token).await, Ok(identity()));
    instance.clock.advance(TimeDelta::seconds(65));
    assert_eq!(instance.verify(&token).await, Err(AuthFailure::Expired));
}

#[tokio::test]
async fn a_token_longer_than_any_is_not_read() {
    let rsa = Signer::rsa("ins_rsa");
    let instance = Instance::of(&[&rsa]).await;
    let with = |bytes: usize| rsa.token(&[("more", json!("x".repeat(bytes)))]);
    assert_eq!(instance.verify(&with(5_000)).await, Ok(identity()));
    assert_eq!(instance.verify(&with(9 * 1024)).await, Err(AuthFailure::TooLong));
}
