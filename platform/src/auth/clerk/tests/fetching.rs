//! Where keys come from, when, and what happens while they do not.

use std::{sync::atomic::Ordering, time::Duration};

use futures::future::join_all;
use jsonwebtoken::Header;
use serde_json::json;

use super::instance::{Instance, Publishing, Signer, claims, identity, keys, quick};
use crate::auth::{AuthFailure, KeyTiming};

#[tokio::test]
async fn a_new_key_is_asked_for_and_one_that_is_withdrawn_is_believed_no_more() {
    let (old, new) = (Signer::rsa("ins_1"), Signer::rsa("ins_2"));
    let instance = Instance::of(&[&old]).await;
    assert_eq!(instance.verify(&old.token(&[])).await, Ok(identity()));
    instance.publish(keys(&[&new]));
    assert_eq!(instance.verify(&new.token(&[])).await, Ok(identity()));
    assert_eq!(instance.verify(&old.token(&[])).await, Err(AuthFailure::UnknownKey));
    assert_eq!(instance.asked(), 2);
}

#[tokio::test]
async fn keys_are_refreshed_without_anybody_asking() {
    let (old, new) = (Signer::rsa("ins_1"), Signer::rsa("ins_2"));
    let timing = KeyTiming {
        refresh_every: Duration::from_millis(20),
        // A request causes one fetch, and no other ever.
        demand_gap: Duration::MAX,
        ..KeyTiming::default()
    };
    let instance = Instance::start(keys(&[&old]), timing).await;
    instance.comes_to_take(&old.token(&[])).await;
    assert_eq!(instance.verify(&new.token(&[])).await, Err(AuthFailure::UnknownKey));
    instance.publish(keys(&[&new]));
    instance.comes_to_take(&new.token(&[])).await;
}

#[tokio::test]
async fn a_thousand_made_up_key_ids_cause_one_fetch() {
    let ec = Signer::ec("ins_ec");
    let instance = Instance::of(&[&ec]).await;
    assert_eq!(instance.verify(&ec.token(&[])).await, Ok(identity()));
    let made_up = |n: usize| Header { kid: Some(format!("ins_{n}")), ..ec.header() };
    let tokens: Vec<String> = (0..1_000).map(|n| ec.sign(&made_up(n), &claims(&[]))).collect();
    let verdicts = join_all(tokens.iter().map(|token| instance.verify(token))).await;
    assert!(verdicts.iter().all(|verdict| *verdict == Err(AuthFailure::UnknownKey)));
    // And again, now that it is over.
    assert_eq!(instance.verify(&tokens[0]).await, Err(AuthFailure::UnknownKey));
    assert_eq!(instance.asked(), 2, "the first one, and one for all of them");
    assert_eq!(instance.verify(&ec.token(&[])).await, Ok(identity()));
}

#[tokio::test]
async fn the_last_good_keys_stay_while_there_are_no_better_ones() {
    let (rsa, new) = (Signer::rsa("ins_rsa"), Signer::rsa("ins_new"));
    for bad in bad_answers() {
        let timing = KeyTiming { demand_gap: Duration::ZERO, ..quick_to_give_up() };
        let instance = Instance::start(keys(&[&rsa]), timing).await;
        instance.comes_to_take(&rsa.token(&[])).await;
        instance.publish(bad);
        assert_eq!(instance.verify(&new.token(&[])).await, Err(AuthFailure::UnknownKey));
        assert_eq!(instance.verify(&rsa.token(&[])).await, Ok(identity()));
        instance.publish(keys(&[&new]));
        instance.comes_to_take(&new.token(&[])).await;
        assert_eq!(instance.published.lured.load(Ordering::SeqCst), 0, "a redirect is not followed");
    }
}

#[tokio::test]
async fn without_any_keys_it_is_said_that_they_are_missing_until_they_come() {
    let rsa = Signer::rsa("ins_rsa");
    for bad in bad_answers() {
        let instance = Instance::start(bad, quick_to_give_up()).await;
        assert_eq!(instance.verify(&rsa.token(&[])).await, Err(AuthFailure::ProviderUnavailable));
        instance.publish(keys(&[&rsa]));
        instance.comes_to_take(&rsa.token(&[])).await;
        assert_eq!(instance.published.lured.load(Ordering::SeqCst), 0, "a redirect is not followed");
    }
}

#[tokio::test]
async fn nobody_waits_for_an_answer_that_does_not_come() {
    let (rsa, new) = (Signer::rsa("ins_rsa"), Signer::rsa("ins_new"));
    // The fetch itself waits for as long as in production, which no test would see the end of.
    let timing =
        KeyTiming { wait_max: Duration::from_millis(20), fetch_max: Duration::from_hours(1), ..quick() };
    let instance = Instance::start(Publishing::Silence, timing).await;
    assert_eq!(instance.verify(&rsa.token(&[])).await, Err(AuthFailure::ProviderUnavailable));
    drop(instance);

    let instance = Instance::start(keys(&[&rsa]), timing).await;
    instance.comes_to_take(&rsa.token(&[])).await;
    instance.publish(Publishing::Silence);
    assert_eq!(instance.verify(&new.token(&[])).await, Err(AuthFailure::UnknownKey));
    // Under way all the while, and in nobody's way.
    assert_eq!(instance.verify(&rsa.token(&[])).await, Ok(identity()));
}

/// An answer that does not end is given up soon.
fn quick_to_give_up() -> KeyTiming {
    KeyTiming { fetch_max: Duration::from_secs(1), ..quick() }
}

fn bad_answers() -> Vec<Publishing> {
    let key = Signer::rsa("ins_other").jwk();
    let with = |member: &str, value| {
        let mut key = key.clone();
        key[member] = value;
        key
    };
    let many = (0..1_000).map(|n| with("kid", json!(format!("ins_{n}")))).collect();
    // 128 bytes in base64url.
    let short = with("n", json!("_".repeat(171)));
    vec![
        Publishing::Status(500),
        Publishing::Status(404),
        Publishing::Status(204),
        Publishing::Redirect,
        Publishing::Text("<html>down for maintenance</html>".to_owned()),
        Publishing::Text(String::new()),
        Publishing::Text(" ".repeat(10 * 1024 * 1024)),
        Publishing::Endless,
        Publishing::Silence,
        Publishing::Keys(vec![]),
        Publishing::Keys(many),
        Publishing::Keys(vec![short]),
    ]
}
