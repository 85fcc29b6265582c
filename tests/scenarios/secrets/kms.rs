//! AWS KMS: moto, which checks signatures, and botocore, which makes them.

use std::sync::Arc;

use harness::peers::{Peer, python, python_server};
use platform::{
    clock::{FixedClock, SystemClock},
    config::AwsKmsSettings,
    secrets::{
        AwsKms, KeyContext, KeyProvider as _, ProviderError, Purpose,
        sigv4::{Credentials, Request, sign},
    },
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use uuid::Uuid;

const CONTEXT: KeyContext = KeyContext { data_key_id: Uuid::from_u128(7), purpose: Purpose::Seal };

fn settings(peer: &Peer) -> AwsKmsSettings {
    let said = |name: &str| peer.said[name].as_str().unwrap().to_owned();
    AwsKmsSettings {
        key_id: said("key_id"),
        region: said("region"),
        endpoint: Some(said("url")),
        credentials: Credentials {
            access_key_id: said("access_key_id"),
            secret_access_key: said("secret_access_key").into(),
            session_token: None,
        },
    }
}

fn kms(settings: &AwsKmsSettings) -> AwsKms {
    AwsKms::try_new(settings, Arc::new(SystemClock)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn moto_wraps_and_unwraps_for_our_signature_and_that_context_alone() {
    let peer = python_server("serve_kms").await;
    let right = settings(&peer);
    let ours = kms(&right);
    let key = vec![5; 32].into();
    let wrapped = ours.wrap(&key, CONTEXT).await.unwrap();
    assert_eq!(
        wrapped.key_id,
        peer.said["key_arn"].as_str().unwrap(),
        "its full name, whatever was asked for"
    );
    assert_eq!(ours.unwrap(&wrapped, CONTEXT).await.unwrap().expose_secret(), [5; 32]);
    assert_eq!(ours.current_key_id().await.unwrap(), wrapped.key_id);

    for context in [
        KeyContext { data_key_id: Uuid::from_u128(8), ..CONTEXT },
        KeyContext { purpose: Purpose::Root, ..CONTEXT },
    ] {
        let moved = ours.unwrap(&wrapped, context).await.unwrap_err();
        assert!(matches!(moved, ProviderError::Altered { .. }), "{moved}");
    }
    let refused = async |settings: &AwsKmsSettings| kms(settings).wrap(&key, CONTEXT).await.unwrap_err();
    let mut wrong = right.clone();
    wrong.credentials.secret_access_key = "hunter2hunter2".into();
    let said = refused(&wrong).await;
    assert!(!said.may_pass() && said.to_string().contains("SignatureDoesNotMatch"), "{said}");
    let mut unknown = right.clone();
    unknown.credentials.access_key_id = "AKIAUNKNOWN".to_owned();
    let said = refused(&unknown).await;
    assert!(matches!(said, ProviderError::Refused { .. }), "{said}");
    let mut elsewhere = right.clone();
    elsewhere.key_id = Uuid::from_u128(9).to_string();
    let said = refused(&elsewhere).await;
    assert!(
        matches!(&said, ProviderError::Refused { reason, .. } if reason.contains("NotFoundException")),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn botocore_signs_every_request_as_we_do() {
    let bodies =
        ["{}", r#"{"KeyId":"alias/iris","Plaintext":"BQUF","EncryptionContext":{"iris:purpose":"åäö"}}"#];
    let places = [
        ("https://kms.eu-north-1.amazonaws.com/", "kms.eu-north-1.amazonaws.com", "eu-north-1"),
        ("http://127.0.0.1:5000/", "127.0.0.1:5000", "us-east-1"),
    ];
    let moments = [0, 951_782_400, 1_795_000_000];
    let tokens = [None, Some("FwoGZXIvYXdzEBYaDH+/==")];
    let (mut asked, mut ours) = (Vec::new(), Vec::new());
    for (body, place, moment, token) in combinations(&bodies, &places, &moments, &tokens) {
        let at = chrono::DateTime::from_timestamp(moment, 0).unwrap();
        let clock = FixedClock::new(at);
        let target = if body.len() > 2 { "TrentService.Encrypt" } else { "TrentService.ListKeys" };
        let (url, host, region) = place;
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session_token: token.map(Into::into),
        };
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        let request = Request { host, headers: &headers, body: body.as_bytes() };
        let signed = sign(&credentials, (region, "kms"), platform::clock::Clock::now(&clock), &request);
        ours.push(json!({
            "authorization": signed.authorization.expose_secret(),
            "x-amz-date": signed.date,
            "x-amz-security-token": signed.security_token.as_ref().map(ExposeSecret::expose_secret),
        }));
        asked.push(json!({
            "url": url, "headers": {"Content-Type": headers[0].1, "X-Amz-Target": target}, "body": body,
            "at": at.to_rfc3339(), "region": region, "service": "kms", "access_key_id": "AKIDEXAMPLE",
            "secret_access_key": credentials.secret_access_key.expose_secret(), "session_token": token,
        }));
    }
    assert_eq!(asked.len(), 24);
    assert_eq!(python("sign_aws", &Value::from(asked)).await, Value::from(ours));
}

/// Every combination.
fn combinations<'a, A: Copy, B: Copy, C: Copy, D: Copy>(
    first: &'a [A],
    second: &'a [B],
    third: &'a [C],
    fourth: &'a [D],
) -> impl Iterator<Item = (A, B, C, D)> {
    first.iter().flat_map(move |a| {
        second
            .iter()
            .flat_map(move |b| third.iter().flat_map(move |c| fourth.iter().map(move |d| (*a, *b, *c, *d))))
    })
}
