//! What Iris asks of Resend and Google, beside what their own SDKs ask for the same: `tests/peers`.

mod outbox;
mod recorder;

use std::collections::BTreeSet;

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use harness::peers::python;
use serde_json::{Value, json};

use self::{
    outbox::{FROM, HTML, KIND, Outbox, RESEND_KEY, SUBJECT, TEXT},
    recorder::{Recorder, Request},
};

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const KEY_ID: &str = "key-1";
const EMAIL: &str = "push@kitchen.example";

/// Exactly these headers differ, each for its reason; one that no longer does must go from the list, too.
fn assert_unlike(ours: &Request, theirs: &Request, reasons: &[(&str, &str)]) {
    assert_eq!(ours.line, theirs.line);
    let expected: BTreeSet<String> = reasons.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(ours.headers_unlike(theirs), expected, "{ours:#?} {theirs:#?}");
    assert!(ours.headers["user-agent"].starts_with("iris/"));
}

#[tokio::test]
async fn resends_own_sdk_asks_for_a_mail_as_we_do_and_its_types_take_ours() {
    let (to, unsubscribe_url) =
        ("anna@grönt.example", "https://iris.example/api/v1/unsubscribe?token=a.b-c_d");
    let outbox = Outbox::with_mail(to, unsubscribe_url).await;
    let recorder = Recorder::start().await;
    let id = outbox.send_mail(&recorder.url).await;
    let [ours] = recorder.requests().try_into().unwrap();

    let spoilt = |field: &str, value: Value| {
        let mut body = ours.json();
        body[field] = value;
        body
    };
    let bodies = [
        ours.json(),
        // The judge can tell a fault of each sort.
        spoilt("body", json!("no field of Resend's")),
        spoilt("subject", json!(1)),
        spoilt("tags", json!(["kind"])),
    ];
    let mail = json!({
        "from": FROM, "to": to, "subject": SUBJECT, "text": TEXT, "html": HTML,
        "unsubscribe_url": unsubscribe_url, "kind": KIND,
    });
    let key = format!("notif/{}", outbox.message_id);
    let asked = json!({
        "url": recorder.url, "key": RESEND_KEY, "idempotency_key": key, "mail": mail, "bodies": bodies,
    });
    let said = python("record_resend", &asked).await;
    let [theirs] = recorder.requests().try_into().unwrap();

    let reasons = [
        ("accept", "ours takes anything; Resend has nothing but JSON"),
        ("user-agent", "each says its own name"),
    ];
    assert_unlike(&ours, &theirs, &reasons);
    assert_eq!(ours.line, "POST /emails");
    assert_eq!(ours.headers["authorization"], format!("Bearer {RESEND_KEY}"));
    assert_eq!(ours.headers["idempotency-key"], key);
    assert_eq!(ours.headers["content-type"], "application/json");
    // Field by field, and no field that only one of them has.
    assert_eq!(ours.json(), theirs.json());
    assert_eq!(said["id"].as_str(), id.as_deref(), "both read the same out of the answer");
    let faults = said["faults"].as_array().unwrap();
    assert_eq!(faults[0], json!([]), "{:#}", ours.json());
    assert_eq!(faults.len(), bodies.len());
    assert!(faults[1..].iter().all(|found| *found != json!([])), "{faults:?}");
}

#[tokio::test]
async fn google_auth_and_firebase_admin_ask_for_a_token_and_a_push_as_we_do() {
    let device = "a registration token:APA91b_-";
    let outbox = Outbox::with_push(device).await;
    let recorder = Recorder::start().await;
    let (account, public_key) = service_account(&recorder.url);
    outbox.send_push(&recorder.url, &account).await;
    let [our_exchange, our_push] = recorder.requests().try_into().unwrap();

    let push = json!({
        "token": device, "title": SUBJECT, "text": TEXT, "replaces": outbox.notification_id,
        "data": {
            "notification_id": outbox.notification_id, "kind": KIND,
            "subject_kind": "order", "subject_id": outbox.subject_id,
        },
    });
    let asked = json!({"url": recorder.url, "account": account, "scope": SCOPE, "push": push});
    let said = python("record_fcm", &asked).await;
    assert_eq!(said, json!({"token": "access-1", "name": "projects/kitchen/messages/1"}));
    let [by_google_auth, by_firebase, their_push] = recorder.requests().try_into().unwrap();

    assert_pushes_alike(&our_push, &their_push);
    let exchanges = [our_exchange, by_google_auth, by_firebase];
    assert_exchanges_alike(&exchanges, &public_key).await;
}

fn assert_pushes_alike(ours: &Request, theirs: &Request) {
    let reasons = [
        ("user-agent", "each says its own name"),
        ("x-firebase-client", "the SDK counts its users by it; we are none"),
        ("x-goog-api-client", "the same, of google-auth"),
    ];
    assert_unlike(ours, theirs, &reasons);
    assert_eq!(ours.line, "POST /v1/projects/kitchen/messages:send");
    assert_eq!(ours.headers["authorization"], "Bearer access-1");
    assert_eq!(ours.headers["content-type"], "application/json");
    // Without it, errors come without the details from which we read whether a device is gone.
    assert_eq!(ours.headers["x-goog-api-format-version"], "2");
    // Field by field, and no field that only one of them has.
    assert_eq!(ours.json(), theirs.json());
}

/// Ours, that of google-auth for the same scope, and the one that firebase-admin makes for itself.
async fn assert_exchanges_alike(exchanges: &[Request; 3], public_key: &str) {
    let [ours, by_google_auth, by_firebase] = exchanges;
    let reasons = [
        ("user-agent", "each says its own name"),
        ("x-goog-api-client", "google-auth counts its users by it; we are none"),
    ];
    for theirs in [by_google_auth, by_firebase] {
        assert_unlike(ours, theirs, &reasons);
        assert!(ours.form().keys().eq(theirs.form().keys()));
        assert_eq!(ours.form()["grant_type"], theirs.form()["grant_type"]);
    }
    assert_eq!(ours.line, "POST /token");
    assert_eq!(ours.headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(ours.form()["grant_type"], GRANT);

    let assertions = exchanges.each_ref().map(|exchange| exchange.form()["assertion"].clone());
    let [ours, by_google_auth, by_firebase] = verdicts(&assertions, public_key).await.try_into().unwrap();
    assert_eq!(ours["header"], by_google_auth["header"]);
    assert_eq!(timeless(&ours), timeless(&by_google_auth));
    // It asks for all that Firebase has. We only push, and what we hold should not be good for more.
    let scopes = by_firebase["claims"]["scope"].as_str().unwrap();
    assert_ne!(scopes, SCOPE);
    let mut narrowed = by_firebase.clone();
    narrowed["claims"]["scope"] = SCOPE.into();
    assert_eq!(timeless(&ours), timeless(&narrowed));
}

#[tokio::test]
async fn google_auth_verifies_our_assertion_and_refuses_what_was_tampered_with() {
    let outbox = Outbox::with_push("device").await;
    let recorder = Recorder::start().await;
    let (account, public_key) = service_account(&recorder.url);
    outbox.send_push(&recorder.url, &account).await;
    let exchange = recorder.requests().remove(0);
    let assertion = exchange.form()["assertion"].clone();

    let verdict = verdicts(std::slice::from_ref(&assertion), &public_key).await.remove(0);
    assert_eq!(verdict["verdict"], "verified");
    assert_eq!(verdict["header"], json!({"alg": "RS256", "kid": KEY_ID, "typ": "JWT"}));
    let claims = &verdict["claims"];
    let (issued, expires) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
    let expected = json!({"iss": EMAIL, "scope": SCOPE, "aud": AUDIENCE, "iat": issued, "exp": expires});
    assert_eq!(*claims, expected);
    // The longest that Google takes. That it was issued just now and has not lapsed, google-auth has judged.
    assert_eq!(expires - issued, 3600);

    let (head, signature) = assertion.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let other_claims = URL_SAFE_NO_PAD.encode(claims.to_string().replace(EMAIL, "other@kitchen.example"));
    let spoilt = [format!("{header}.{other_claims}.{signature}"), head.to_owned()];
    let [tampered, unsigned] = verdicts(&spoilt, &public_key).await.try_into().unwrap();
    let (_, other_key) = service_account(&recorder.url);
    let by_another = verdicts(&[assertion], &other_key).await.remove(0);
    for (verdict, expected) in [
        (tampered, "Could not verify token signature"),
        (unsigned, "Wrong number of segments"),
        (by_another, "Could not verify token signature"),
    ] {
        assert!(verdict["verdict"].as_str().unwrap().contains(expected), "{verdict}");
    }
}

/// What google-auth says of each.
async fn verdicts(assertions: &[String], public_key: &str) -> Vec<Value> {
    let asked = json!({"assertions": assertions, "keys": {KEY_ID: public_key}, "audience": AUDIENCE});
    let said = python("verify_google_assertion", &asked).await;
    let verdicts = said.as_array().unwrap().clone();
    assert_eq!(verdicts.len(), assertions.len());
    verdicts
}

/// A verified assertion's claims, the times as what lies between them.
fn timeless(verdict: &Value) -> Value {
    assert_eq!(verdict["verdict"], "verified");
    let mut claims = verdict["claims"].clone();
    claims["exp"] = (claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()).into();
    claims.as_object_mut().unwrap().remove("iat");
    claims
}

/// A service account as the console gives one out, whose tokens come from `url`; and its public key.
fn service_account(url: &str) -> (Value, String) {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let account = json!({
        "type": "service_account", "project_id": "kitchen", "private_key_id": KEY_ID,
        "private_key": pem("PRIVATE KEY", private.as_ref()), "client_email": EMAIL,
        "token_uri": format!("{url}/token"),
    });
    (account, pem("PUBLIC KEY", public.as_ref()))
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}
